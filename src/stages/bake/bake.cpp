#include "stages/bake/bake.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/operations.h"
#include "stages/fields.h"
#include "stages/images.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

/// What every bakery understands. All else is the provider's.
constexpr std::string_view neutral_fields[] = {"account",
                                               "accountName",
                                               "credentials",
                                               "cloudProvider",
                                               "cloudProviderType",
                                               "region",
                                               "regions",
                                               "namespace",
                                               "namespaces",
                                               "zones",
                                               "availabilityZones",
                                               "package",
                                               "imageName",
                                               "version",
                                               "user",
                                               "reason",
                                               "skipRegionDetection",
                                               "status",
                                               "ami",
                                               "imageId",
                                               "bakePackageName",
                                               "artifacts"};

std::string name_of(const json::object& context) {
  const std::string name = base::string_or(context, "imageName", "");
  if (!name.empty()) return name;
  const auto packages = base::string_or(context, "package", "");
  return packages.substr(0, packages.find(' '));
}

bool is_child(const engine::StageView& stage) {
  const model::Stage* parent = stage.execution().find_stage(stage.stage().parent_id);
  return parent != nullptr && parent->type == "bake";
}

class BakeStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "bake"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (is_child(stage)) return engine::run_in_order({"createBake"});
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (name_of(context).empty()) return engine::refuse("package", "the name of what to bake is needed");
    const auto regions = image_regions(stage.execution(), stage.stage());
    if (regions.empty()) {
      return engine::refuse("regions", "at least one region is needed, here or in a later deploy stage");
    }
    engine::Plan plan = engine::run_in_order({"completeParallelBake"});
    for (const std::string& region : regions) {
      json::object child = inherited(context);
      for (const std::string_view key :
           {"regions", "namespace", "namespaces", "zones", "availabilityZones"}) {
        child.erase(key);
      }
      // An expression sees an older run's image otherwise.
      for (const std::string_view key : {"ami", "imageId", "artifacts", "status"}) child.erase(key);
      child["region"] = region;
      plan.before.push_back(
          {.type = "bake", .name = fmt::format("Bake in {}", region), .context = std::move(child)});
    }
    return plan;
  }

  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class CreateBake final : public runner::Task {
 public:
  explicit CreateBake(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own);
    infrastructure_.clouds.account(account);  // refuses an unknown one, with the nearest name
    json::object settings;
    for (const auto& member : own) {
      const bool neutral = std::find(std::begin(neutral_fields), std::end(neutral_fields), member.key()) !=
                           std::end(neutral_fields);
      if (!neutral && !is_bookkeeping(member.key())) settings.emplace(member.key(), member.value());
    }
    const auto* version = base::find(own, "version");
    const bool has_version = version != nullptr && !version->is_null();
    co_return runner::operate(
        clusters::bake(context.key(clusters::bake_kind), account, locations_of(own).front(), name_of(own),
                       has_version ? base::plain_text(*version) : "", std::move(settings)));
  }

  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) override {
    const json::object& own = context.stage().context;
    const auto& account = infrastructure_.clouds.account(account_of(own));
    const auto* version = base::find(own, "version");
    model::Image image;
    image.id = base::string_or(answer, "imageId", "");
    image.name = base::string_or(answer, "imageName", "");
    image.region = base::string_or(answer, "region", locations_of(own).front());
    image.version = base::string_or(
        answer, "version", version != nullptr && !version->is_null() ? base::plain_text(*version) : "");
    json::object outputs = image_outputs({image_details(context.stage(), image, account.provider)},
                                         {image_artifact(image, account.provider)});
    outputs["status"] = "COMPLETED";
    outputs["bakePackageName"] = name_of(own);
    outputs["previouslyBaked"] = base::bool_or(answer, "previouslyBaked", false);
    json::object results = operation_results(context, clusters::bake_kind, account.name,
                                             context.key(clusters::bake_kind), answer);
    base::merge_into(results, outputs);
    return runner::succeeded(std::move(results), std::move(outputs));
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  const Infrastructure infrastructure_;
};

class CompleteBake final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    json::array details, artifacts;
    for (const model::Stage& child : context.execution().stages) {
      if (child.parent_id != context.stage().id) continue;
      if (const auto* list = base::find_array(child.outputs, "amiDetails")) {
        details.insert(details.end(), list->begin(), list->end());
      }
      if (const auto* list = base::find_array(child.outputs, "artifacts")) {
        artifacts.insert(artifacts.end(), list->begin(), list->end());
      }
    }
    json::object outputs = image_outputs(std::move(details), std::move(artifacts));
    outputs["status"] = "COMPLETED";
    co_return runner::succeeded(outputs, outputs);
  }
};

}  // namespace

void add_bake(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<BakeStage>());
  catalogs.tasks.add("createBake", std::make_unique<CreateBake>(infrastructure));
  catalogs.tasks.add("completeParallelBake", std::make_unique<CompleteBake>());
}

}  // namespace gennaker::stages
