#include "stages/rollback_cluster/rollback_cluster.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/cluster_steps.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using engine::SyntheticStage;

/// The larger, the more a few sick ones may be forgiven.
int healthy_percentage(const json::object& context, int desired) {
  const auto given = base::whole_number(context, "targetHealthyRollbackPercentage");
  if (given && *given >= 0 && *given <= 100) return static_cast<int>(*given);
  return desired < 10 ? 100 : desired < 20 ? 90 : 95;
}

const json::object& additional(const json::object& context) {
  static const json::object none;
  const auto* given = base::find_object(context, "additionalRollbackContext");
  return given ? *given : none;
}

class RollbackClusterStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "rollbackCluster"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = cluster_stage_problem(stage.context(), "waitTimeBetweenRegions")) {
      return refuse(*problem);
    }
    return engine::run_in_order({"determineRollbackCandidates"});
  }

  /// Region after region: one that fails stops those behind it.
  std::vector<SyntheticStage> after(const engine::StageView& stage) const override {
    const json::object& own = stage.context();
    const auto* contexts = base::find_object(stage.stage().outputs, "rollbackContexts");
    if (contexts == nullptr) return {};
    const auto pause = base::whole_number(own, "waitTimeBetweenRegions").value_or(0);
    std::vector<SyntheticStage> stages;
    for (const std::string& region : locations_of(own)) {
      const auto* rollback = base::find_object(*contexts, region);
      if (rollback == nullptr) continue;
      if (!stages.empty() && pause > 0) {
        stages.push_back({.type = "wait",
                          .name = fmt::format("Wait before {}", region),
                          .context = {{"waitTime", pause}}});
      }
      json::object context{{"credentials", account_of(own)},
                           {"region", region},
                           {"rollbackType", type_in(stage.stage().outputs, region)},
                           {"rollbackContext", *rollback}};
      for (const std::string_view key : {"cloudProvider", "interestingHealthProviderNames"}) {
        if (const auto* value = base::find(own, key)) context[key] = *value;
      }
      stages.push_back({.type = "rollbackServerGroup",
                        .name = fmt::format("Rollback in {}", region),
                        .context = std::move(context)});
    }
    return engine::in_sequence(std::move(stages));
  }

  void prepare_restart(model::Stage& stage) const override {
    forget_results(stage);
    for (const std::string_view output : {"rollbackContexts", "rollbackTypes", "imagesToRestore"})
      stage.outputs.erase(output);
  }

 private:
  static std::string type_in(const json::object& outputs, const std::string& region) {
    const auto* types = base::find_object(outputs, "rollbackTypes");
    return types != nullptr ? base::string_or(*types, region, "EXPLICIT") : "EXPLICIT";
  }
};

/// What is decided, region after region.
struct Candidates {
  std::string region;  ///< that is being decided
  json::object types, contexts;
  json::array images;

  void add(std::string_view type, json::object context, json::object image) {
    types[region] = type;
    contexts[region] = std::move(context);
    image["region"] = region;
    image["rollbackMethod"] = type;
    images.push_back(std::move(image));
  }
  json::object outputs() && {
    return {{"rollbackTypes", std::move(types)},
            {"rollbackContexts", std::move(contexts)},
            {"imagesToRestore", std::move(images)}};
  }
};

class DetermineCandidates final : public runner::Task {
 public:
  DetermineCandidates(const Infrastructure& infrastructure, FormerImage former_image)
      : infrastructure_(infrastructure), former_image_(std::move(former_image)) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own), cluster = cluster_of(own);
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    Candidates candidates;
    const std::vector<std::string> regions = locations_of(own);
    for (const std::string& region : regions) {
      candidates.region = region;
      const auto groups = clusters::server_groups_of_cluster(*snapshot, cluster, region);
      const auto leaving =
          clusters::resolve_target(groups, clusters::Target::current, {.only_enabled = true});
      // Nothing to go back to, or nothing to go back from.
      if (groups.size() < 2 || leaving.group == nullptr) continue;
      json::object image;
      if (base::string_or(own, "originalServerGroup", "").empty()) {
        auto looking = former_image_of(*leaving.group);
        image = co_await std::move(looking);
      }
      if (!decide(own, groups, *leaving.group, image, candidates)) {
        co_return runner::failed(
            context, fmt::format("cluster '{}' has nothing in {}/{} to roll '{}' back to", cluster, account,
                                 region, leaving.group->name));
      }
    }
    const json::object outputs = std::move(candidates).outputs();
    co_return runner::succeeded(outputs, outputs);
  }

 private:
  base::Async<json::object> former_image_of(model::ServerGroup group) const {
    if (!former_image_) co_return json::object{};
    auto looking = former_image_(std::move(group));
    co_return co_await std::move(looking);
  }

  /// `image`: what the one to leave took the place of, where that is known. False: there is nothing to go
  /// back to.
  static bool decide(const json::object& own, const clusters::ServerGroups& groups,
                     const model::ServerGroup& leaving, const json::object& image, Candidates& candidates) {
    const std::string image_id = base::string_or(image, "imageId", ""),
                      image_name = base::string_or(image, "imageName", "");
    const auto* target = choose(own, groups, leaving, [&](const model::ServerGroup& group) {
      if (image_id.empty() && image_name.empty()) return true;
      return image_id.empty() ? group.image_name == image_name : group.image_id == image_id;
    });
    json::object context = additional(own);
    context["rollbackServerGroupName"] = leaving.name;
    context["targetHealthyRollbackPercentage"] = healthy_percentage(own, leaving.capacity.desired);
    if (target != nullptr) {
      context["restoreServerGroupName"] = target->name;
      candidates.add("EXPLICIT", std::move(context), {{"image", target->image_name}});
      return true;
    }
    if (image_id.empty() && image_name.empty()) return false;
    for (const auto& member : image) context[member.key()] = member.value();
    candidates.add("PREVIOUS_IMAGE", std::move(context),
                   {{"image", image_name.empty() ? image_id : image_name}});
    return true;
  }

  template <class Runs>
  static const model::ServerGroup* choose(const json::object& own, clusters::ServerGroups groups,
                                          const model::ServerGroup& leaving, Runs runs_the_image) {
    const std::string original = base::string_or(own, "originalServerGroup", "");
    const bool only_enabled = base::bool_or(additional(own), "onlyEnabledServerGroups", false);
    clusters::sort_newest_first(groups);
    for (const model::ServerGroup* group : groups) {
      if (group == &leaving || (only_enabled && group->disabled)) continue;
      if (original.empty() ? runs_the_image(*group) : clusters::same_name(group->name, original))
        return group;
    }
    return nullptr;
  }

  const Infrastructure infrastructure_;
  const FormerImage former_image_;
};

}  // namespace

void add_rollback_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure,
                          FormerImage former_image) {
  catalogs.stages.add(std::make_unique<RollbackClusterStage>());
  catalogs.tasks.add("determineRollbackCandidates",
                     std::make_unique<DetermineCandidates>(infrastructure, std::move(former_image)));
}

}  // namespace gennaker::stages
