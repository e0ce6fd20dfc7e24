#include "stages/find_image/find_image.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
#include "stages/fields.h"
#include "stages/images.h"

namespace gennaker::stages {
namespace {

using clusters::Target;
using runner::TaskContext;
using runner::TaskResult;

std::optional<Target> selection_of(const json::object& context) {
  const std::string word = base::string_or(context, "selectionStrategy", "NEWEST");
  if (word == "NEWEST") return Target::current;
  if (word == "LARGEST") return Target::largest;
  if (word == "OLDEST") return Target::oldest;
  if (word == "FAIL") return Target::only;
  return std::nullopt;
}

class FindImageStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "findImage"; }
  bool runs_dry(const engine::StageView&) const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"findImageFromCluster"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (cluster_of(context).empty()) return engine::refuse("cluster", "the name of a cluster is needed");
    if (!selection_of(context)) {
      return engine::refuse("selectionStrategy",
                            fmt::format("'{}' is not known; there are: NEWEST, LARGEST, OLDEST, FAIL",
                                        base::string_or(context, "selectionStrategy", "")));
    }
    if (image_regions(stage.execution(), stage.stage()).empty()) {
      return engine::refuse("regions", "at least one region is needed, here or in a later deploy stage");
    }
    return engine::run_in_order({"findImage"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class FindImage final : public runner::Task {
 public:
  explicit FindImage(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own), cluster = cluster_of(own);
    const std::string provider = infrastructure_.clouds.account(account).provider;
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    json::array details, artifacts;
    for (const std::string& region : image_regions(context.execution(), context.stage())) {
      const auto found = find(own, *snapshot, cluster, region);
      if (found.group == nullptr) {
        co_return runner::failed(context, fmt::format("could not find an image in cluster '{}' in {}/{}: {}",
                                                      cluster, account, region, found.problem));
      }
      if (found.group->image_id.empty()) {
        co_return runner::failed(
            context, fmt::format("server group '{}' does not tell which image it runs", found.group->name));
      }
      const model::Image image{.id = found.group->image_id,
                               .name = found.group->image_name,
                               .account = account,
                               .region = region,
                               .version = found.group->version};
      json::object detail = image_details(context.stage(), image, provider);
      detail["sourceServerGroup"] = found.group->name;
      details.push_back(std::move(detail));
      artifacts.push_back(image_artifact(image, provider));
    }
    const json::object outputs = image_outputs(std::move(details), std::move(artifacts));
    co_return runner::succeeded(outputs, outputs);
  }

 private:
  static clusters::ResolvedTarget find(const json::object& own, const clusters::Snapshot& snapshot,
                                       const std::string& cluster, const std::string& region) {
    const clusters::TargetOptions options{.only_enabled = base::bool_or(own, "onlyEnabled", true),
                                          .validate_oldest = false};
    const auto groups = clusters::server_groups_of_cluster(snapshot, cluster, region);
    auto found = clusters::resolve_target(groups, *selection_of(own), options);
    if (found.group == nullptr && groups.empty()) {
      std::vector<std::string> known;
      for (const auto& group : snapshot.server_groups) {
        const std::string& name = group.moniker.cluster;
        if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
      }
      found.problem += clusters::suggestion(cluster, known);
    }
    return found;
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_find_image(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<FindImageStage>());
  catalogs.tasks.add("findImage", std::make_unique<FindImage>(infrastructure));
}

}  // namespace gennaker::stages
