#include "stages/create_server_group/remove_when_cancelled.h"

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "clusters/operations.h"
#include "stages/cluster_lock.h"
#include "stages/companion.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

/// What a stage beside this one has made in the cluster; empty: nothing yet.
std::string made_beside(const runner::TaskContext& context, const std::string& cluster) {
  for (const model::Stage& other : context.execution().stages) {
    if (other.parent_id != context.stage().parent_id) continue;
    const std::string name = base::string_or(other.context, "createdServerGroupName", "");
    if (clusters::same_name(clusters::parse_name(name).cluster, cluster)) return name;
  }
  return "";
}

class RemoveWhenCancelled final : public Companion {
 public:
  explicit RemoveWhenCancelled(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> cancel(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    clusters::ServerGroupRef ref{account_of(own), locations_of(own).front(),
                                 made_beside(context, cluster_of(own))};
    auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
    const auto snapshot = co_await std::move(reading);
    if (clusters::find_server_group(*snapshot, ref.region, ref.name) == nullptr) {
      co_return runner::TaskResult{};
    }
    auto locking = wait_for_lock_of(infrastructure_, context, ref);
    if (const auto waiting = co_await std::move(locking)) {
      throw base::Error(base::Kind::unavailable, "the cluster of " + ref.name + " is locked");
    }
    std::vector<std::string> names{ref.name};
    std::string verb(clusters::guarded_verb(clusters::destroy_server_group_kind));
    auto checking = infrastructure_.guards.check(ref.account, ref.region, std::move(names), std::move(verb));
    co_await std::move(checking);
    co_return runner::operate(clusters::destroy_server_group(context.key("destroyWhenCancelled"), ref));
  }

 private:
  const Infrastructure infrastructure_;
};

class RemoveWhenCancelledStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "removeWhenCancelled"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (stage.stage().parent_id.empty())
      return engine::refuse("type", "it is a deployment's own: use destroyServerGroup");
    if (cluster_of(context).empty()) return engine::refuse("cluster", "it is needed");
    if (locations_of(context).empty()) return engine::refuse("region", "it is needed");
    return engine::run_in_order({"removeWhenCancelled"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

}  // namespace

void add_remove_when_cancelled(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<RemoveWhenCancelledStage>());
  catalogs.tasks.add("removeWhenCancelled", std::make_unique<RemoveWhenCancelled>(infrastructure));
}

}  // namespace gennaker::stages
