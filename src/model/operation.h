#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace gennaker::model {

/// A change to a cloud as a plain value: returned by a task, carried out by the runner, shown by a plan,
/// answered by a test.
struct Operation {
  /// Spinnaker's operation names: "createServerGroup", "resizeServerGroup", ...
  std::string kind;
  /// The same for every attempt at the same step, different for every other step: what makes the operation
  /// happen once. Derived from (execution, stage, task, step).
  std::string key;
  std::string account;
  boost::json::object what;
};

}  // namespace gennaker::model
