#include "testing/shared_memory.h"

#include "testing/run_async.h"

namespace gennaker::testing {

using store::Command;
using store::Lease;

std::vector<std::string> SharedMemory::active() {
  return run_async(io_, store_.unfinished_executions());
}

std::vector<Command> SharedMemory::open_commands() {
  return run_async(io_, store_.commands());
}

Lease SharedMemory::owner_of(const std::string& execution_id) const {
  const auto found = owners_.find(execution_id);
  return found == owners_.end() ? 0 : found->second;
}

Lease SharedMemory::join() {
  there_.insert(++last_);
  take_over(last_);
  return last_;
}

std::vector<std::string> SharedMemory::take_over(Lease heir) {
  std::vector<std::string> taken;
  const std::vector<std::string> ids = active();
  for (const std::string& id : ids) {
    if (there_.contains(owner_of(id))) continue;
    owners_[id] = heir;
    taken.push_back(id);
  }
  const std::vector<Command> open = open_commands();
  for (const Command& command : open) {
    if (!there_.contains(owner_of(command.execution_id))) owners_[command.execution_id] = heir;
  }
  return taken;
}

void SharedMemory::commit(store::Changes changes) {
  if (!is_there(changes.lease)) throw store::LeaseLost();
  if (!keeps_feed_) changes.feed.clear();
  const Lease lease = changes.lease;
  std::vector<std::string> ids;
  if (lease != 0) {
    for (const store::ExecutionRow& row : changes.executions) ids.push_back(row.id);
  }
  const std::vector<std::string> removed = changes.removed_executions;
  auto committing = store_.commit(std::move(changes));
  run_async(io_, std::move(committing));
  for (const std::string& id : ids) owners_.try_emplace(id, lease);
  for (const std::string& id : removed) owners_.erase(id);
}

std::optional<Lease> SharedMemory::lease_on(Lease mine, const std::string& execution_id) {
  if (mine == 0) return mine;
  const auto found = owners_.find(execution_id);
  if (found == owners_.end() || found->second == mine) return mine;
  if (there_.contains(found->second)) return std::nullopt;
  if (!is_there(mine)) throw store::LeaseLost();
  found->second = mine;
  return mine;
}

std::vector<std::string> SharedMemory::unfinished(Lease mine) {
  std::vector<std::string> ids = active();
  if (mine != 0) std::erase_if(ids, [&](const std::string& id) { return owner_of(id) != mine; });
  return ids;
}

std::vector<Command> SharedMemory::commands(Lease mine) {
  std::vector<Command> open = open_commands();
  if (mine == 0) return open;
  std::erase_if(open, [&](const Command& command) {
    const auto found = owners_.find(command.execution_id);
    return found != owners_.end() && found->second != mine;
  });
  return open;
}

}  // namespace gennaker::testing
