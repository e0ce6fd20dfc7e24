#include "clusters/clouds.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/logging.h"
#include "base/run_on.h"
#include "clusters/capabilities.h"
#include "clusters/nearest_name.h"

namespace gennaker::clusters {
namespace {

namespace asio = boost::asio;

/// Between two attempts to follow an account whose provider failed.
constexpr std::chrono::milliseconds first_pause{250}, longest_pause{15'000};

}  // namespace

struct Clouds::Home {
  model::Account account;
  CloudProvider* provider = nullptr;
  std::unique_ptr<asio::cancellation_signal> following = std::make_unique<asio::cancellation_signal>();
};

/// What the followers write and everybody reads; outlives Clouds while a follower still unwinds.
struct Clouds::Shelf {
  /// Fixed once started.
  std::map<std::string, Home, std::less<>> homes;
  std::function<void(const std::string&, std::uint64_t)> listener;
  std::atomic<bool> stopped = false;
  mutable std::mutex mutex;  // guards snapshots
  std::map<std::string, std::shared_ptr<const Snapshot>, std::less<>> snapshots;

  std::shared_ptr<const Snapshot> find(const std::string& account) const {
    const std::lock_guard lock(mutex);
    const auto found = snapshots.find(account);
    return found == snapshots.end() ? nullptr : found->second;
  }

  /// Called on the providers' executor only. A revision that was seen already changes nothing.
  std::shared_ptr<const Snapshot> publish(const std::string& account, Snapshot read) {
    auto snapshot = std::make_shared<const Snapshot>(std::move(read));
    {
      const std::lock_guard lock(mutex);
      auto& current = snapshots[account];
      if (current && current->revision >= snapshot->revision) return current;
      current = snapshot;
    }
    if (listener) listener(account, snapshot->revision);
    return snapshot;
  }

  std::uint64_t revision(const std::string& account) const {
    const auto known = find(account);
    return known ? known->revision : 0;
  }

  static Async<std::shared_ptr<const Snapshot>> read(std::shared_ptr<Shelf> shelf, CloudProvider* provider,
                                                     std::string account) {
    Snapshot snapshot = co_await provider->watch(account, 0);
    co_return shelf->publish(account, std::move(snapshot));
  }

  static Async<json::object> act(std::shared_ptr<Shelf> shelf, CloudProvider* provider,
                                 model::Operation operation) {
    const std::string account = operation.account;
    json::object answer = co_await provider->perform(std::move(operation));
    co_await read(shelf, provider, account);
    co_return answer;
  }

