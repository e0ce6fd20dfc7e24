#include "store/memory/memory_store.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "store/stored_rows.h"

namespace gennaker::store {
namespace {

/// So many commands are kept with their answers.
constexpr std::size_t most_letters = 10'000;

template <class T>
bool wanted(const std::vector<T>& list, const T& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool fits(const ExecutionQuery& query, const ExecutionRow& row) {
  return (!query.type || *query.type == row.type) &&
         (query.application.empty() || query.application == row.application) &&
         (query.correlation_id.empty() || query.correlation_id == row.correlation_id) &&
         (!query.built_from || row.build_time >= *query.built_from) &&
         (!query.built_to || row.build_time <= *query.built_to) &&
         wanted(query.pipeline_config_ids, row.pipeline_config_id) && wanted(query.statuses, row.status);
}

void sort_for(const ExecutionQuery& query, std::vector<model::Execution>& executions) {
  std::sort(executions.begin(), executions.end(),
            [&](const model::Execution& left, const model::Execution& right) {
              const auto a = std::tie(left.build_time, left.id), b = std::tie(right.build_time, right.id);
              return query.oldest_first ? a < b : b < a;
            });
}

/// Cuts the page out of what was sorted.
void cut(const ExecutionQuery& query, std::vector<model::Execution>& executions) {
  const std::size_t skipped = std::min(query.offset, executions.size());
  executions.erase(executions.begin(), executions.begin() + static_cast<std::ptrdiff_t>(skipped));
  executions.resize(std::min(query.limit, executions.size()));
}

}  // namespace

template <class T>
Async<T> MemoryStore::ask(Async<T> question) {
  ++outstanding_;
  std::exception_ptr failure;
  T answer{};
  try {
    answer = co_await std::move(question);
  } catch (...) {
    failure = std::current_exception();
  }
  --outstanding_;
  if (failure) std::rethrow_exception(failure);
  co_return answer;
}

/// 0 for one that is not there; of one that was removed only if that is asked for.
Async<std::int64_t> MemoryStore::last_version(std::string kind, std::string id, bool of_removed) {
  if (const auto found = documents_.find({kind, id}); found != documents_.end()) {
    const Document& last = found->second.back();
    co_return last.removed && !of_removed ? 0 : last.version;
  }
  if (beneath_ == nullptr) co_return 0;
  auto question = beneath_->history(std::move(kind), std::move(id), 1);
  const std::vector<Document> newest = co_await ask(std::move(question));
  if (newest.empty() || (newest.front().removed && !of_removed)) co_return 0;
  co_return newest.front().version;
}

void MemoryStore::refuse_orphans(const Changes& changes) const {
  for (const StageRow& stage : changes.stages) {
    const bool comes_along =
        std::any_of(changes.executions.begin(), changes.executions.end(),
                    [&](const ExecutionRow& execution) { return execution.id == stage.execution_id; });
    if (comes_along || executions_.contains(stage.execution_id)) continue;
    throw base::Error(base::Kind::invalid,
                      fmt::format("stage {}: there is no execution {}", stage.id, stage.execution_id));
  }
}

Async<void> MemoryStore::check_claims(const std::vector<Claim>& claims) {
  for (const Claim& claim : claims) {
    auto asking = holder(claim.name);
    const std::string present = co_await std::move(asking);
    if (present != claim.expected && present != claim.holder) throw ClaimTaken(claim.name);
  }
}

void MemoryStore::keep_mail(const Changes& changes) {
  for (const Claim& claim : changes.claims) {
    if (claim.holder.empty()) {
      claims_.erase(claim.name);
    } else {
      claims_[claim.name] = claim;
    }
  }
  for (const Command& command : changes.commands) letters_.try_emplace(command.id, Letter{command, {}});
  for (const Answer& answer : changes.answers) {
    const auto found = letters_.find(answer.command_id);
    if (found != letters_.end() && !found->second.answer) found->second.answer = answer;
  }
  // Ids grow with time.
  for (auto oldest = letters_.begin(); letters_.size() > most_letters && oldest != letters_.end();) {
    oldest = oldest->second.answer ? letters_.erase(oldest) : std::next(oldest);
  }
}

Async<void> MemoryStore::commit(Changes changes) {
  refuse_orphans(changes);
  {
    auto checking = check_claims(changes.claims);
    co_await std::move(checking);
  }
  for (const Changes::Expected& expected : changes.expected) {
    const std::int64_t version = co_await last_version(expected.kind, expected.id, false);
    if (version == expected.version) continue;
    throw base::Error(base::Kind::conflict,
                      fmt::format("{} {} has changed meanwhile", expected.kind, expected.id));
  }
  for (Document& document : changes.documents) {
    const std::int64_t present = co_await last_version(document.kind, document.id, false);
    if (document.removed && present == 0) continue;
    document.version = 1 + co_await last_version(document.kind, document.id, true);
    if (document.removed) document.body = {};
    documents_[{document.kind, document.id}].push_back(std::move(document));
  }
  for (ExecutionRow& row : changes.executions) executions_[row.id].row = std::move(row);
  for (StageRow& row : changes.stages) {
    execution_of_stage_[row.id] = row.execution_id;
    executions_.at(row.execution_id).stages.insert_or_assign(row.id, std::move(row));
  }
  for (const std::string& id : changes.removed_stages) {
    const auto owner = execution_of_stage_.find(id);
    if (owner == execution_of_stage_.end()) continue;
    executions_.at(owner->second).stages.erase(id);
    execution_of_stage_.erase(owner);
  }
  for (const std::string& id : changes.removed_executions) {
    const auto found = executions_.find(id);
    if (found == executions_.end()) continue;
    for (const auto& [stage_id, stage] : found->second.stages) execution_of_stage_.erase(stage_id);
    executions_.erase(found);
    std::erase_if(claims_, [&](const auto& claim) { return claim.second.execution_id == id; });
  }
  keep_mail(changes);
  for (FeedEntry& entry : changes.feed) entry.sequence = ++last_sequence_;
  if (watcher_.mail && !(changes.commands.empty() && changes.answers.empty())) watcher_.mail();
  if (changes.feed.empty()) co_return;
  for (const auto& listener : listeners_) listener(changes.feed);
  std::move(changes.feed.begin(), changes.feed.end(), std::back_inserter(feed_));
}

model::Execution MemoryStore::assembled(const Kept& kept, model::Detail detail) const {
  model::Execution execution =
      model::execution_from_json(stored_json(kept.row.header, "an execution's header"));
  const bool full = detail == model::Detail::full;
  for (const auto& [id, row] : kept.stages) {
    execution.stages.push_back(stored_stage(
        row.ordinal, row.outline, full ? std::optional<std::string_view>(row.details) : std::nullopt));
  }
  model::sort_for_display(execution.stages);
  return execution;
}

Async<std::optional<model::Execution>> MemoryStore::execution(std::string id) {
  if (const auto found = executions_.find(id); found != executions_.end())
    co_return assembled(found->second, model::Detail::full);
  if (beneath_ == nullptr) co_return std::nullopt;
  auto question = beneath_->execution(std::move(id));
  co_return co_await ask(std::move(question));
}

std::vector<model::Execution> MemoryStore::own_executions(const ExecutionQuery& query,
                                                          model::Detail detail) const {
  std::vector<model::Execution> found;
  for (const auto& [id, kept] : executions_) {
    if (fits(query, kept.row)) found.push_back(assembled(kept, detail));
  }
  return found;
}

Async<std::vector<model::Execution>> MemoryStore::executions(ExecutionQuery query, model::Detail detail) {
  std::vector<model::Execution> found = own_executions(query, detail);
  if (beneath_ != nullptr) {
    ExecutionQuery all = query;
    all.offset = 0;
    all.limit = query.limit > SIZE_MAX - query.offset ? SIZE_MAX : query.offset + query.limit;
    auto question = beneath_->executions(std::move(all), detail);
    std::vector<model::Execution> others = co_await ask(std::move(question));
    for (model::Execution& other : others) {
      if (!executions_.contains(other.id)) found.push_back(std::move(other));
    }
  }
  sort_for(query, found);
  cut(query, found);
  co_return found;
}

Async<std::vector<std::string>> MemoryStore::unfinished_executions() {
  std::vector<std::string> ids;
  for (const auto& [id, kept] : executions_) {
    if (kept.row.active) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  co_return ids;
}

Async<std::vector<Command>> MemoryStore::commands() {
  std::vector<Command> found;
  for (const auto& [id, letter] : letters_) {
    if (!letter.answer) found.push_back(letter.command);
  }
  co_return found;
}

Async<std::vector<std::string>> MemoryStore::starting(std::string pipeline_config_id) {
  std::vector<std::string> found;
  for (const auto& [id, letter] : letters_) {
    if (!letter.answer && letter.command.slot_of == pipeline_config_id)
      found.push_back(letter.command.execution_id);
  }
  co_return found;
}

Async<std::vector<Answer>> MemoryStore::answers(std::vector<std::string> command_ids) {
  std::vector<Answer> found;
  for (const std::string& id : command_ids) {
    const auto letter = letters_.find(id);
    if (letter != letters_.end() && letter->second.answer) found.push_back(*letter->second.answer);
  }
  co_return found;
}

Async<std::string> MemoryStore::holder(std::string name) {
  if (const auto found = claims_.find(name); found != claims_.end()) co_return found->second.holder;
  if (beneath_ == nullptr) co_return "";
  auto question = beneath_->holder(std::move(name));
  co_return co_await ask(std::move(question));
}

Async<std::vector<Claim>> MemoryStore::claims(std::string prefix) {
  std::map<std::string, Claim> found;
  if (beneath_ != nullptr) {
    auto question = beneath_->claims(prefix);
    std::vector<Claim> beneath = co_await ask(std::move(question));
    for (Claim& claim : beneath) found.emplace(claim.name, std::move(claim));
  }
  for (auto one = claims_.lower_bound(prefix); one != claims_.end() && one->first.starts_with(prefix); ++one)
    found[one->first] = {one->first, "", one->second.holder, one->second.execution_id};
  std::vector<Claim> all;
  for (auto& [name, claim] : found) all.push_back(std::move(claim));
  co_return all;
}

Async<std::optional<Document>> MemoryStore::document(std::string kind, std::string id) {
  if (const auto found = documents_.find({kind, id}); found != documents_.end()) {
    const Document& last = found->second.back();
    co_return last.removed ? std::nullopt : std::optional(last);
  }
  if (beneath_ == nullptr) co_return std::nullopt;
  auto question = beneath_->document(std::move(kind), std::move(id));
  co_return co_await ask(std::move(question));
}

Async<std::vector<Document>> MemoryStore::documents(std::string kind, std::optional<std::string> scope) {
  std::vector<Document> found;
  if (beneath_ != nullptr) {
    auto question = beneath_->documents(kind, scope);
    std::vector<Document> others = co_await ask(std::move(question));
    for (Document& other : others) {
      if (!documents_.contains({kind, other.id})) found.push_back(std::move(other));
    }
  }
  for (const auto& [name, versions] : documents_) {
    const Document& last = versions.back();
    if (name.first == kind && !last.removed && (!scope || last.scope == *scope)) found.push_back(last);
  }
  std::sort(found.begin(), found.end(), [](const Document& a, const Document& b) { return a.id < b.id; });
  co_return found;
}

Async<std::vector<Document>> MemoryStore::history(std::string kind, std::string id, std::size_t limit) {
  std::vector<Document> found;
  if (const auto own = documents_.find({kind, id}); own != documents_.end())
    found.assign(own->second.rbegin(), own->second.rend());
  if (beneath_ != nullptr && found.size() < limit) {
    auto question = beneath_->history(std::move(kind), std::move(id), limit - found.size());
    std::vector<Document> older = co_await ask(std::move(question));
    std::move(older.begin(), older.end(), std::back_inserter(found));
  }
  found.resize(std::min(limit, found.size()));
  co_return found;
}

Async<std::vector<FeedEntry>> MemoryStore::feed(std::uint64_t after, std::size_t limit) {
  std::vector<FeedEntry> entries;
  for (const FeedEntry& entry : feed_) {
    if (entry.sequence > after && entries.size() < limit) entries.push_back(entry);
  }
  co_return entries;
}

Async<Store::FeedRange> MemoryStore::feed_range() {
  if (feed_.empty()) co_return FeedRange{};
  co_return FeedRange{feed_.front().sequence, feed_.back().sequence};
}

}  // namespace gennaker::store
