#include "testing/memory_store.h"

#include <algorithm>

#include "base/error.h"

namespace gennaker::testing {

using store::Async;
using store::Document;

std::int64_t MemoryStore::version_of(const std::string& kind, const std::string& id) const {
  const auto found = documents_.find({kind, id});
  return found == documents_.end() || found->second.back().removed ? 0 : found->second.back().version;
}

Async<void> MemoryStore::commit(store::Changes changes) {
  for (const auto& expected : changes.expected) {
    if (version_of(expected.kind, expected.id) == expected.version) continue;
    throw base::Error(base::Kind::conflict, "the document has changed meanwhile");
  }
  for (Document& document : changes.documents) {
    auto& versions = documents_[{document.kind, document.id}];
    document.version = static_cast<std::int64_t>(versions.size()) + 1;
    versions.push_back(std::move(document));
  }
  co_return;
}

Async<std::optional<model::Execution>> MemoryStore::execution(std::string id) {
  for (const model::Execution& execution : executions_) {
    if (execution.id == id) co_return execution;
  }
  co_return std::nullopt;
}

Async<std::vector<model::Execution>> MemoryStore::executions(store::ExecutionQuery query, model::Detail) {
  const auto wanted = [](const auto& list, const auto& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  std::vector<model::Execution> found;
  for (auto execution = executions_.rbegin(); execution != executions_.rend(); ++execution) {
    if (found.size() >= query.limit) break;
    if (wanted(query.pipeline_config_ids, execution->pipeline_config_id) &&
        wanted(query.statuses, execution->status)) {
      found.push_back(*execution);
    }
  }
  co_return found;
}

Async<std::vector<std::string>> MemoryStore::unfinished_executions() {
  std::vector<std::string> ids;
  for (const model::Execution& execution : executions_) {
    if (!model::is_complete(execution.status)) ids.push_back(execution.id);
  }
  co_return ids;
}

Async<std::optional<Document>> MemoryStore::document(std::string kind, std::string id) {
  if (version_of(kind, id) == 0) co_return std::nullopt;
  co_return documents_.at({kind, id}).back();
}

Async<std::vector<Document>> MemoryStore::documents(std::string kind, std::optional<std::string> scope) {
  std::vector<Document> found;
  for (const auto& [key, versions] : documents_) {
    const Document& last = versions.back();
    if (key.first == kind && !last.removed && (!scope || last.scope == *scope)) found.push_back(last);
  }
  co_return found;
}

Async<std::vector<Document>> MemoryStore::history(std::string kind, std::string id, std::size_t limit) {
  const auto found = documents_.find({kind, id});
  if (found == documents_.end()) co_return std::vector<Document>{};
  std::vector<Document> newest_first(found->second.rbegin(), found->second.rend());
  newest_first.resize(std::min(limit, newest_first.size()));
  co_return newest_first;
}

Async<std::vector<store::FeedEntry>> MemoryStore::feed(std::uint64_t, std::size_t) {
  co_return std::vector<store::FeedEntry>{};
}

Async<store::Store::FeedRange> MemoryStore::feed_range() {
  co_return FeedRange{};
}

}  // namespace gennaker::testing
