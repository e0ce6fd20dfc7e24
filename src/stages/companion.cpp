#include "stages/companion.h"

namespace gennaker::stages {
namespace {

constexpr std::chrono::seconds between_looks{1};

/// After one that failed, those behind it do not begin any more.
bool others_have_ended(const runner::TaskContext& context) {
  const model::Execution& execution = context.execution();
  const model::Stage& self = context.stage();
  bool all_complete = true;
  for (const model::Stage& other : execution.stages) {
    const bool beside = other.parent_id == self.parent_id && other.owner == self.owner;
    if (!beside || other.type == self.type) continue;
    if (model::is_halt(other.status)) return true;
    all_complete = all_complete && model::is_complete(other.status);
  }
  return all_complete;
}

}  // namespace

base::Async<runner::TaskResult> Companion::run(runner::TaskContext context) {
  if (others_have_ended(context)) co_return runner::succeeded();
  co_return runner::again({.after = between_looks, .waiting_for = "the deployment's other steps"});
}

}  // namespace gennaker::stages
