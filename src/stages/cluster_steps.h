#pragma once

#include "clusters/selection.h"
#include "clusters/strategies.h"
#include "stages/operations.h"
#include "stages/waits.h"

/// Stages about a whole cluster: they choose server groups, then act on one after another.
namespace gennaker::stages {

/// The names that this execution's deployments before `stage` created in one account and region.
std::vector<std::string> deployed_before(const model::Execution& execution, const model::Stage& stage,
                                         std::string_view account, std::string_view region);

/// Refuses a cluster-wide stage without account, cluster or regions, or with a wrong number in
/// `number_field`.
std::optional<clusters::FieldProblem> cluster_stage_problem(const json::object& context,
                                                            std::string_view number_field);

/// Chooses once, durably, then carries one operation out for each; guarded as one set in each region.
class ClusterStep : public runner::Task {
 public:
  explicit ClusterStep(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) final;
  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) final;

 protected:
  virtual std::string_view kind() const = 0;
  virtual std::string_view guarded_verb() const = 0;
  virtual clusters::ServerGroups choose(const json::object& context, const clusters::ServerGroups& cluster,
                                        const std::vector<std::string>& deployed) const = 0;
  virtual bool may_find_nothing(const json::object& context) const = 0;
  virtual model::Operation operation(std::string key, const clusters::ServerGroupRef& group) const = 0;

 private:
  base::Async<runner::TaskResult> choose_all(runner::TaskContext context) const;

  const Infrastructure infrastructure_;
};

/// Waits until every server group that the step before acted on looks as wanted.
class ClusterWait : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const runner::TaskContext& context, const clusters::Snapshot& snapshot) const final;
  std::chrono::milliseconds limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(30);
  }
  /// `group`: nullptr if it is gone.
  virtual bool reached(const json::object& context, const model::ServerGroup* group) const = 0;
  virtual std::string_view waiting_for() const = 0;
};

}  // namespace gennaker::stages
