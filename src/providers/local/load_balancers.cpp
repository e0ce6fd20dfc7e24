#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "providers/local/account.h"
#include "providers/local/files.h"
#include "providers/local/ports.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;

constexpr milliseconds between_reconciles{500};
constexpr milliseconds between_drain_looks{50};
// How long an operation puts up with a HAProxy that is being restarted.
constexpr int restart_tries = 30;
constexpr milliseconds between_restart_tries{200};
// After the drain time-out: for cutting what is left, and for idle connections to be purged.
constexpr milliseconds patience_for_purge{3'000};

}  // namespace

haproxy::Configuration Account::wanted() const {
  haproxy::Configuration configuration;
  for (const auto& [name, balancer] : load_balancers_) {
    haproxy::Proxy proxy{.name = name,
                         .bind = balancer.settings.bind,
                         .port = balancer.settings.port,
                         .check_path = balancer.settings.check_path};
    for (const auto& [group_name, running] : groups_) {
      const Group& group = running->group;
      const auto& attached = group.load_balancers;
      if (group.disabled || group.stage != GroupStage::active) continue;
      if (std::find(attached.begin(), attached.end(), name) == attached.end()) continue;
      for (const InstanceRecord& record : group.instances) {
        const auto instance = running->instances.find(record.index);
        if (record.retiring || record.renewing || is_without(record, name)) continue;
        if (instance == running->instances.end()) continue;
        if (!instance->second->in_service()) continue;
        proxy.servers.push_back({.name = haproxy::server_name(group.instance_id(record.index)),
                                 .address = options_.address,
                                 .port = record.port});
      }
    }
    configuration.proxies.push_back(std::move(proxy));
  }
  return configuration;
}

Async<void> Account::reconcile() {
  const auto view = balancer_.view();
  const auto lingering = balancer_.lingering();
  const bool running = balancer_.running();
  Balancer::Wanted configuration = [this] { return wanted(); };
  co_await balancer_.reconcile(std::move(configuration));
  const auto noticeable = [](const auto& all) {
    std::map<std::string, bool> states;
    for (const auto& [proxy, servers] : all) {
      for (const auto& [name, server] : servers) states[proxy + "/" + name] = server.up && !server.draining;
    }
    return states;
  };
  const bool same = noticeable(view) == noticeable(balancer_.view()) && running == balancer_.running() &&
                    lingering.size() == balancer_.lingering().size();
  if (same) co_return;
  ++revision_;
  revised_.notify();
}

/// As reconcile(), but gives a HAProxy that was killed the time to come back.
Async<void> Account::reconcile_soon() {
  for (int tries = 0;; ++tries) {
    try {
      co_await reconcile();
      co_return;
    } catch (const Error& error) {
      const bool passing = error.worth_retrying() || error.kind() == Kind::not_found;
      if (!passing || tries == restart_tries) throw;
    }
    balancer_.expect_program();
    expect_running();
    co_await base::sleep_for(between_restart_tries);
  }
}

Async<void> Account::keep_reconciled(Account* self) {
  while (!self->stopped_) {
    std::string complaint;
    self->unreconciled_ = false;
    try {
      co_await self->reconcile();
    } catch (const Error& error) {
      complaint = error.what();
    }
    if (complaint != self->last_complaint_ && !complaint.empty()) {
      base::log::warn("account '{}': load balancers: {}", self->account_.name, complaint);
    }
    self->last_complaint_ = complaint;
    if (self->stopped_) break;
    if (self->unreconciled_ && complaint.empty()) continue;
    // Ended early by a change.
    self->reconcile_timer_.expires_after(between_reconciles);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->reconcile_timer_.async_wait(token);
  }
  self->reconciling_ = false;
  self->reconciling_ended_.notify();
}

