#include <algorithm>

#include "base/error.h"
#include "base/logging.h"
#include "providers/docker/account.h"
#include "providers/docker/container_spec.h"
#include "providers/docker/labels.h"
#include "providers/docker/records.h"
#include "providers/health/health_check.h"
#include "providers/settings/fields.h"

/// The part of Account that changes what is in the engines.
namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

constexpr milliseconds port_patience{500};

/// A loopback address is published there alone: nobody else has to see it.
std::string bind_address(const std::string& reachable_at) {
  return reachable_at.starts_with("127.") ? reachable_at : "";
}

/// The same error, with the instance and its host in front.
Error with_place(const Error& error, const std::string& instance, const std::string& host) {
  return {error.kind(), fmt::format("instance '{}' on host '{}': {}", instance, host, error.what()),
          error.details()};
}

}  // namespace

// --- records

Async<void> Account::write_record(HostPointer host, Group group) {
  const std::string name = record_container(account_.name, group.name, group.revision);
  engine::ContainerSpec spec = record_spec(account_.name, group);
  const engine::CreatedContainer created = co_await host->engine().create_container(name, std::move(spec));
  if (created.change == engine::Change::done) co_return;
  throw Error(
      Kind::conflict,
      fmt::format("host '{}' has revision {} of server group '{}' already: another server works on it",
                  host->name(), group.revision, group.name));
}

Async<void> Account::save(GroupPointer running, Group group) {
  const std::uint64_t before = running->group.revision;
  group.revision = before + 1;
  const std::vector<HostPointer> hosts = reachable_hosts(group.region);
  std::vector<HostPointer> written;
  std::optional<Error> first_failure;
  for (const HostPointer& host : hosts) {
    try {
      co_await have_image(host, group.image_id);
      co_await write_record(host, group);
      written.push_back(host);
    } catch (const Error& error) {
      // One that is there is enough: what a host misses, the others know.
      base::log::warn("server group '{}': host '{}' keeps no record: {}", group.name, host->name(),
                      error.what());
      if (!first_failure) first_failure = error;
      if (error.kind() == Kind::conflict) break;
    }
  }
  const bool another = first_failure && first_failure->kind() == Kind::conflict;
  if (another) {
    for (const HostPointer& host : written) {
      co_await remove_container(host, record_container(account_.name, group.name, group.revision));
    }
    throw Error(Kind::unavailable, first_failure->what());
  }
  if (written.empty()) throw *first_failure;
  running->group = group;
  watch_instances(*running);
  for (const HostPointer& host : written) co_await remove_older_records(host, group, before);
}

Async<void> Account::remove_older_records(HostPointer host, Group group, std::uint64_t before) {
  std::vector<engine::ContainerSummary> containers;
  for (const auto& [name, container] : host->containers()) containers.push_back(container);
  std::vector<std::string> older = outdated_records(containers, group.name, group.revision);
  // The last look may have been before it was written.
  if (before > 0) older.push_back(record_container(account_.name, group.name, before));
  for (const std::string& name : older) co_await remove_container(host, name);
}

Async<void> Account::remove_container(HostPointer host, std::string container) {
  try {
    co_await host->engine().remove_container(container, engine::Force::yes);
  } catch (const Error& error) {
    // It is outdated, whether or not it is there: the next change tries again.
    base::log::warn("host '{}': {}", host->name(), error.what());
  }
}

Async<void> Account::remove_records(Group group) {
  for (const HostPointer& host : reachable_hosts(group.region)) {
    std::vector<engine::ContainerSummary> containers;
    for (const auto& [name, container] : host->containers()) containers.push_back(container);
    const std::uint64_t all = group.revision + 1;
    for (const std::string& id : outdated_records(containers, group.name, all)) {
      co_await remove_container(host, id);
    }
    co_await remove_container(host, record_container(account_.name, group.name, group.revision));
  }
}

// --- ports and places

Async<int> Account::free_port(HostPointer host, int index, GroupSettings settings) {
  HealthCheckSettings probe{.type = CheckType::tcp, .timeout = port_patience};
  std::set<int>& given = given_ports_[host->name()];
  std::set<int> taken = given;
  for (const auto& [name, running] : groups_) {
    for (const InstanceRecord& record : running->group.instances) {
      if (record.host == host->name()) taken.insert(record.port);
    }
  }
  const int count = options_.last_port - options_.first_port + 1;
  for (int tries = 0; tries < count; ++tries) {
    int port = options_.first_port + (last_port_ + tries) % count;
    if (settings.port) port = *settings.port + index;
    if (port > highest_port) {
      refuse("settings.port", fmt::format("{} is too high for {} instances", *settings.port, index + 1));
    }
    std::optional<std::string> refused = "taken";
    if (!taken.contains(port)) {
      // Somebody who listens there, and whom no record tells of.
      refused = co_await check_health(host->address(), port, probe);
      if (refused) {
        given.insert(port);
        if (!settings.port)
          last_port_ = port - options_.first_port + 1;  // a port rests before it is given again
        co_return port;
      }
    }
    if (!settings.port) continue;
    throw Error(Kind::conflict,
                fmt::format("settings.port: {} is taken on host '{}'{}", port, host->name(),
                            taken.contains(port) ? ": it belongs to another server group" : ""),
                {{"field", "settings.port"}});
  }
  throw Error(Kind::conflict, fmt::format("host '{}': none of the ports from {} to {} is free", host->name(),
                                          options_.first_port, options_.last_port));
}

