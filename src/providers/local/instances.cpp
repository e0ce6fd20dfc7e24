#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "clusters/tags.h"
#include "providers/local/account.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;
using Ids = std::vector<std::string>;

/// More than are ever under way at once on one server group.
constexpr std::size_t most_done_keys = 50;

bool contains(const Ids& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

void note_done(Group& group, const std::string& key) {
  group.done.push_back(key);
  if (group.done.size() > most_done_keys) group.done.erase(group.done.begin());
}

std::vector<int> indices_of(const Group& group, const Ids& ids) {
  std::vector<int> indices;
  for (const InstanceRecord& record : group.instances) {
    if (!record.retiring && contains(ids, group.instance_id(record.index))) indices.push_back(record.index);
  }
  return indices;
}

InstanceRecord& record_of(Group& group, int index) {
  return *std::find_if(group.instances.begin(), group.instances.end(),
                       [index](const InstanceRecord& one) { return one.index == index; });
}

json::object answer_of(const model::Operation& operation) {
  const Ids ids = clusters::instances_of(operation).ids;
  return {{"instanceIds", json::array(ids.begin(), ids.end())}};
}

}  // namespace

/// An instance's number and port are its place; what is started in it is new, and its launch time says so.
Async<json::object> Account::renew(model::Operation operation, Renewal how) {
  const Ids ids = clusters::instances_of(operation).ids;
  std::vector<GroupPointer> all;
  for (const auto& [name, running] : groups_) all.push_back(running);
  for (const GroupPointer& running : all) {
    if (!indices_of(running->group, ids).empty()) co_await renew_in(running, ids, operation.key, how);
  }
  co_return answer_of(operation);
}

Async<void> Account::renew_in(GroupPointer running, Ids ids, std::string key, Renewal how) {
  const auto held = co_await running->turn.take();
  Group& group = running->group;
  expect_active(group);
  const std::vector<int> indices = indices_of(group, ids);
  if (!contains(group.done, key)) {
    for (const int index : indices) record_of(group, index).renewing = true;
    changed();
    std::exception_ptr failed;
    try {
      co_await stop_all(running, indices, how);
    } catch (const Error&) {
      failed = std::current_exception();
    }
    for (const int index : indices) record_of(group, index).renewing = false;
    if (failed) {
      changed();
      std::rethrow_exception(failed);
    }
    Group renewed = group;
    for (const int index : indices) {
      InstanceRecord& record = record_of(renewed, index);
      record.launched = std::max(ground_.clock.now(), record.launched + milliseconds(1));
    }
    note_done(renewed, key);
    co_await save(renewed);
    group = renewed;
  }
  for (const int index : indices) co_await launch(running, index);
  changed();
}

Async<void> Account::stop_all(GroupPointer running, std::vector<int> indices, Renewal how) {
  std::set<std::string> servers;
  for (const int index : indices) servers.insert(haproxy::server_name(running->group.instance_id(index)));
  co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  for (const int index : indices) {
    if (how == Renewal::replace) {
      co_await stop_instance(running, index);
      continue;
    }
    const auto instance = running->instances.find(index);
    if (instance != running->instances.end()) {
      const auto watched = instance->second;
      running->instances.erase(instance);
      co_await watched->end();
    }
    co_await stop_shim(ground_.pool, directory_of(running->group, index), running->group.settings.stop_grace);
  }
}

Async<json::object> Account::terminate_and_decrement(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const std::string instance = base::string_or(operation.what, "instance", "");
  const model::Capacity capacity = clusters::capacity_of(operation.what);
  const GroupPointer running = find_group(name);
  expect_capacity(capacity);
  const auto held = co_await running->turn.take();
  expect_active(running->group);
  if (!contains(running->group.done, operation.key)) {
    Group smaller = running->group;
    for (InstanceRecord& record : smaller.instances) {
      if (smaller.instance_id(record.index) == instance) record.retiring = true;
    }
    smaller.capacity = capacity;
    note_done(smaller, operation.key);
    co_await save(smaller);
    running->group = smaller;
    changed();
  }
  co_await shrink(running, 0);
  changed();
  co_return json::object{{"serverGroupName", name}};
}

Async<json::object> Account::set_traffic(model::Operation operation, Traffic traffic) {
  const Ids ids = clusters::instances_of(operation).ids;
  std::vector<GroupPointer> all;
  for (const auto& [name, running] : groups_) all.push_back(running);
  for (const GroupPointer& running : all) {
    if (!indices_of(running->group, ids).empty()) co_await set_traffic_in(running, operation, traffic);
  }
  co_return answer_of(operation);
}

Async<void> Account::set_traffic_in(GroupPointer running, model::Operation operation, Traffic traffic) {
  const Ids balancers = base::string_list(operation.what, "loadBalancerNames");
  const auto held = co_await running->turn.take();
  expect_active(running->group);
  Group changed_group = running->group;
  std::set<std::string> servers;
  for (const int index : indices_of(changed_group, clusters::instances_of(operation).ids)) {
    InstanceRecord& record = record_of(changed_group, index);
    std::erase_if(record.without, [&](const std::string& name) { return contains(balancers, name); });
    if (traffic == Traffic::take) {
      record.without.insert(record.without.end(), balancers.begin(), balancers.end());
    }
    servers.insert(haproxy::server_name(changed_group.instance_id(index)));
  }
  co_await save(changed_group);
  running->group = changed_group;
  changed();
  if (traffic == Traffic::take) {
    co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  } else {
    co_await load_balancers_.reconcile_soon();
  }
  changed();
}

Async<json::object> Account::tag_group(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  Group tagged = running->group;
  clusters::set_tags(tagged.tags, operation);
  co_await save(tagged);
  running->group.tags = tagged.tags;
  changed();
  co_return json::object{{"serverGroupName", name}};
}

}  // namespace gennaker::providers::local
