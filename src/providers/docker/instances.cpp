#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "providers/docker/account.h"

/// The part of Account that carries out operations on single instances.
namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;
using Ids = std::vector<std::string>;

bool contains(const Ids& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::vector<InstanceRecord> named_in(const Group& group, const Ids& ids) {
  std::vector<InstanceRecord> chosen;
  for (const InstanceRecord& record : group.instances) {
    const bool live = record.stage == InstanceStage::live;
    if (live && contains(ids, group.instance_id(record.index))) chosen.push_back(record);
  }
  return chosen;
}

bool has(const std::vector<InstanceRecord>& records, int index) {
  return std::any_of(records.begin(), records.end(),
                     [index](const InstanceRecord& one) { return one.index == index; });
}

std::set<std::string> servers_named(const Group& group, const std::vector<InstanceRecord>& records) {
  std::set<std::string> servers;
  for (const InstanceRecord& record : records) {
    servers.insert(haproxy::server_name(group.instance_id(record.index)));
  }
  return servers;
}

json::object answer_of(const model::Operation& operation) {
  const Ids ids = clusters::instances_of(operation).ids;
  return {{"instanceIds", json::array(ids.begin(), ids.end())}};
}

}  // namespace

/// Those with an instance that is named, or for which an earlier attempt has noted the operation.
std::vector<Account::GroupPointer> Account::groups_of(const model::Operation& operation) const {
  const Ids ids = clusters::instances_of(operation).ids;
  const std::string region = region_of(operation.what);
  std::vector<GroupPointer> found;
  for (const auto& [name, running] : groups_) {
    const Group& group = running->group;
    if (group.region != region || group.stage == GroupStage::gone) continue;
    if (group.find_done(operation.key) != nullptr || !named_in(group, ids).empty()) found.push_back(running);
  }
  return found;
}

void Account::expect_instances(const model::Operation& operation) const {
  const Ids ids = clusters::instances_of(operation).ids;
  const std::vector<GroupPointer> groups = groups_of(operation);
  for (const std::string& id : ids) {
    const bool known = std::any_of(groups.begin(), groups.end(), [&](const GroupPointer& running) {
      const Ids only{id};
      return !named_in(running->group, only).empty();
    });
    if (known) continue;
    throw Error(Kind::not_found, fmt::format("account '{}' has no instance '{}' in region '{}'",
                                             account_.name, id, region_of(operation.what)));
  }
}

/// An instance's number, host and port are its place; what is started in it is new, and its launch time says
/// so. One whose host does not answer is replaced by another one elsewhere.
Async<json::object> Account::renew(model::Operation operation, Renewal how) {
  if (how == Renewal::reboot) expect_instances(operation);
  const std::vector<GroupPointer> all = groups_of(operation);
  for (const GroupPointer& running : all) co_await renew_in(running, operation, how);
  co_return answer_of(operation);
}

Async<void> Account::renew_in(GroupPointer running, model::Operation operation, Renewal how) {
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  const std::vector<InstanceRecord> chosen = named_in(running->group, clusters::instances_of(operation).ids);
  std::vector<InstanceRecord> moved;
  if (running->group.find_done(operation.key) == nullptr) {
    moved = co_await places_for_lost(running, chosen, how);
    std::exception_ptr failed;
    try {
      co_await end_runs(running, chosen, how);
      Group renewed = running->group;
      for (InstanceRecord& record : renewed.instances) {
        if (!has(chosen, record.index)) continue;
        if (!answers(record)) record.stage = InstanceStage::gone;
        record.launched = std::max(ground_.clock.now(), record.launched + milliseconds(1));
      }
      renewed.instances.insert(renewed.instances.end(), moved.begin(), moved.end());
      renewed.note_done({.key = operation.key, .at = ground_.clock.now(), .answer = answer_of(operation)});
      co_await save(running, std::move(renewed));
    } catch (const Error&) {
      failed = std::current_exception();
    }
    release(moved);
    running->renewing.clear();
    if (failed) {
      watch_instances(*running);
      changed();
      std::rethrow_exception(failed);
    }
  }
  std::vector<InstanceRecord> startable;
  for (const InstanceRecord& record : running->group.instances) {
    if (record.stage != InstanceStage::live || !answers(record)) continue;
    if (has(chosen, record.index) || has(moved, record.index)) startable.push_back(record);
  }
  co_await launch(running, std::move(startable));
  changed();
}

