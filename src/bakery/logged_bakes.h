#pragma once

#include "bakery/bake_logs.h"
#include "runner/task.h"

namespace gennaker::bakery {

namespace json = boost::json;

/// Carries operations out by somebody else, and keeps the log of those that bake: it is open while they last,
/// its end says how they ended, and the failure of one has the log's last lines in its message.
class LoggedBakes final : public runner::Operator {
 public:
  /// Both must outlive it.
  LoggedBakes(runner::Operator& clouds, BakeLogs& logs) : clouds_(clouds), logs_(logs) {}

  Async<json::object> perform(model::Operation operation) override;

 private:
  Async<json::object> bake(model::Operation operation);
  base::Error conclude(const std::string& key, const base::Error& error);

  runner::Operator& clouds_;
  BakeLogs& logs_;
};

}  // namespace gennaker::bakery
