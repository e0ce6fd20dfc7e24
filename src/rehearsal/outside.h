#pragma once

#include <chrono>
#include <exception>
#include <optional>

#include "engine/stage.h"
#include "model/operation.h"
#include "net/client.h"
#include "runner/task.h"

namespace gennaker::rehearsal {

/// Who answers in a rehearsal what only the world outside could: a plan's assumptions, a test's script. Every
/// function is called on the rehearsal's thread and must not block.
class Outside : public engine::Review {
 public:
  /// A task is about to look, for the first time or again. A result: is taken for the task's own, which is
  /// not run. nullopt: the task runs.
  virtual std::optional<runner::TaskResult> instead_of(const runner::TaskContext&, const runner::Task&) {
    return std::nullopt;
  }
  /// A task has answered, or failed for good; the answer may be changed.
  virtual void answered(const runner::TaskContext&, runner::TaskResult&) {}
  struct OperationAnswer {
    std::chrono::milliseconds after{0};
    /// Set: the operation fails with it (a base::Error), nothing happens in the simulated cloud.
    std::exception_ptr failure = {};
    /// Set: the answer; nothing happens in the simulated cloud. Else the cloud answers.
    std::optional<boost::json::object> answer = {};
  };
  /// An operation is about to be carried out, maybe again. Its key says for whom: rehearsal::asker_of.
  virtual OperationAnswer on_operation(const model::Operation&) { return {}; }

  /// An operation has failed for good. An answer: it is as if it had been carried out and had given that.
  virtual std::optional<boost::json::object> despite(const model::Operation&) { return std::nullopt; }

  struct CallAnswer {
    std::chrono::milliseconds after{0};
    std::exception_ptr failure = {};  ///< a base::Error, as HttpClient::send throws
    net::ClientResponse response = {};
  };
  /// Somebody calls a URL.
  virtual CallAnswer on_call(const net::ClientRequest& request) = 0;
};

}  // namespace gennaker::rehearsal
