#pragma once

#include <chrono>
#include <string>

#include "runner/task.h"
#include "stages/infrastructure.h"

/// Tasks that wait until the inventory shows what an operation was for.
namespace gennaker::stages {

namespace json = boost::json;

/// What a look at the inventory says.
struct Verdict {
  enum class What { done, waiting, failed } what;
  std::string text;  ///< what it waits for, or why it failed
  json::object context = {};
  std::string why = {};  ///< why it still waits, where somebody knows
};

/// Looks whenever the account's inventory changes, at the latest every 10 s. When its time is up it fails and
/// says how things stand; with `markSuccessfulOnTimeout` it succeeds.
class InventoryWait : public runner::Task {
 public:
  explicit InventoryWait(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) final;
  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext& context) const override;

 protected:
  virtual Verdict look(const runner::TaskContext& context, const clusters::Snapshot& snapshot) const = 0;
  virtual std::chrono::milliseconds limit(const runner::TaskContext& context) const;
  /// Asked when its time is up: whether it may go on all the same.
  virtual bool good_enough(const runner::TaskContext&, const clusters::Snapshot&) const { return false; }
  const Infrastructure& infrastructure() const { return infrastructure_; }

 private:
  const Infrastructure infrastructure_;
};

/// "2 of 3 instances healthy": enough of `group` are up, as the stage wants it.
Verdict look_for_up(const json::object& context, const model::ServerGroup& group);
/// How many instances must be up: the wanted (or, without, the actual) size times
/// targetHealthyDeployPercentage, rounded, at least 1 unless either is 0.
int target_size(int wanted, int percentage);

/// What add_infrastructure_tasks adds from here.
void add_waits(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
