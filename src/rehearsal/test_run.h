#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "rehearsal/matching.h"
#include "rehearsal/pipeline_test.h"

namespace gennaker::rehearsal {

struct TestResult {
  Place place;
  std::string name;
  std::vector<Difference> differences;  ///< empty: it passed
  milliseconds virtual_time{0};
  std::chrono::nanoseconds real_time{0};

  bool passed() const { return differences.empty(); }
};

/// Runs a test in a world of its own; the real time is left for the caller to fill in. Throws nothing: what
/// breaks is a difference. Threads: any, several at once.
TestResult run_test(const PipelineTest& test, const pipelines::AddStages& add_stages);

/// Monotonic time, for how long things took.
using Stopwatch = std::function<std::chrono::nanoseconds()>;
/// Runs them on so many threads. The results are in the order of the tests.
std::vector<TestResult> run_tests(const std::vector<PipelineTest>& tests,
                                  const pipelines::AddStages& add_stages, int jobs, const Stopwatch& now);

}  // namespace gennaker::rehearsal
