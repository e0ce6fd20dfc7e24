#include "runner/runner.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/logging.h"
#include "base/run_on.h"
#include "runner/shard.h"

namespace gennaker::runner {

namespace asio = boost::asio;

std::string execution_word(std::string_view execution_id) {
  return "execution/" + std::string(execution_id);
}
std::string inventory_word(std::string_view account) {
  return "inventory/" + std::string(account);
}

Runner::Runner(RunnerParts parts, int shards) : parts_(parts) {
  for (int i = 0; i < std::max(shards, 1); ++i) {
    shards_.push_back(std::make_unique<Shard>(
        parts_, on_end_, [this](std::string word) { wake(std::move(word)); }, nullptr));
  }
}

Runner::Runner(RunnerParts parts, const asio::any_io_executor& executor) : parts_(parts) {
  shards_.push_back(std::make_unique<Shard>(
      parts_, on_end_, [this](std::string word) { wake(std::move(word)); }, &executor));
}

Runner::~Runner() {
  stop();
}

void Runner::on_end(std::function<void(const model::Execution&)> listener) {
  on_end_ = std::move(listener);
}

Runner::Shard& Runner::shard_of(std::string_view execution_id) {
  return *shards_[std::hash<std::string_view>{}(execution_id) % shards_.size()];
}

Async<void> Runner::start() {
  const std::vector<std::string> ids = co_await parts_.store.unfinished_executions();
  if (!ids.empty()) base::log::info("taking up {} unfinished executions", ids.size());
  for (const std::string& id : ids) {
    Shard& shard = shard_of(id);
    auto taking_up = shard.take_up(id);
    try {
      auto running_there = base::run_on(shard.executor(), std::move(taking_up));
      co_await std::move(running_there);
    } catch (const base::Error& error) {
      if (error.worth_retrying()) throw;
      // One that cannot be read must not keep all the others from going on.
      base::log::error("execution {} cannot be taken up: {}", id, error.what());
    }
  }
}

void Runner::stop() {
  for (const auto& shard : shards_) shard->stop();
}

Async<void> Runner::accept(model::Execution execution) {
  Shard& shard = shard_of(execution.id);
  auto accepting = shard.accept(std::move(execution), true);
  auto running_there = base::run_on(shard.executor(), std::move(accepting));
  co_await std::move(running_there);
}

Async<void> Runner::accept_waiting(model::Execution execution) {
  Shard& shard = shard_of(execution.id);
  auto accepting = shard.accept(std::move(execution), false);
  auto running_there = base::run_on(shard.executor(), std::move(accepting));
  co_await std::move(running_there);
}

Async<void> Runner::tell(std::string execution_id, engine::Event event) {
  Shard& shard = shard_of(execution_id);
  auto telling = shard.tell(std::move(execution_id), std::move(event));
  auto running_there = base::run_on(shard.executor(), std::move(telling));
  co_await std::move(running_there);
}

void Runner::wake(std::string word) {
  for (const auto& shard : shards_) {
    asio::post(shard->executor(), [&shard = *shard, word] { shard.wake(word); });
  }
}

}  // namespace gennaker::runner