Async<bool> Account::drain(std::set<std::string> servers, milliseconds patience) {
  if (load_balancers_.empty()) co_return true;
  const auto left = [this, &servers] {
    int requests = 0;
    bool any = false;
    for (const auto& [name, connections] : balancer_.lingering()) {
      if (!servers.contains(name)) continue;
      any = true;
      requests += connections;
    }
    return std::pair(any, requests);
  };
  const base::TimePoint start = ground_.clock.now();
  for (;;) {
    expect_running();
    co_await reconcile_soon();
    if (!left().first) co_return true;
    if (ground_.clock.now() - start >= patience) break;
    co_await base::sleep_for(between_drain_looks);
  }
  const bool drained = left().second == 0;
  balancer_.cut(servers);
  const base::TimePoint cut = ground_.clock.now();
  while (ground_.clock.now() - cut < patience_for_purge) {
    co_await reconcile_soon();
    if (!left().first) break;
    co_await base::sleep_for(between_drain_looks);
  }
  co_return drained;
}

Async<void> Account::save_load_balancers() {
  json::object document;
  for (const auto& [name, balancer] : load_balancers_) document[name] = balancer.raw_settings;
  auto work = [path = directory_ + "/load-balancers.json", text = base::to_pretty_text(document)] {
    write_atomically(path, text);
  };
  co_await on_pool(std::move(work));
}

Async<json::object> Account::upsert_load_balancer(model::Operation operation) {
  const std::string name = base::string_or(operation.what, "name", "");
  if (!haproxy::is_proxy_name(name)) {
    throw Error(Kind::invalid,
                fmt::format("name: '{}' may hold letters, digits, '.', '_' and '-', 1 to 100 of them", name),
                {{"field", "name"}});
  }
  const auto* settings = base::find_object(operation.what, "settings");
  const json::object raw = settings != nullptr ? *settings : json::object();
  const LoadBalancer wished{name, raw, load_balancer_settings_of(raw)};
  balancer_.expect_program();

  const auto turn = co_await load_balancer_turn_.take();
  const auto known = load_balancers_.find(name);
  const std::optional<LoadBalancer> before =
      known == load_balancers_.end() ? std::nullopt : std::optional(known->second);
  for (const auto& [other, balancer] : load_balancers_) {
    if (other == name || balancer.settings.port != wished.settings.port) continue;
    throw Error(Kind::conflict,
                fmt::format("settings.port: {} is taken by load balancer '{}' of account '{}'",
                            wished.settings.port, other, account_.name));
  }
  const bool moves = !before || before->settings.port != wished.settings.port;
  if (moves) {
    auto work = [place = wished.settings]() -> std::string {
      const auto refused = refuse_port(place.bind, place.port);
      return refused
                 ? fmt::format("{}:{}: {}{}", place.bind, place.port, *refused, holder_of_port(place.port))
                 : "";
    };
    const std::string refused = co_await on_pool(std::move(work));
    if (!refused.empty()) {
      throw Error(Kind::conflict,
                  fmt::format("settings.port: load balancer '{}' cannot listen on {}", name, refused));
    }
  }
  load_balancers_.insert_or_assign(name, wished);
  std::exception_ptr failed;
  try {
    co_await save_load_balancers();
    co_await reconcile_soon();
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    load_balancers_.erase(name);
    if (before) load_balancers_.emplace(name, *before);
    co_await save_load_balancers();
    changed();
    std::rethrow_exception(failed);
  }
  changed();
  co_return json::object{{"loadBalancerName", name}, {"region", "local"}};
}

Async<json::object> Account::delete_load_balancer(model::Operation operation) {
  const std::string name = base::string_or(operation.what, "name", "");
  const auto turn = co_await load_balancer_turn_.take();
  const auto known = load_balancers_.find(name);
  if (known == load_balancers_.end()) co_return json::object();
  for (const auto& [group_name, running] : groups_) {
    const auto& attached = running->group.load_balancers;
    if (std::find(attached.begin(), attached.end(), name) == attached.end()) continue;
    throw Error(Kind::conflict, fmt::format("load balancer '{}' of account '{}' is used by server group '{}'",
                                            name, account_.name, group_name));
  }
  load_balancers_.erase(known);
  co_await save_load_balancers();
  co_await reconcile_soon();
  changed();
  co_return json::object();
}

}  // namespace gennaker::providers::local
