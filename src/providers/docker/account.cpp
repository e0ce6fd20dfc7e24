#include "providers/docker/account.h"

#include <algorithm>
#include <boost/asio/detached.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "providers/docker/labels.h"
#include "providers/docker/records.h"
#include "providers/shim/files.h"

namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

constexpr int console_lines = 500;
/// A host that is silent must not keep the server from answering for everything else.
constexpr milliseconds most_wait_at_start{1'000};
constexpr milliseconds between_contact_looks{10};
constexpr std::size_t console_bytes = 64 * 1024;
/// Longer than another server takes to start an instance anew.
constexpr std::chrono::seconds missing_patience{15};

std::vector<engine::ContainerSummary> containers_of(const Host& host) {
  std::vector<engine::ContainerSummary> containers;
  for (const auto& [name, container] : host.containers()) containers.push_back(container);
  return containers;
}

/// The last lines; of a long one its end.
Async<std::string> read_log(std::shared_ptr<Host> host, std::string container) {
  const engine::LogOptions options{.tail = console_lines};
  auto log = co_await host->engine().container_logs(container, options);
  std::string text;
  for (;;) {
    const auto piece = co_await log.next();
    if (!piece) break;
    text += piece->text;
    if (text.size() > 2 * console_bytes) text.erase(0, text.size() - console_bytes);
  }
  if (text.size() > console_bytes) text.erase(0, text.size() - console_bytes);
  co_return text;
}

}  // namespace

Account::Account(const Ground& ground, const DockerOptions& options, DockerAccount account, net::Client& http,
                 bakery::BakeLog& bake_log)
    : ground_(ground),
      options_(options),
      account_(std::move(account)),
      bake_log_(bake_log),
      load_balancers_(ground,
                      {.account = account_.name,
                       .provider = "docker",
                       .region = account_.hosts.front().region,
                       .directory = fmt::format("{}/docker/{}", options.data_directory, account_.name),
                       .haproxy = options.haproxy,
                       .search_path = options.search_path},
                      {.servers = [this](const std::string& name) { return servers_of(name); },
                       .user = [this](const std::string& name) { return user_of(name); },
                       .on_change = [this] { publish(); }}) {
  for (const DockerHost& host : account_.hosts) {
    hosts_[host.name] = std::make_shared<Host>(Host::Setup{.executor = ground.executor,
                                                           .clock = ground.clock,
                                                           .http = http,
                                                           .host = host,
                                                           .account = account_.name},
                                               [this, name = host.name] { heed(name); });
  }
}

model::Account Account::describe() const {
  return {.name = account_.name,
          .provider = "docker",
          .environment = account_.environment,
          .regions = regions(),
          .pulls_images = true};
}

std::vector<std::string> Account::regions() const {
  std::vector<std::string> regions;
  for (const DockerHost& host : account_.hosts) {
    if (std::find(regions.begin(), regions.end(), host.region) == regions.end())
      regions.push_back(host.region);
  }
  return regions;
}

Async<void> Account::start() {
  auto work = [this] {
    make_directories(fmt::format("{}/docker/{}", options_.data_directory, account_.name));
    return load_balancers_.read();
  };
  const auto loaded = co_await base::run_blocking(ground_.pool, std::move(work));
  load_balancers_.adopt(loaded);
  had_traffic_ = loaded.had_traffic;
  for (const auto& [name, host] : hosts_) host->begin();
  co_await first_contacts(most_wait_at_start);
  started_ = true;
  adopt_records();
  changed();
  ++ending_;
  asio::co_spawn(ground_.executor, begin_balancing(this), asio::detached);
}

/// Until every host has answered or has been given up once.
Async<void> Account::first_contacts(milliseconds patience) {
  const auto untried = [this] {
    return std::any_of(hosts_.begin(), hosts_.end(), [](const auto& host) { return !host.second->tried(); });
  };
  for (milliseconds waited{0}; !stopped_ && untried() && waited < patience; waited += between_contact_looks)
    co_await base::sleep_for(between_contact_looks);
}

