#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace gennaker::store {

/// A store that forgets: for rehearsals, which must change nothing. It may lie over another store, whose
/// contents show through where nothing was written; that one is only read, and its feed does not show.
/// Threads: one, on which every function answers at once unless it asks the store beneath.
class MemoryStore : public Store {
 public:
  /// `beneath` must outlive it; nullptr: there is none.
  explicit MemoryStore(Store* beneath = nullptr) : beneath_(beneath) {}
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  /// How many of its functions wait for the store beneath.
  int outstanding() const { return outstanding_; }

  Async<void> commit(Changes changes) override;
  Async<std::optional<model::Execution>> execution(std::string id) override;
  Async<std::vector<model::Execution>> executions(ExecutionQuery query, model::Detail detail) override;
  /// Its own alone: what lies beneath is somebody else's to take up.
  Async<std::vector<std::string>> unfinished_executions() override;
  Async<std::optional<Document>> document(std::string kind, std::string id) override;
  Async<std::vector<Document>> documents(std::string kind, std::optional<std::string> scope) override;
  Async<std::vector<Document>> history(std::string kind, std::string id, std::size_t limit) override;
  Async<std::vector<FeedEntry>> feed(std::uint64_t after, std::size_t limit) override;
  Async<FeedRange> feed_range() override;
  void on_feed(std::function<void(const std::vector<FeedEntry>&)> listener) override {
    listeners_.push_back(std::move(listener));
  }
  void watch(Watcher watcher) override { watcher_ = std::move(watcher); }
  Async<std::vector<Command>> commands() override;
  Async<std::vector<std::string>> starting(std::string pipeline_config_id) override;
  Async<std::vector<Answer>> answers(std::vector<std::string> command_ids) override;
  Async<std::string> holder(std::string name) override;
  Async<std::vector<Claim>> claims(std::string prefix) override;

 private:
  struct Kept {
    ExecutionRow row;
    std::map<std::string, StageRow> stages;  ///< by id
  };
  using DocumentName = std::pair<std::string, std::string>;  ///< kind, id

  model::Execution assembled(const Kept& kept, model::Detail detail) const;
  std::vector<model::Execution> own_executions(const ExecutionQuery& query, model::Detail detail) const;
  void refuse_orphans(const Changes& changes) const;
  Async<void> check_claims(const std::vector<Claim>& claims);
  void keep_mail(const Changes& changes);
  Async<std::int64_t> last_version(std::string kind, std::string id, bool of_removed);
  /// The answer of the store beneath, which is counted while it is awaited.
  template <class T>
  Async<T> ask(Async<T> question);

  Store* beneath_ = nullptr;
  int outstanding_ = 0;
  std::unordered_map<std::string, Kept> executions_;
  std::unordered_map<std::string, std::string> execution_of_stage_;
  std::map<DocumentName, std::vector<Document>> documents_;  ///< versions written here, newest last
  struct Letter {
    Command command;
    std::optional<Answer> answer;
  };
  std::map<std::string, Letter> letters_;  ///< by the command's id
  std::map<std::string, Claim> claims_;    ///< by name
  Watcher watcher_;
  std::uint64_t last_sequence_ = 0;
  std::vector<FeedEntry> feed_;
  std::vector<std::function<void(const std::vector<FeedEntry>&)>> listeners_;
};

}  // namespace gennaker::store
