#include "random_pipelines.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "configs.h"

namespace gennaker::simulation {
namespace {

constexpr std::string_view region = "here";

}  // namespace

rehearsal::AccountState SceneMaker::make_account() {
  rehearsal::AccountState state{
      .account = {
          .name = "local", .provider = "local", .environment = "test", .regions = {std::string(region)}}};
  if (variety_ == Variety::all) state.account.capabilities = model::all_capabilities();
  for (const std::string_view cluster : {"shop-a", "shop-b", "shop-c"}) {
    const int groups = below(4);
    for (int number = 1; number <= groups; ++number) {
      model::ServerGroup group;
      group.name = clusters::server_group_name(std::string(cluster), number);
      group.account = "local";
      group.provider = "local";
      group.region = region;
      group.moniker = clusters::parse_name(group.name);
      group.created_time = base::from_millis(1'000 * number);
      group.disabled = chance(30);
      group.image_id = fmt::format("image-{}", 1 + below(3));
      group.image_name = "shop";
      const int size = 1 + below(3);
      group.capacity = {.min = size, .max = size, .desired = size};
      for (int i = 0; i < size; ++i) {
        model::Instance instance;
        instance.id = fmt::format("{}-{}", group.name, i);
        instance.state = chance(10) ? model::HealthState::down : model::HealthState::up;
        group.instances.push_back(std::move(instance));
      }
      state.holds.server_groups.push_back(std::move(group));
    }
  }
  for (int i = 1; i <= 3; ++i) {
    state.holds.images.push_back({.id = fmt::format("image-{}", i),
                                  .name = "shop",
                                  .account = "local",
                                  .region = std::string(region),
                                  .version = std::to_string(i),
                                  .created_time = base::from_millis(i)});
  }
  state.holds.load_balancers.push_back(
      {.name = "shop-front", .account = "local", .provider = "local", .region = std::string(region)});
  return state;
}

json::object SceneMaker::on_cluster(std::string_view type, const std::string& cluster) {
  return {{"type", type},
          {"cloudProvider", "local"},
          {"credentials", "local"},
          {"cluster", cluster},
          {"regions", list_of(region)},
          {"moniker", json::object{{"app", "shop"}, {"cluster", cluster}}}};
}

json::object SceneMaker::on_server_group(std::string_view type, const std::string& cluster) {
  json::object stage = on_cluster(type, cluster);
  stage["target"] = one_of({"current_asg_dynamic", "ancestor_asg_dynamic", "oldest_asg_dynamic"});
  return stage;
}

json::object SceneMaker::make_bake(const std::string& name) {
  return {{"type", "bake"},
          {"name", name},
          {"account", "local"},
          {"cloudProvider", "local"},
          {"region", region},
          {"imageName", "shop"},
          {"version", chance(50) ? "${parameters.version}" : "9"},
          {"source", "/src"}};
}

json::object SceneMaker::make_deploy(const std::string& cluster, const std::vector<std::string>& before) {
  json::object description{
      {"cloudProvider", "local"},   {"account", "local"},
      {"region", region},           {"application", "shop"},
      {"stack", cluster.substr(5)}, {"strategy", one_of({"", "none", "highlander", "redblack"})}};
  const int size = 1 + below(3);
  description["capacity"] = {{"min", size},
                             {"max", size},
                             {"desired", chance(30) ? json::value("${parameters.size}") : json::value(size)}};
  if (chance(40)) description["loadBalancers"] = list_of("shop-front");
  if (chance(20)) description["maxRemainingAsgs"] = 1 + below(3);
  if (chance(20)) description["scaleDown"] = true;
  description["imageId"] = one_of({"image-1", "image-2", "${parameters.image}", "image-none"});
  for (const std::string& name : before) {
    if (name.starts_with("Bake") && chance(60))
      description["imageId"] = fmt::format("${{#stage('{}').outputs.imageId}}", name);
    if (name.starts_with("Call") && chance(60))
      description["imageId"] = fmt::format("${{#stage('{}').context.webhook.body.image}}", name);
    if (name.starts_with("Ask") && chance(20))
      description["freeFormDetails"] = fmt::format("${{#judgment('{}')}}", name);
  }
  if (variety_ == Variety::all) vary_deployment(description);
  return {{"type", "deploy"}, {"clusters", json::array{std::move(description)}}};
}

json::object SceneMaker::make_condition(const std::vector<std::string>& before) {
  std::string expression = one_of({"parameters.size == 2", "parameters.env == 'prod'", "true", "1 > 2"});
  for (const std::string& name : before) {
    if (name.starts_with("Call") && chance(30))
      expression = fmt::format("#stage('{}').context.webhook.body.go == true", name);
  }
  return {{"type", "expression"}, {"expression", expression}};
}

json::object SceneMaker::make_stage(const std::string& cluster, const std::vector<std::string>& before,
                                    int depth) {
  const int number = ++names_;
  if (variety_ == Variety::all && chance(40)) return make_another_stage(cluster);
  switch (below(depth > 0 ? 20 : 19)) {
    case 0:
      return {{"type", "wait"}, {"waitTime", one_of({0, 30, 86'400})}};
    case 1:
      return {{"type", "wait"}, {"waitTime", "${parameters.size * 60}"}};
    case 2:
      return {{"type", "manualJudgment"}, {"name", fmt::format("Ask {}", number)}};
    case 3:
    case 17:
      return {{"type", "webhook"},
              {"name", fmt::format("Call {}", number)},
              {"url", "https://service.example.com/${parameters.env}"}};
    case 4:
      return {
          {"type", "evaluateVariables"},
          {"variables", json::array{json::object{{"key", "doubled"}, {"value", "${parameters.size * 2}"}}}}};
    case 5:
      return {{"type", "checkPreconditions"},
              {"preconditions",
               json::array{json::object{
                   {"type", "expression"},
                   {"failPipeline", true},
                   {"context", json::object{{"expression", one_of({"parameters.size > 0", "true",
                                                                   "parameters.env == 'prod'"})}}}}}}};
    case 6:
    case 16:
      return make_bake(fmt::format("Bake {}", number));
    case 7: {
      json::object stage = on_server_group("resizeServerGroup", cluster);
      const int size = below(5);
      stage["action"] = "scale_exact";
      stage["capacity"] = {{"min", size}, {"max", size}, {"desired", size}};
      return stage;
    }
    case 8: {
      json::object stage = on_server_group("resizeServerGroup", cluster);
      stage["action"] = one_of({"scale_up", "scale_down"});
      stage["scaleNum"] = 1 + below(2);
      return stage;
    }
    case 9:
      return on_server_group("disableServerGroup", cluster);
    case 10:
      return on_server_group("enableServerGroup", cluster);
    case 11:
      return on_server_group("destroyServerGroup", cluster);
    case 12: {
      json::object stage = on_cluster("shrinkCluster", cluster);
      stage["shrinkToSize"] = 1 + below(2);
      stage["allowDeleteActive"] = chance(50);
      return stage;
    }
    case 13: {
      json::object stage = on_cluster("scaleDownCluster", cluster);
      stage["remainingFullSizeServerGroups"] = 1;
      return stage;
    }
    case 14: {
      json::object stage = on_cluster("disableCluster", cluster);
      stage["remainingEnabledServerGroups"] = 1;
      return stage;
    }
    case 15:
      return {{"type", "upsertLoadBalancer"},
              {"cloudProvider", "local"},
              {"credentials", "local"},
              {"region", region},
              {"loadBalancerName", fmt::format("{}-lb", cluster)},
              {"port", 9'000 + below(3)}};
    case 19: {
      const std::string name = fmt::format("Child {}", number);
      json::object child{{"application", "shop"}, {"name", name}, {"id", name}};
      child["parameterConfig"] = json::array{json::object{{"name", "version"}, {"default", "1"}},
                                             json::object{{"name", "size"}, {"default", 2}},
                                             json::object{{"name", "env"}, {"default", "test"}},
                                             json::object{{"name", "image"}, {"default", "image-1"}}};
      in_child_ = true;
      child["stages"] = make_stages(true, depth - 1);
      in_child_ = false;
      saved_.push_back(std::move(child));
      return {{"type", "pipeline"},
              {"application", "shop"},
              {"pipeline", name},
              {"pipelineParameters", json::object{{"size", "${parameters.size}"}, {"env", "prod"}}}};
    }
    default:
      return make_deploy(cluster, before);
  }
}

void SceneMaker::add_options(json::object& stage, const std::vector<std::string>& before) {
  if (chance(12)) stage["stageEnabled"] = make_condition(before);
  if (chance(20)) {
    stage["failPipeline"] = false;
    stage["continuePipeline"] = chance(70);
  }
  // Not in a child: whether it ends before its parent's patience depends on how long people take.
  if (!in_child_ && chance(4)) {
    stage["restrictExecutionDuringTimeWindow"] = true;
    stage["restrictedExecutionWindow"] = {
        {"whitelist",
         json::array{json::object{{"startHour", 3}, {"startMin", 0}, {"endHour", 5}, {"endMin", 0}}}}};
  }
}

json::array SceneMaker::make_stages(bool chain, int depth) {
  json::array stages;
  std::map<std::string, std::string> last_of;  // by cluster: who touched it, and so what comes next waits for
  const int count = 1 + below(7);
  std::vector<std::string> before;
  for (int i = 0; i < count; ++i) {
    const std::string cluster = one_of({"shop-a", "shop-b", "shop-c"});
    json::object stage = make_stage(cluster, chain ? before : std::vector<std::string>{}, depth);
    add_options(stage, chain ? before : std::vector<std::string>{});
    const std::string ref = std::to_string(i + 1);
    stage["refId"] = ref;
    json::array requires_stages;
    const std::string& last = chain ? (i == 0 ? "" : std::to_string(i)) : last_of[cluster];
    if (!last.empty()) requires_stages.push_back(json::value(last));
    stage["requisiteStageRefIds"] = std::move(requires_stages);
    if (const std::string name = base::string_or(stage, "name", ""); !name.empty()) before.push_back(name);
    last_of[cluster] = ref;
    stages.push_back(std::move(stage));
  }
  return stages;
}

Scene SceneMaker::make() {
  Scene scene;
  scene.accounts.push_back(make_account());
  scene.chain = chance(70);
  scene.config = {{"application", "shop"}, {"name", "Main"}, {"id", "main"}};
  scene.config["stages"] = make_stages(scene.chain, scene.chain ? 1 : 0);
  scene.saved = std::move(saved_);
  scene.parameters = {{"version", "7"},
                      {"size", 1 + below(3)},
                      {"env", one_of({"prod", "test"})},
                      {"image", one_of({"image-1", "image-3"})}};
  return scene;
}

std::chrono::milliseconds Reality::some_time() {
  return std::chrono::milliseconds(random_.next() % 7'200'000);
}

std::optional<runner::TaskResult> Reality::instead_of(const runner::TaskContext& context,
                                                      const runner::Task&) {
  const std::string id = context.execution().id, stage_id = context.stage().id;
  if (context.task().implementation != "waitForJudgment" || !judged_.insert(stage_id).second)
    return std::nullopt;
  const std::string input = random_.next() % 2 == 0 ? "blue" : "green";
  world_->after(some_time(), [world = world_, id, stage_id, input] {
    world->tell(
        id, engine::PatchStage{stage_id, {{"judgmentStatus", "continue"}, {"judgmentInput", input}}, "bob"});
  });
  return std::nullopt;
}

rehearsal::Outside::CallAnswer Reality::on_call(const net::ClientRequest&) {
  const json::object body{{"image", fmt::format("image-{}", 1 + random_.next() % 3)},
                          {"go", random_.next() % 2 == 0},
                          {"seconds", random_.next() % 100}};
  return {.after = some_time() / 1'000, .response = {.status = 200, .body = base::to_text(body)}};
}

}  // namespace gennaker::simulation