/// HAProxy goes on with what it has until it is known what is to have traffic: a host that is slow to answer
/// must not lose its own.
Async<void> Account::begin_balancing(Account* self) {
  co_await self->first_contacts(milliseconds::max());
  if (!self->stopped_) self->load_balancers_.begin();
  --self->ending_;
  self->background_ended_.notify();
}

Async<void> Account::stop() {
  stopped_ = true;
  load_balancers_.stop_soon();
  // Operations end by themselves, and may ask hosts until then.
  co_await operation_turns_.all_ended();
  while (tidying_) co_await background_ended_.wait();
  co_await load_balancers_.stop();
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) co_await instance->end();
  }
  while (ending_ > 0) co_await background_ended_.wait();
  for (const auto& [name, host] : hosts_) host->stop_soon();
  for (const auto& [name, host] : hosts_) co_await host->stop();
  revised_.notify();
}

/// A host has looked at its engine, or has not been able to.
void Account::heed(const std::string& host) {
  if (!started_ || stopped_) return;
  adopt_records();
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) {
      if (instance->host().name() == host) instance->look_again();
    }
  }
  changed();
  tidy_soon();
}

/// What records say counts, whoever wrote them: another server may work with the same account.
void Account::adopt_records() {
  std::vector<HostContainers> found;
  for (const auto& [name, host] : hosts_) {
    if (host->reachable()) found.push_back({.host = name, .containers = containers_of(*host)});
  }
  std::vector<std::string> complaints;
  std::set<std::string> recorded;
  for (const auto& [name, group] : read_records(found, complaints)) {
    recorded.insert(name);
    adopt(group.group);
  }
  for (const std::string& complaint : complaints) {
    if (complaints_.insert(complaint).second)
      base::log::error("account '{}': {}; it is left alone", account_.name, complaint);
  }
  forget_lost_groups(recorded);
}

void Account::adopt(const Group& group) {
  auto& running = groups_[group.name];
  if (!running) running = std::make_shared<RunningGroup>();
  if (running->operations > 0 || running->group.revision >= group.revision) return;
  running->group = group;
  watch_instances(*running);
}

/// Removed by somebody else. While a host does not answer, nothing can be said of the groups that it may
/// hold.
void Account::forget_lost_groups(const std::set<std::string>& recorded) {
  std::vector<std::string> lost;
  for (const auto& [name, running] : groups_) {
    if (recorded.contains(name) || running->operations > 0) continue;
    const bool all_answer = std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
      return host.second->region() != running->group.region || host.second->reachable();
    });
    if (all_answer) lost.push_back(name);
  }
  for (const std::string& name : lost) {
    drop(*groups_.at(name));
    groups_.erase(name);
  }
}

/// As many watchers as records: new ones begin, those of instances that are gone end.
void Account::watch_instances(RunningGroup& running) {
  std::vector<int> gone;
  for (const auto& [index, instance] : running.instances) {
    const InstanceRecord* record = running.group.find(index);
    const bool same = record != nullptr && record->stage != InstanceStage::gone &&
                      record->host == instance->host().name() && record->port == instance->port();
    if (!same) gone.push_back(index);
  }
  for (const int index : gone) {
    ++ending_;
    auto ending = [](Account* self, std::shared_ptr<Instance> instance) -> Async<void> {
      co_await instance->end();
      --self->ending_;
      self->background_ended_.notify();
    };
    asio::co_spawn(ground_.executor, ending(this, running.instances.at(index)), asio::detached);
    running.instances.erase(index);
  }
  for (const InstanceRecord& record : running.group.instances) {
    if (record.stage != InstanceStage::gone) watch_instance(running, record);
  }
  const GroupStage stage = running.group.stage;
  for (const auto& [index, instance] : running.instances) {
    const InstanceRecord* record = running.group.find(index);
    instance->keep_running(stage == GroupStage::active && record->stage == InstanceStage::live);
  }
}

