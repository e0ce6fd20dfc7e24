#include "runner/runner.h"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <functional>

#include "base/error.h"
#include "base/for_each.h"
#include "base/logging.h"
#include "base/retry.h"
#include "base/run_on.h"
#include "runner/mailroom.h"
#include "runner/shard.h"

namespace gennaker::runner {

namespace asio = boost::asio;

namespace {

/// Each is a question to the store, which others ask, too.
constexpr std::size_t taken_up_at_a_time = 4;

}  // namespace

std::string execution_word(std::string_view execution_id) {
  return "execution/" + std::string(execution_id);
}
std::string inventory_word(std::string_view account) {
  return "inventory/" + std::string(account);
}

Runner::Runner(RunnerParts parts, int shards) : parts_(parts) {
  for (int i = 0; i < std::max(shards, 1); ++i) {
    shards_.push_back(std::make_unique<Shard>(
        parts_, on_end_, on_slot_, [this](std::string word) { wake(std::move(word)); }, nullptr));
  }
  begin();
}

Runner::Runner(RunnerParts parts, const asio::any_io_executor& executor) : parts_(parts) {
  shards_.push_back(std::make_unique<Shard>(
      parts_, on_end_, on_slot_, [this](std::string word) { wake(std::move(word)); }, &executor));
  begin();
}

void Runner::begin() {
  mailroom_ = std::make_unique<Mailroom>(
      parts_, shards_.front()->executor(),
      [this](store::Command command) { return carry_out(std::move(command)); },
      [this](const std::string& config_id) {
        if (on_slot_) on_slot_(config_id);
      });
}

Runner::~Runner() {
  stop();
  mailroom_.reset();
  for (const auto& shard : shards_) shard->let_go();
}

void Runner::on_end(std::function<void(const model::Execution&)> listener) {
  on_end_ = std::move(listener);
}

void Runner::on_slot(std::function<void(const std::string&)> listener) {
  on_slot_ = std::move(listener);
}

void Runner::on_inherit(std::function<void()> listener) {
  on_inherit_ = std::move(listener);
}

Runner::Shard& Runner::shard_of(std::string_view execution_id) {
  return *shards_[std::hash<std::string_view>{}(execution_id) % shards_.size()];
}

void Runner::watch_store() {
  store::Watcher watcher;
  watcher.mail = [this] { mailroom_->look(); };
  watcher.inherited = [this](std::vector<std::string> ids) { inherit_soon(std::move(ids)); };
  watcher.lost = [this](store::Lease lease) {
    for (const auto& shard : shards_)
      asio::post(shard->executor(), [&shard = *shard, lease] { shard.forget(lease); });
  };
  parts_.store.watch(std::move(watcher));
  watches_ = true;
}

Async<void> Runner::start() {
  watch_store();  // before the look: what comes later is told
  std::vector<std::string> ids = co_await parts_.store.unfinished_executions();
  if (!ids.empty()) base::log::info("taking up {} unfinished executions", ids.size());
  inherit_soon(std::move(ids));
}

void Runner::inherit_soon(std::vector<std::string> execution_ids) {
  asio::co_spawn(shards_.front()->executor(), inherit(std::move(execution_ids)), asio::detached);
}

Async<void> Runner::take_up(std::string execution_id) {
  Shard& shard = shard_of(execution_id);
  auto taking_up = shard.take_up(std::move(execution_id));
  auto running_there = base::run_on(shard.executor(), std::move(taking_up));
  co_await std::move(running_there);
}

/// One that cannot be read keeps none of the others from going on.
Async<void> Runner::inherit(std::vector<std::string> execution_ids) {
  auto until_taken_up = [this](std::string id) {
    return base::until_it_works(parts_.clock, fmt::format("execution {} cannot be taken up now", id),
                                [this, id] { return take_up(id); });
  };
  auto taking_up = base::for_each(std::move(execution_ids), taken_up_at_a_time, std::move(until_taken_up));
  co_await std::move(taking_up);
  mailroom_->look();
  if (on_inherit_) on_inherit_();
}

void Runner::stop() {
  if (std::exchange(watches_, false)) parts_.store.watch({});
  for (const auto& shard : shards_) shard->stop();
}

Async<void> Runner::accept(model::Execution execution, std::vector<store::Claim> claims) {
  return accept(std::move(execution), true, std::move(claims));
}

Async<void> Runner::accept_waiting(model::Execution execution, std::vector<store::Claim> claims) {
  return accept(std::move(execution), false, std::move(claims));
}

Async<void> Runner::accept(model::Execution execution, bool start, std::vector<store::Claim> claims) {
  Shard& shard = shard_of(execution.id);
  auto accepting = shard.accept(std::move(execution), start, std::move(claims));
  auto running_there = base::run_on(shard.executor(), std::move(accepting));
  co_await std::move(running_there);
}

Async<void> Runner::tell(std::string execution_id, engine::Event event) {
  Shard& shard = shard_of(execution_id);
  auto telling = shard.tell(execution_id, event);
  auto running_there = base::run_on(shard.executor(), std::move(telling));
  if (co_await std::move(running_there)) co_return;
  auto asking = mailroom_->ask(std::move(execution_id), std::move(event));
  co_await std::move(asking);
}

Async<bool> Runner::carry_out(store::Command command) {
  Shard& shard = shard_of(command.execution_id);
  auto carrying_out = shard.carry_out_command(std::move(command));
  auto running_there = base::run_on(shard.executor(), std::move(carrying_out));
  co_return co_await std::move(running_there);
}

void Runner::wake(std::string word) {
  for (const auto& shard : shards_) {
    asio::post(shard->executor(), [&shard = *shard, word] { shard.wake(word); });
  }
}

}  // namespace gennaker::runner