  static Async<void> follow(std::shared_ptr<Shelf> shelf, CloudProvider* provider, std::string account) {
    auto pause = first_pause;
    while (!shelf->stopped) {
      bool failed = false;
      try {
        Snapshot snapshot = co_await provider->watch(account, shelf->revision(account));
        shelf->publish(account, std::move(snapshot));
        pause = first_pause;
      } catch (const std::exception& error) {
        if (shelf->stopped) co_return;
        base::log::warn("account '{}': cannot follow its inventory: {}", account, error.what());
        failed = true;
      }
      if (!failed) continue;
      co_await base::sleep_for(pause);
      pause = std::min(2 * pause, longest_pause);
    }
  }
};

Clouds::Clouds(asio::any_io_executor executor)
    : executor_(std::move(executor)), shelf_(std::make_shared<Shelf>()) {}

Clouds::~Clouds() = default;

void Clouds::add(std::unique_ptr<CloudProvider> provider) {
  for (const model::Account& account : provider->accounts()) {
    const auto [place, added] = shelf_->homes.try_emplace(account.name);
    if (!added) {
      throw base::Error(
          base::Kind::invalid,
          fmt::format("account '{}' is configured twice, for '{}' and for '{}'; an account's name is unique",
                      account.name, place->second.account.provider, account.provider),
          {{"account", account.name}});
    }
    place->second.account = account;
    place->second.account.capabilities = provider->capabilities();
    place->second.provider = provider.get();
  }
  providers_.push_back(std::move(provider));
}

void Clouds::on_change(std::function<void(const std::string&, std::uint64_t)> listener) {
  shelf_->listener = std::move(listener);
}

Async<void> Clouds::start() {
  for (const auto& provider : providers_) {
    auto starting = provider->start();
    auto running_there = base::run_on(executor_, std::move(starting));
    co_await std::move(running_there);
  }
  for (const auto& [name, home] : shelf_->homes) {
    auto reading = Shelf::read(shelf_, home.provider, name);
    auto running_there = base::run_on(executor_, std::move(reading));
    co_await std::move(running_there);
    auto following = Shelf::follow(shelf_, home.provider, name);
    asio::co_spawn(executor_, std::move(following),
                   asio::bind_cancellation_slot(home.following->slot(), asio::detached));
  }
}

Async<void> Clouds::stop() {
  shelf_->stopped = true;
  auto end_following = [](std::shared_ptr<Shelf> shelf) -> Async<void> {
    for (const auto& [name, home] : shelf->homes) home.following->emit(asio::cancellation_type::terminal);
    co_return;
  };
  auto ending = end_following(shelf_);
  auto running_there = base::run_on(executor_, std::move(ending));
  co_await std::move(running_there);
  for (const auto& provider : providers_) {
    auto stopping = provider->stop();
    auto running_there = base::run_on(executor_, std::move(stopping));
    co_await std::move(running_there);
  }
}

const Clouds::Home& Clouds::home_of(const std::string& account) const {
  const auto found = shelf_->homes.find(account);
  if (found != shelf_->homes.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, home] : shelf_->homes) known.push_back(name);
  throw base::Error(base::Kind::invalid,
                    fmt::format("account '{}' is not configured{}", account, suggestion(account, known)),
                    {{"account", account}});
}

std::vector<model::Account> Clouds::accounts() const {
  std::vector<model::Account> all;
  for (const auto& [name, home] : shelf_->homes) all.push_back(home.account);
  return all;
}

const model::Account& Clouds::account(const std::string& name) const {
  return home_of(name).account;
}

void Clouds::expect_can(const std::string& account, std::string_view kind) const {
  const model::Account& known = home_of(account).account;
  if (can(known.capabilities, kind)) return;
  throw base::Error(
      base::Kind::invalid,
      fmt::format("cloudProvider: '{}' (account '{}') has no operation '{}'", known.provider, account, kind),
      {{"field", "cloudProvider"}, {"account", account}});
}

std::shared_ptr<const Snapshot> Clouds::snapshot(const std::string& account) const {
  home_of(account);
  if (auto found = shelf_->find(account)) return found;
  throw base::Error(base::Kind::unavailable, fmt::format("account '{}' has not been read yet", account),
                    {{"account", account}});
}

Async<std::shared_ptr<const Snapshot>> Clouds::fresh_snapshot(std::string account) {
  auto reading = Shelf::read(shelf_, home_of(account).provider, account);
  auto running_there = base::run_on(executor_, std::move(reading));
  co_return co_await std::move(running_there);
}

Async<json::object> Clouds::perform(model::Operation operation) {
  CloudProvider* provider = home_of(operation.account).provider;
  expect_can(operation.account, operation.kind);
  const model::Account& account = home_of(operation.account).account;
  if (!can(account.capabilities, operation)) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("desiredPercentage: '{}' (account '{}') moves the traffic of whole server "
                                  "groups only",
                                  account.provider, account.name),
                      {{"field", "desiredPercentage"}, {"account", account.name}});
  }
  auto acting = Shelf::act(shelf_, provider, std::move(operation));
  auto running_there = base::run_on(executor_, std::move(acting));
  co_return co_await std::move(running_there);
}

Async<json::object> CloudProvider::bake_inputs(model::Operation) {
  co_return json::object();
}

Async<json::object> Clouds::bake_inputs(model::Operation operation) {
  CloudProvider* provider = home_of(operation.account).provider;
  expect_can(operation.account, operation.kind);
  auto asking = provider->bake_inputs(std::move(operation));
  auto running_there = base::run_on(executor_, std::move(asking));
  co_return co_await std::move(running_there);
}

Async<std::string> CloudProvider::job_file(std::string account, std::string job_id, std::string name) {
  throw base::Error(
      base::Kind::not_found,
      fmt::format("account '{}' keeps no files of jobs: there is no '{}' of '{}'", account, name, job_id));
  co_return std::string();  // makes it a coroutine
}

Async<std::string> Clouds::job_file(std::string account, std::string job_id, std::string name) {
  CloudProvider* provider = home_of(account).provider;
  auto asking = provider->job_file(std::move(account), std::move(job_id), std::move(name));
  auto running_there = base::run_on(executor_, std::move(asking));
  co_return co_await std::move(running_there);
}

Async<std::string> Clouds::console_output(std::string account, std::string id) {
  CloudProvider* provider = home_of(account).provider;
  auto asking = provider->console_output(std::move(account), std::move(id));
  auto running_there = base::run_on(executor_, std::move(asking));
  co_return co_await std::move(running_there);
}

}  // namespace gennaker::clusters