void Account::watch_instance(RunningGroup& running, const InstanceRecord& record) {
  const HostPointer host = find_host(record.host);
  if (!host || running.instances.contains(record.index)) return;
  const Group& group = running.group;
  const std::string id = group.instance_id(record.index);
  Instance::Setup setup{.executor = ground_.executor,
                        .clock = ground_.clock,
                        .id = id,
                        .container = instance_container(account_.name, group.name, record.index),
                        .host = host,
                        .port = record.port,
                        .health_check = group.settings.health_check,
                        .first_restart_delay = group.settings.first_restart_delay,
                        .longest_restart_delay = group.settings.longest_restart_delay,
                        .restart_reset_after = group.settings.restart_reset_after,
                        .presumed_up = had_traffic_.contains(haproxy::server_name(id))};
  auto instance = std::make_shared<Instance>(std::move(setup), [this] { changed(); });
  running.instances[record.index] = instance;
  instance->begin();
}

void Account::drop(RunningGroup& running) {
  running.group.instances.clear();
  watch_instances(running);
}

void Account::tidy_soon() {
  if (tidying_ || stopped_) return;
  bool needed = false;
  for (const auto& [name, running] : groups_) {
    note_missing(*running);
    needed = needed || (running->operations == 0 && can_be_tidied(*running));
  }
  if (!needed) return;
  tidying_ = true;
  asio::co_spawn(ground_.executor, tidy(this), asio::detached);
}

/// Whether something of it is left that can be removed now.
bool Account::can_be_tidied(const RunningGroup& running) const {
  const Group& group = running.group;
  if (group.stage == GroupStage::gone) {
    return std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
      return entry.second->region() != group.region || entry.second->reachable();
    });
  }
  return group.stage == GroupStage::active &&
         std::any_of(group.instances.begin(), group.instances.end(), [&](const InstanceRecord& one) {
           return (one.stage == InstanceStage::gone && is_within_reach(one)) || is_long_missing(running, one);
         });
}

void Account::note_missing(RunningGroup& running) {
  std::map<int, base::TimePoint> missing;
  const bool settled = running.operations == 0 && running.group.stage == GroupStage::active;
  for (const InstanceRecord& record : running.group.instances) {
    if (!settled || record.stage != InstanceStage::live || !answers(record)) continue;
    const std::string container = instance_container(account_.name, running.group.name, record.index);
    if (find_host(record.host)->find(container) != nullptr) continue;
    const auto known = running.missing.find(record.index);
    missing[record.index] = known == running.missing.end() ? ground_.clock.now() : known->second;
  }
  running.missing = std::move(missing);
}

/// Not at once: another server may be starting it anew.
bool Account::is_long_missing(const RunningGroup& running, const InstanceRecord& record) const {
  const auto known = running.missing.find(record.index);
  return known != running.missing.end() && answers(record) &&
         ground_.clock.now() - known->second >= missing_patience;
}

void Account::changed() {
  if (!started_ || stopped_) return;
  if (publish()) load_balancers_.note_change();
}

Async<clusters::Snapshot> Account::watch(std::uint64_t known) {
  while (revision_ == known && !stopped_) co_await revised_.wait();
  expect_running();
  co_return clusters::Snapshot{.revision = revision_,
                               .server_groups = published_groups_.list(),
                               .load_balancers = published_balancers_.list(),
                               .images = published_images_.list(),
                               .jobs = published_jobs_.list()};
}

void Account::expect_running() const {
  if (stopped_) throw Error(Kind::unavailable, fmt::format("account '{}' is being stopped", account_.name));
}

Async<json::object> Account::perform(model::Operation operation) {
  expect_running();
  auto taking = operation_turns_.take(operation.key);
  const auto slot = co_await std::move(taking);
  co_await first_contacts(milliseconds::max());
  co_await look_at_hosts();
  expect_running();
  if (const auto earlier = earlier_answer(operation)) co_return *earlier;
  json::object answer = co_await carry_out(std::move(operation));
  co_return answer;
}

/// What another server did a moment ago counts, too.
Async<void> Account::look_at_hosts() {
  std::vector<Async<void>> looks;
  auto look = [](HostPointer host) -> Async<void> {
    try {
      co_await host->look();
    } catch (const Error& error) {
      base::log::debug("host '{}': {}", host->name(), error.what());
    }
  };
  for (const auto& [name, host] : hosts_) {
    if (host->reachable()) looks.push_back(look(host));
  }
  co_await all_of(std::move(looks));
}

