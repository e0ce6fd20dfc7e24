#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace gennaker::testing {

/// A store that answers at once, in one thread: documents with their versions, and executions that a test
/// puts there. For tests of what uses a store; what a store promises is tested with the real ones.
class MemoryStore final : public store::Store {
 public:
  /// Newest last.
  void put(model::Execution execution) { executions_.push_back(std::move(execution)); }

  store::Async<void> commit(store::Changes changes) override;
  store::Async<std::optional<model::Execution>> execution(std::string id) override;
  /// Knows of the query: pipeline_config_ids, statuses, limit.
  store::Async<std::vector<model::Execution>> executions(store::ExecutionQuery query, model::Detail) override;
  store::Async<std::vector<std::string>> unfinished_executions() override;
  store::Async<std::optional<store::Document>> document(std::string kind, std::string id) override;
  store::Async<std::vector<store::Document>> documents(std::string kind,
                                                       std::optional<std::string> scope) override;
  store::Async<std::vector<store::Document>> history(std::string kind, std::string id,
                                                     std::size_t limit) override;
  store::Async<std::vector<store::FeedEntry>> feed(std::uint64_t, std::size_t) override;
  store::Async<FeedRange> feed_range() override;
  void on_feed(std::function<void(const std::vector<store::FeedEntry>&)>) override {}

 private:
  std::int64_t version_of(const std::string& kind, const std::string& id) const;

  std::map<std::pair<std::string, std::string>, std::vector<store::Document>> documents_;  // newest last
  std::vector<model::Execution> executions_;
};

}  // namespace gennaker::testing