/// Those that answer and have the image, or can get it.
Async<std::vector<HostLoad>> Account::hosts_for(Group group) {
  std::vector<HostLoad> loads;
  std::optional<Error> missing;
  for (const HostPointer& host : reachable_hosts(group.region)) {
    try {
      co_await have_image(host, group.image_id);
      loads.push_back({.name = host->name()});
    } catch (const Error& error) {
      if (error.kind() != Kind::not_found) throw;
      base::log::warn("cluster '{}': {}", group.moniker.cluster, error.what());
      missing = error;
    }
  }
  if (loads.empty()) throw *missing;
  for (HostLoad& load : loads) {
    for (const auto& [name, running] : groups_) {
      for (const InstanceRecord& record : running->group.instances) {
        if (record.host != load.name || record.stage != InstanceStage::live) continue;
        ++load.of_all;
        if (name == group.name) ++load.of_group;
      }
    }
  }
  co_return loads;
}

Async<std::vector<InstanceRecord>> Account::reserve(Group group, int count) {
  std::vector<InstanceRecord> records;
  if (count <= 0) co_return records;
  auto loads = co_await hosts_for(group);
  const std::vector<std::string> places = place(std::move(loads), count);
  std::set<int> used;
  for (const InstanceRecord& record : group.instances) used.insert(record.index);
  const std::vector<int> indices = free_indices(used, count);
  std::exception_ptr failed;
  for (int i = 0; i < count; ++i) {
    const HostPointer host = find_host(places[i]);
    try {
      const int port = co_await free_port(host, indices[i], group.settings);
      records.push_back(
          {.index = indices[i], .host = host->name(), .port = port, .launched = ground_.clock.now()});
    } catch (const Error&) {
      failed = std::current_exception();
    }
    if (failed) break;
  }
  if (failed) {
    release(records);
    std::rethrow_exception(failed);
  }
  co_return records;
}

/// They are in a record now, or never will be.
void Account::release(const std::vector<InstanceRecord>& records) {
  for (const InstanceRecord& record : records) given_ports_[record.host].erase(record.port);
}

// --- instances

/// Hosts at once, one instance after another on each.
Async<void> Account::launch(GroupPointer running, std::vector<InstanceRecord> all) {
  std::map<std::string, std::vector<InstanceRecord>> by_host;
  for (const InstanceRecord& record : all) by_host[record.host].push_back(record);
  std::vector<Async<void>> works;
  for (const auto& [host, records] : by_host) works.push_back(launch_on(host, running, records));
  co_await all_of(std::move(works));
}

Async<void> Account::launch_on(std::string host_name, GroupPointer running,
                               std::vector<InstanceRecord> records) {
  const HostPointer host = find_host(host_name);
  for (const InstanceRecord& record : records) {
    const std::string instance = running->group.instance_id(record.index);
    if (!host || !host->reachable()) {
      throw Error(Kind::unavailable,
                  fmt::format("instance '{}': {}", instance,
                              host ? host->why_unreachable()
                                   : fmt::format("account '{}' has no host '{}'", account_.name, host_name)));
    }
    std::optional<Error> failure;
    try {
      co_await launch_one(host, running->group, record);
    } catch (const Error& error) {
      failure = explained(error);
    }
    if (failure) throw with_place(*failure, instance, host_name);
  }
  co_await host->look();
  for (const InstanceRecord& record : records) {
    if (host->find(instance_container(account_.name, running->group.name, record.index)) != nullptr) continue;
    throw Error(Kind::unavailable,
                fmt::format("instance '{}' on host '{}': its container was removed by somebody else just now",
                            running->group.instance_id(record.index), host_name));
  }
}

/// Starts an instance, or finds that an earlier attempt did.
Async<void> Account::launch_one(HostPointer host, Group group, InstanceRecord record) {
  const std::string name = instance_container(account_.name, group.name, record.index);
  const auto* known = host->find(name);
  if (known != nullptr && known->state == engine::ContainerState::running) co_return;
  co_await have_image(host, group.image_id);
  engine::ContainerSpec spec = instance_spec(account_.name, group, record, bind_address(host->address()));
  const engine::CreatedContainer created = co_await host->engine().create_container(name, std::move(spec));
  for (const std::string& warning : created.warnings) {
    base::log::warn("instance {} on host '{}': {}", name, host->name(), warning);
  }
  co_await host->engine().start_container(name);
}