Async<json::object> Account::carry_out(model::Operation operation) {
  const std::string& kind = operation.kind;
  if (kind == clusters::create_server_group_kind) return create(std::move(operation));
  if (kind == clusters::resize_server_group_kind) return resize(std::move(operation));
  if (kind == clusters::enable_server_group_kind) return enable(std::move(operation));
  if (kind == clusters::disable_server_group_kind) return disable(std::move(operation));
  if (kind == clusters::destroy_server_group_kind) return destroy(std::move(operation));
  if (kind == clusters::update_launch_kind) return update_launch(std::move(operation));
  if (kind == clusters::terminate_instances_kind) return renew(std::move(operation), Renewal::replace);
  if (kind == clusters::reboot_instances_kind) return renew(std::move(operation), Renewal::reboot);
  if (kind == clusters::terminate_and_decrement_kind) return terminate_and_decrement(std::move(operation));
  if (kind == clusters::register_instances_kind) return set_traffic(std::move(operation), Traffic::give);
  if (kind == clusters::deregister_instances_kind) return set_traffic(std::move(operation), Traffic::take);
  if (kind == clusters::tag_server_group_kind) return tag_group(std::move(operation));
  if (kind == clusters::upsert_load_balancer_kind) {
    region_of(operation.what);
    return load_balancers_.upsert(std::move(operation));
  }
  if (kind == clusters::delete_load_balancer_kind) return load_balancers_.remove(std::move(operation));
  if (kind == clusters::bake_kind) return bake(std::move(operation));
  if (kind == clusters::run_job_kind) return run_job(std::move(operation));
  if (kind == clusters::cancel_job_kind) return cancel_job(std::move(operation));
  throw Error(Kind::invalid, fmt::format("provider 'docker' has no operation '{}'", kind));
}

std::optional<json::object> Account::earlier_answer(const model::Operation& operation) const {
  const auto running = groups_.find(clusters::server_group_of(operation).name);
  if (running == groups_.end()) return std::nullopt;
  const DoneOperation* done = running->second->group.find_done(operation.key);
  return done == nullptr ? std::nullopt : std::optional(done->answer);
}

std::string Account::region_of(const json::object& what) const {
  const std::string region = base::string_or(what, "region", "");
  const auto known = regions();
  if (region.empty() && known.size() == 1) return known.front();
  if (std::find(known.begin(), known.end(), region) != known.end()) return region;
  throw Error(Kind::invalid,
              fmt::format("region: account '{}' has no region '{}'; it has: {}", account_.name, region,
                          fmt::join(known, ", ")),
              {{"field", "region"}});
}

std::vector<Account::HostPointer> Account::reachable_hosts(const std::string& region) const {
  std::vector<HostPointer> hosts;
  std::string why;
  for (const auto& [name, host] : hosts_) {
    if (host->region() != region) continue;
    if (host->reachable()) hosts.push_back(host);
    if (!host->reachable()) why += fmt::format("; {}: {}", host->why_unreachable(), host->last_failure());
  }
  if (!hosts.empty()) return hosts;
  throw Error(Kind::unavailable,
              fmt::format("account '{}': no host of region '{}' answers{}", account_.name, region, why));
}

Account::HostPointer Account::find_host(const std::string& name) const {
  const auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : found->second;
}

Async<std::string> Account::console_output(std::string instance_id) {
  if (const HostPointer host = host_of_job(instance_id)) {
    auto log = read_log(host, job_container(account_.name, instance_id));
    co_return co_await std::move(log);
  }
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) {
      if (instance->id() != instance_id) continue;
      const HostPointer host = find_host(instance->host().name());
      const std::string container = instance_container(account_.name, name, index);
      auto log = read_log(host, container);
      co_return co_await std::move(log);
    }
  }
  throw Error(Kind::not_found, fmt::format("account '{}' has no instance '{}'", account_.name, instance_id));
}

}  // namespace gennaker::providers::docker
