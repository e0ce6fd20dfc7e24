#pragma once

#include <map>
#include <string>
#include <vector>

#include "rehearsal/matching.h"
#include "rehearsal/pipeline_test.h"
#include "rehearsal/script.h"

namespace gennaker::rehearsal {

/// How a test went.
struct Outcome {
  std::string refused;                       ///< why the start was refused; empty: it was not
  std::vector<model::Execution> executions;  ///< the test's own first, then its children as they started
  std::map<std::string, Script::Looks> looks;
  std::vector<Performed> performed;
  std::vector<Called> called;
  std::vector<clusters::Snapshot> clouds;
};

/// What of a test's expectations does not hold: pure. Without an expected status, SUCCEEDED is expected.
std::vector<Difference> unmet(const PipelineTest& test, const Outcome& outcome);

/// "Deploy: no capacity left; Check: ...": the errors of an execution's stages, and why it was cancelled.
std::string errors_of(const model::Execution& execution);
/// What the stages of executions that have not ended wait for: "stage 'Approve' (a judgment)".
std::string waited_for(const std::vector<model::Execution>& executions);

}  // namespace gennaker::rehearsal
