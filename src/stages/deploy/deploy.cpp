#include "stages/deploy/deploy.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "stages/cluster_description.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

struct Found {
  json::object description;
  std::string field;  ///< where it stands: "clusters[0].", "cluster.", ""
};

/// `clusters`, or one `cluster`, or the description flat in the stage.
std::vector<Found> descriptions_in(const json::object& context, std::optional<FieldProblem>& problem) {
  std::vector<Found> found;
  if (const auto* list = base::find(context, "clusters"); list != nullptr && !list->is_null()) {
    if (!list->is_array()) {
      problem = FieldProblem{"clusters", "a list of cluster descriptions is needed"};
      return found;
    }
    for (const auto& entry : list->get_array()) {
      const std::string field = fmt::format("clusters[{}]", found.size());
      if (!entry.is_object()) {
        problem = FieldProblem{field, "an object is needed"};
        return found;
      }
      found.push_back({entry.get_object(), field + "."});
    }
    return found;
  }
  if (const auto* one = base::find_object(context, "cluster")) {
    found.push_back({*one, "cluster."});
  } else if (!account_of(context).empty()) {
    found.push_back({inherited(context), ""});
  }
  return found;
}

/// The trigger's parameters of a run as a custom strategy; nullptr: it is none.
const json::object* strategy_parameters(const model::Execution& execution) {
  const auto* parameters = base::find_object(execution.trigger, "parameters");
  return parameters != nullptr && base::bool_or(*parameters, "strategy", false) ? parameters : nullptr;
}

bool is_first_deploy(const engine::StageView& stage) {
  const auto& all = stage.execution().stages;
  const auto first =
      std::find_if(all.begin(), all.end(), [](const model::Stage& one) { return one.type == "deploy"; });
  return first != all.end() && first->id == stage.stage().id;
}

/// In a custom strategy the first deploy stage deploys what the deployment that uses the strategy describes.
std::optional<json::object> description_of_caller(const engine::StageView& stage) {
  const auto* parameters = strategy_parameters(stage.execution());
  if (parameters == nullptr || !is_first_deploy(stage)) return std::nullopt;
  const auto* given = base::find_object(*parameters, "clusterDescription");
  if (given == nullptr) return std::nullopt;
  json::object description = *given;
  description["strategy"] = "none";
  for (const std::string_view key : {"imageId", "amiName"}) {
    const std::string image = base::string_or(*parameters, key, "");
    if (!image.empty()) description["imageId"] = image;
  }
  const std::string traffic = base::string_or(stage.context(), "trafficOptions", "inherit");
  if (traffic != "inherit") description["startDisabled"] = traffic == "disable";
  return description;
}

void put_region(json::object& description, const std::string& region) {
  // The zones stay the user's; only the choice among several regions is made here.
  for (const std::string_view key : {"region", "regions", "namespace", "namespaces"}) description.erase(key);
  if (auto* zones = base::find(description, "availabilityZones")) {
    json::object of_region;
    if (const auto* by_region = zones->if_object()) {
      if (const auto* list = by_region->if_contains(region)) of_region[region] = *list;
    }
    description["availabilityZones"] = std::move(of_region);
  }
  description["region"] = region;
}

/// The trigger's parameter `clone`: what the descriptions leave out is taken from the server groups before.
bool wants_clones(const model::Execution& execution) {
  const auto* parameters = base::find_object(execution.trigger, "parameters");
  return parameters != nullptr && base::bool_or(*parameters, "clone", false);
}

class DeployStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "deploy"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<FieldProblem> problem;
    const auto of_caller = description_of_caller(stage);
    const auto found = of_caller ? std::vector<Found>{{*of_caller, "clusterDescription."}}
                                 : descriptions_in(stage.context(), problem);
    if (problem) return refuse(*problem);
    engine::Plan plan = engine::run_in_order({"completeParallelDeploy"});
    const bool clones = wants_clones(stage.execution());
    for (const Found& one : found) {
      const auto read = read_cluster_description(one.description, stage.execution().application, problem);
      if (problem) return refuse(*problem, one.field);
      for (const std::string& region : read.regions) {
        json::object context = one.description;
        put_region(context, region);
        context["application"] = read.moniker.app;
        context["credentials"] = read.account;
        plan.before.push_back({.type = clones ? "cloneServerGroup" : "createServerGroup",
                               .name = fmt::format("{} in {}", clones ? "Clone" : "Deploy", region),
                               .context = std::move(context)});
      }
    }
    return plan;
  }

  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// Gathers what the children deployed, so that one look at this stage shows all of it.
class CompleteDeploy final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    json::object groups;
    json::array operations;
    for (const model::Stage& child : context.execution().stages) {
      if (child.parent_id != context.stage().id) continue;
      if (const auto* by_region = base::find_object(child.outputs, "deploy.server.groups")) {
        for (const auto& region : *by_region) {
          auto& names = groups[region.key()];
          if (!names.is_array()) names = json::array{};
          for (const auto& name : base::string_list(*by_region, region.key())) {
            names.get_array().push_back(json::value(name));
          }
        }
      }
      if (const auto* tasks = base::find_array(child.outputs, "kato.tasks")) {
        operations.insert(operations.end(), tasks->begin(), tasks->end());
      }
    }
    json::object result{{"deploy.server.groups", std::move(groups)}, {"kato.tasks", std::move(operations)}};
    co_return runner::succeeded(result, result);
  }
};

}  // namespace

void add_deploy(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<DeployStage>());
  catalogs.tasks.add("completeParallelDeploy", std::make_unique<CompleteDeploy>());
}

}  // namespace gennaker::stages