bool Account::answers(const InstanceRecord& record) const {
  const HostPointer host = find_host(record.host);
  return host && host->reachable();
}

bool Account::is_within_reach(const InstanceRecord& record) const {
  return !find_host(record.host) || answers(record);
}

Async<void> Account::end_watching(GroupPointer running, int index) {
  const auto watched = running->instances.find(index);
  if (watched == running->instances.end()) co_return;
  const auto instance = watched->second;
  running->instances.erase(watched);
  co_await instance->end();
}

/// One that is not there, or never ran, is a success.
Async<void> Account::stop_container(HostPointer host, Group group, int index) {
  const std::string name = instance_container(account_.name, group.name, index);
  const auto grace = std::chrono::ceil<std::chrono::seconds>(group.settings.stop_grace);
  try {
    co_await host->engine().stop_container(name, grace);
  } catch (const Error& error) {
    if (error.worth_retrying()) throw;
    base::log::debug("host '{}': {}", host->name(), error.what());
  }
}

Async<void> Account::stop_instance(GroupPointer running, InstanceRecord record) {
  co_await end_watching(running, record.index);
  const HostPointer host = find_host(record.host);
  if (!host || !host->reachable()) co_return;  // what is left of it goes when its host answers
  co_await stop_container(host, running->group, record.index);
  const std::string name = instance_container(account_.name, running->group.name, record.index);
  co_await host->engine().remove_container(name, engine::Force::yes);
}

/// Traffic first, then the containers, then the records with the mark in them. What is on a host that does
/// not answer goes when it does: until then a tombstone says so.
Async<void> Account::remove_group(GroupPointer running) {
  const Group group = running->group;
  for (const auto& [index, instance] : running->instances) instance->keep_running(false);
  std::set<std::string> servers;
  for (const InstanceRecord& record : group.instances) {
    servers.insert(haproxy::server_name(group.instance_id(record.index)));
  }
  try {
    co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  } catch (const Error& error) {
    // Without HAProxy there is no traffic that could be lost.
    if (load_balancers_.balancer().running()) throw;
    base::log::warn("server group '{}' is destroyed without HAProxy: {}", group.name, error.what());
  }
  std::vector<Async<void>> stops;
  for (const InstanceRecord& record : group.instances) stops.push_back(stop_instance(running, record));
  co_await all_of(std::move(stops));
  Group tombstone = group;
  tombstone.stage = GroupStage::gone;
  std::erase_if(tombstone.instances,
                [this](const InstanceRecord& record) { return is_within_reach(record); });
  for (InstanceRecord& record : tombstone.instances) record.stage = InstanceStage::gone;
  const bool all_answer = std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
    return entry.second->region() != group.region || entry.second->reachable();
  });
  if (!all_answer) {
    co_await save(running, std::move(tombstone));
    changed();
    co_return;
  }
  co_await remove_records(group);
  // No list that is kept here must still tell of it.
  co_await look_at_hosts();
  drop(*running);
  groups_.erase(group.name);
  changed();
}

/// Removes what hosts had kept that did not answer at the time, and starts again what was removed by hand.
Async<void> Account::tidy(Account* self) {
  std::vector<GroupPointer> untidy;
  for (const auto& [name, running] : self->groups_) {
    if (running->operations == 0 && self->can_be_tidied(*running)) untidy.push_back(running);
  }
  for (const GroupPointer& running : untidy) {
    if (self->stopped_) break;
    try {
      co_await self->tidy_group(running);
    } catch (const Error& error) {
      base::log::warn("server group '{}': what is left of it stays: {}", running->group.name, error.what());
    }
  }
  self->tidying_ = false;
  self->background_ended_.notify();
}

Async<void> Account::tidy_group(GroupPointer running) {
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  if (running->group.stage == GroupStage::gone) {
    co_await remove_group(running);
    co_return;
  }
  Group tidied = running->group;
  std::vector<InstanceRecord> removable, missing;
  for (const InstanceRecord& record : tidied.instances) {
    if (record.stage == InstanceStage::gone && is_within_reach(record)) removable.push_back(record);
    if (is_long_missing(*running, record)) missing.push_back(record);
  }
  for (const InstanceRecord& record : removable) {
    co_await stop_instance(running, record);
    std::erase_if(tidied.instances, [&](const InstanceRecord& one) { return one.index == record.index; });
  }
  if (!removable.empty()) co_await save(running, std::move(tidied));
  // Tried again after as long a time, should it fail.
  running->missing.clear();
  if (missing.empty()) co_return;
  base::log::info("server group '{}': starts {} of its instances again, whose containers were removed",
                  running->group.name, missing.size());
  co_await launch(running, missing);
  changed();
}

}  // namespace gennaker::providers::docker
