#include "testing/builders.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"

namespace gennaker::testing {

json::object object(std::string_view text) {
  return base::parse_json_object(text, "the test's JSON");
}

model::Instance instance(const std::string& id, model::HealthState state) {
  model::Instance made;
  made.id = id;
  made.zone = "here-a";
  made.state = state;
  made.health = {{.type = "LoadBalancer", .state = state, .description = "", .platform = false}};
  return made;
}

model::ServerGroup server_group(const std::string& name, const GroupShape& shape) {
  model::ServerGroup group;
  group.name = name;
  group.account = shape.account;
  group.provider = "simulated";
  group.region = shape.region;
  group.moniker = clusters::parse_name(name);
  group.disabled = shape.disabled;
  group.created_time = base::from_millis(shape.created_ms);
  group.image_id = shape.image_id;
  group.image_name = shape.image_id;
  const auto serving = shape.disabled ? model::HealthState::out_of_service : model::HealthState::up;
  for (int i = 0; i < shape.up + shape.down; ++i) {
    const auto state = i < shape.up ? serving : model::HealthState::down;
    group.instances.push_back(instance(fmt::format("{}-{}", name, i), state));
  }
  const int size = shape.up + shape.down;
  group.capacity = {.min = size, .max = size, .desired = size};
  return group;
}

model::Stage stage(const StageShape& shape) {
  model::Stage made;
  made.id = "stage-" + shape.ref_id;
  made.ref_id = shape.ref_id;
  made.type = shape.type;
  made.name = shape.type;
  made.context = object(shape.context);
  made.outputs = object(shape.outputs);
  made.requisites = shape.requires_stages;
  return made;
}

model::Execution execution(const std::vector<StageShape>& stages) {
  model::Execution made;
  made.id = "execution-1";
  made.root_id = made.id;
  made.application = "shop";
  made.name = "test";
  made.status = model::Status::running;
  made.start_time = base::from_millis(0);
  for (const StageShape& shape : stages) {
    made.stages.push_back(stage(shape));
    made.stages.back().ordinal = static_cast<std::int32_t>(made.stages.size());
  }
  return made;
}

}  // namespace gennaker::testing
