#include "stages/dry_run.h"

namespace gennaker::stages {
namespace {

class DryRun final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext) override {
    co_return runner::succeeded({{"dryRunResult", "nothing was done: a dry run"}});
  }
};

}  // namespace

void add_dry_run(runner::Catalogs& catalogs) {
  catalogs.tasks.add(std::string(engine::dry_run_task), std::make_unique<DryRun>());
}

}  // namespace gennaker::stages
