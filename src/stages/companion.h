#pragma once

#include "runner/task.h"

namespace gennaker::stages {

/// A task that lasts as long as the stages beside it and does nothing. What it is there for is its clean-up:
/// when the execution is cancelled, no stage of a strategy would take back any more what must not outlive it.
class Companion : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) final;
};

}  // namespace gennaker::stages
