#include "providers/haproxy/load_balancers.h"

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/naming.h"
#include "providers/haproxy/ports.h"
#include "providers/shim/files.h"

namespace gennaker::providers {
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

LoadBalancers::LoadBalancers(const Ground& ground, Setup setup, Groups groups)
    : ground_(ground),
      setup_(std::move(setup)),
      groups_(std::move(groups)),
      balancer_(ground, setup_.directory + "/haproxy", setup_.haproxy, setup_.search_path),
      timer_(ground.executor) {}

LoadBalancers::Loaded LoadBalancers::read() const {
  Loaded loaded{.definitions = read_json_file(setup_.directory + "/load-balancers.json")};
  for (const auto& [proxy, servers] : balancer_.servers_on_file())
    loaded.had_traffic.merge(std::set(servers));
  return loaded;
}

void LoadBalancers::adopt(const Loaded& loaded) {
  if (!loaded.definitions) return;
  for (const auto& member : *loaded.definitions) {
    const json::object& settings = member.value().as_object();
    const std::string name(member.key());
    all_.emplace(name, LoadBalancer{name, settings, load_balancer_settings_of(settings)});
  }
}

void LoadBalancers::begin() {
  reconciling_ = true;
  asio::co_spawn(ground_.executor, keep_reconciled(this), asio::detached);
}

void LoadBalancers::stop_soon() {
  stopped_ = true;
  timer_.cancel();
}

Async<void> LoadBalancers::stop() {
  stop_soon();
  while (reconciling_) co_await reconciling_ended_.wait();
}

void LoadBalancers::note_change() {
  unreconciled_ = true;
  timer_.cancel();
}

void LoadBalancers::expect_running() const {
  if (stopped_) throw Error(Kind::unavailable, fmt::format("account '{}' is being stopped", setup_.account));
}

void LoadBalancers::expect(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    if (all_.contains(name)) continue;
    throw Error(Kind::not_found,
                fmt::format("loadBalancers: account '{}' has no load balancer '{}'", setup_.account, name),
                {{"field", "loadBalancers"}});
  }
}

std::vector<model::LoadBalancer> LoadBalancers::describe() const {
  std::vector<model::LoadBalancer> described;
  for (const auto& [name, balancer] : all_) {
    described.push_back({.name = name,
                         .account = setup_.account,
                         .provider = setup_.provider,
                         .region = setup_.region,
                         .moniker = clusters::parse_name(name),
                         .extra = {{"port", balancer.settings.port},
                                   {"bind", balancer.settings.bind},
                                   {"running", balancer_.running()}}});
  }
  return described;
}

model::HealthState LoadBalancers::without_traffic(const std::string& server) const {
  const auto lingering = balancer_.lingering().find(server);
  const bool drains = lingering != balancer_.lingering().end() && lingering->second > 0;
  return drains ? model::HealthState::draining : model::HealthState::out_of_service;
}

void LoadBalancers::judge(const std::string& server, const std::vector<std::string>& names,
                          model::Health& health) const {
  for (const std::string& name : names) {
    const auto proxy = balancer_.view().find(name);
    const bool known = proxy != balancer_.view().end() && proxy->second.contains(server);
    if (!known) {
      health.state = model::HealthState::starting;
      health.description = fmt::format("load balancer '{}' does not send it traffic yet", name);
    } else if (!proxy->second.at(server).up) {
      health.state = model::HealthState::down;
      health.description = fmt::format("load balancer '{}' finds it down", name);
    }
  }
}

haproxy::Configuration LoadBalancers::wanted() const {
  haproxy::Configuration configuration;
  for (const auto& [name, balancer] : all_) {
    configuration.proxies.push_back({.name = name,
                                     .bind = balancer.settings.bind,
                                     .port = balancer.settings.port,
                                     .check_path = balancer.settings.check_path,
                                     .servers = groups_.servers(name)});
  }
  return configuration;
}

