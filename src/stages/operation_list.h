#pragma once

#include <vector>

#include "runner/task.h"
#include "stages/infrastructure.h"

/// Tasks that carry out several operations, one after another.
namespace gennaker::stages {

namespace json = boost::json;

/// Decides once, durably, what is to be done, then does it. A repeated attempt goes on where the last one
/// was.
class OperationList : public runner::Task {
 public:
  explicit OperationList(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) final;
  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) final;

 protected:
  struct Decision {
    json::array items;          ///< one operation each
    json::object context = {};  ///< kept beside them
  };
  virtual std::string_view kind() const = 0;
  /// The cluster that it changes, for its lock; nullopt: it changes none.
  virtual std::optional<clusters::Place> place(const runner::TaskContext&) const { return std::nullopt; }
  /// From fresh news of the stage's account. Throws base::Error.
  virtual Decision decide(const runner::TaskContext& context, const clusters::Snapshot& snapshot) const = 0;
  virtual model::Operation operation(std::string key, const runner::TaskContext& context,
                                     const json::object& item) const = 0;
  /// An element of the output `targets`.
  virtual json::object target(const json::object& item, const json::object& answer) const;

 private:
  const Infrastructure infrastructure_;
};

}  // namespace gennaker::stages