/// Looks before anything ends: an image that cannot be had must not cost an instance.
Async<std::vector<InstanceRecord>> Account::places_for_lost(GroupPointer running,
                                                            std::vector<InstanceRecord> chosen, Renewal how) {
  int lost = 0;
  std::set<std::string> hosts;
  for (const InstanceRecord& record : chosen) {
    if (answers(record)) hosts.insert(record.host);
    if (answers(record)) continue;
    ++lost;
    if (how == Renewal::replace) continue;
    const HostPointer host = find_host(record.host);
    throw Error(Kind::unavailable,
                fmt::format("instance '{}': {}", running->group.instance_id(record.index),
                            host ? host->why_unreachable()
                                 : fmt::format("account '{}' has no host '{}'", account_.name, record.host)));
  }
  if (how == Renewal::replace) {
    for (const std::string& host : hosts) co_await have_image(find_host(host), running->group.image_id);
  }
  co_return co_await reserve(running->group, lost);
}

Async<void> Account::end_runs(GroupPointer running, std::vector<InstanceRecord> chosen, Renewal how) {
  for (const InstanceRecord& record : chosen) running->renewing.insert(record.index);
  changed();
  std::set<std::string> servers = servers_named(running->group, chosen);
  co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  std::vector<Async<void>> ends;
  auto stop = [](Account* self, GroupPointer group, InstanceRecord record) -> Async<void> {
    co_await self->end_watching(group, record.index);
    const HostPointer host = self->find_host(record.host);
    co_await self->stop_container(host, group->group, record.index);
  };
  for (const InstanceRecord& record : chosen) {
    ends.push_back(how == Renewal::replace ? stop_instance(running, record) : stop(this, running, record));
  }
  co_await all_of(std::move(ends));
  // No list that is kept here must still say that they run.
  co_await look_at_hosts();
}

Async<json::object> Account::terminate_and_decrement(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const std::string instance = base::string_or(operation.what, "instance", "");
  const model::Capacity capacity = clusters::capacity_of(operation.what);
  const GroupPointer running = find_group(name);
  expect_capacity(capacity);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  Group smaller = running->group;
  for (InstanceRecord& record : smaller.instances) {
    const bool live = record.stage == InstanceStage::live;
    if (live && smaller.instance_id(record.index) == instance) record.stage = InstanceStage::retiring;
  }
  co_await retire(running, std::move(smaller));
  Group done = running->group;
  done.capacity = capacity;
  json::object answer{{"serverGroupName", name}};
  co_await mark(running, std::move(done), operation.key, answer);
  co_return answer;
}

Async<json::object> Account::set_traffic(model::Operation operation, Traffic traffic) {
  expect_instances(operation);
  load_balancers_.expect(base::string_list(operation.what, "loadBalancerNames"));
  const std::vector<GroupPointer> all = groups_of(operation);
  for (const GroupPointer& running : all) co_await set_traffic_in(running, operation, traffic);
  co_return answer_of(operation);
}

Async<void> Account::set_traffic_in(GroupPointer running, model::Operation operation, Traffic traffic) {
  const Ids balancers = base::string_list(operation.what, "loadBalancerNames");
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  const std::vector<InstanceRecord> chosen = named_in(running->group, clusters::instances_of(operation).ids);
  if (running->group.find_done(operation.key) == nullptr) {
    Group told = running->group;
    for (InstanceRecord& record : told.instances) {
      if (!has(chosen, record.index)) continue;
      std::erase_if(record.without, [&](const std::string& name) { return contains(balancers, name); });
      if (traffic == Traffic::take) {
        record.without.insert(record.without.end(), balancers.begin(), balancers.end());
      }
    }
    co_await mark(running, std::move(told), operation.key, answer_of(operation));
  }
  if (traffic == Traffic::take) {
    std::set<std::string> servers = servers_named(running->group, chosen);
    co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  } else {
    co_await load_balancers_.reconcile_soon();
  }
  changed();
}

}  // namespace gennaker::providers::docker