Async<void> LoadBalancers::reconcile() {
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
  groups_.on_change();
}

/// As reconcile(), but gives a HAProxy that was killed the time to come back.
Async<void> LoadBalancers::reconcile_soon() {
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

Async<void> LoadBalancers::keep_reconciled(LoadBalancers* self) {
  while (!self->stopped_) {
    std::string complaint;
    self->unreconciled_ = false;
    try {
      co_await self->reconcile();
    } catch (const Error& error) {
      complaint = error.what();
    }
    if (complaint != self->last_complaint_ && !complaint.empty()) {
      base::log::warn("account '{}': load balancers: {}", self->setup_.account, complaint);
    }
    self->last_complaint_ = complaint;
    if (self->stopped_) break;
    if (self->unreconciled_ && complaint.empty()) continue;
    // Ended early by a change.
    self->timer_.expires_after(between_reconciles);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->timer_.async_wait(token);
  }
  self->reconciling_ = false;
  self->reconciling_ended_.notify();
}

Async<bool> LoadBalancers::drain(std::set<std::string> servers, milliseconds patience) {
  if (all_.empty()) co_return true;
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

Async<void> LoadBalancers::save() {
  json::object document;
  for (const auto& [name, balancer] : all_) document[name] = balancer.raw_settings;
  auto work = [path = setup_.directory + "/load-balancers.json", text = base::to_pretty_text(document)] {
    write_atomically(path, text);
  };
  co_await base::run_blocking(ground_.pool, std::move(work));
}

void LoadBalancers::expect_free(const LoadBalancer& wished) const {
  for (const auto& [other, balancer] : all_) {
    if (other == wished.name || balancer.settings.port != wished.settings.port) continue;
    throw Error(Kind::conflict,
                fmt::format("settings.port: {} is taken by load balancer '{}' of account '{}'",
                            wished.settings.port, other, setup_.account));
  }
}

Async<void> LoadBalancers::expect_port(LoadBalancer wished) {
  auto work = [place = wished.settings]() -> std::string {
    const auto refused = refuse_port(place.bind, place.port);
    return refused ? fmt::format("{}:{}: {}{}", place.bind, place.port, *refused, holder_of_port(place.port))
                   : "";
  };
  const std::string refused = co_await base::run_blocking(ground_.pool, std::move(work));
  if (refused.empty()) co_return;
  throw Error(Kind::conflict,
              fmt::format("settings.port: load balancer '{}' cannot listen on {}", wished.name, refused));
}

Async<json::object> LoadBalancers::upsert(model::Operation operation) {
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

  const auto turn = co_await turn_.take();
  const auto known = all_.find(name);
  const std::optional<LoadBalancer> before =
      known == all_.end() ? std::nullopt : std::optional(known->second);
  expect_free(wished);
  if (!before || before->settings.port != wished.settings.port) co_await expect_port(wished);
  all_.insert_or_assign(name, wished);
  std::exception_ptr failed;
  try {
    co_await save();
    co_await reconcile_soon();
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    all_.erase(name);
    if (before) all_.emplace(name, *before);
    co_await save();
    groups_.on_change();
    note_change();
    std::rethrow_exception(failed);
  }
  groups_.on_change();
  note_change();
  co_return json::object{{"loadBalancerName", name}, {"region", setup_.region}};
}

Async<json::object> LoadBalancers::remove(model::Operation operation) {
  const std::string name = base::string_or(operation.what, "name", "");
  const auto turn = co_await turn_.take();
  const auto known = all_.find(name);
  if (known == all_.end()) co_return json::object();
  if (const auto user = groups_.user(name)) {
    throw Error(Kind::conflict, fmt::format("load balancer '{}' of account '{}' is used by server group '{}'",
                                            name, setup_.account, *user));
  }
  all_.erase(known);
  co_await save();
  co_await reconcile_soon();
  groups_.on_change();
  note_change();
  co_return json::object();
}

}  // namespace gennaker::providers
