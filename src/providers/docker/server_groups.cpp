#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/naming.h"
#include "providers/docker/account.h"
#include "providers/docker/labels.h"
#include "providers/docker/references.h"
#include "providers/settings/fields.h"

/// The part of Account that carries out operations on server groups.
namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

// A server group's name is a part of a container's and of a HAProxy server's.
constexpr std::size_t longest_cluster_name = 120;

json::object named(const std::string& group) {
  return {{"serverGroupName", group}};
}

std::vector<InstanceRecord> live_records(const Group& group) {
  std::vector<InstanceRecord> live;
  for (const InstanceRecord& record : group.instances) {
    if (record.stage == InstanceStage::live) live.push_back(record);
  }
  return live;
}

std::set<std::string> retiring_servers(const Group& group) {
  std::set<std::string> servers;
  for (const InstanceRecord& record : group.instances) {
    if (record.stage == InstanceStage::retiring)
      servers.insert(haproxy::server_name(group.instance_id(record.index)));
  }
  return servers;
}

}  // namespace

Account::GroupPointer Account::find_group(const std::string& name) const {
  const auto found = groups_.find(name);
  if (found != groups_.end() && found->second->group.stage != GroupStage::gone) return found->second;
  throw Error(Kind::not_found, fmt::format("account '{}' has no server group '{}'", account_.name, name));
}

std::vector<haproxy::Server> Account::servers_of(const std::string& load_balancer) const {
  std::vector<haproxy::Server> servers;
  for (const auto& [name, running] : groups_) {
    const Group& group = running->group;
    const auto& attached = group.load_balancers;
    if (group.disabled || group.stage != GroupStage::active) continue;
    if (std::find(attached.begin(), attached.end(), load_balancer) == attached.end()) continue;
    for (const InstanceRecord& record : group.instances) {
      const auto instance = running->instances.find(record.index);
      if (record.stage != InstanceStage::live || record.left_out) continue;
      if (is_without(record, load_balancer) || running->renewing.contains(record.index)) continue;
      if (instance == running->instances.end()) continue;
      const std::string& address = instance->second->host().address();
      if (!instance->second->in_service() || address.empty()) continue;
      servers.push_back({.name = haproxy::server_name(group.instance_id(record.index)),
                         .address = address,
                         .port = record.port});
    }
  }
  return servers;
}

std::optional<std::string> Account::user_of(const std::string& load_balancer) const {
  for (const auto& [name, running] : groups_) {
    if (running->group.stage == GroupStage::gone) continue;
    const auto& attached = running->group.load_balancers;
    if (std::find(attached.begin(), attached.end(), load_balancer) != attached.end()) return name;
  }
  return std::nullopt;
}

void Account::expect_capacity(const model::Capacity& capacity) const {
  const auto [min, max, desired] = capacity;
  if (desired < 0 || desired > options_.most_instances) {
    refuse("capacity.desired", fmt::format("0 to {} is needed, not {}", options_.most_instances, desired));
  }
  if (min < 0 || min > desired)
    refuse("capacity.min", fmt::format("0 to desired ({}) is needed, not {}", desired, min));
  if (max < desired)
    refuse("capacity.max", fmt::format("desired ({}) or more is needed, not {}", desired, max));
}

// --- creation

Async<json::object> Account::create(model::Operation operation) {
  GroupPointer running;
  for (const auto& [name, known] : groups_) {
    const Group& group = known->group;
    if (group.create_key == operation.key && group.stage != GroupStage::gone) running = known;
  }
  if (running && running->group.stage == GroupStage::destroying) {
    // An earlier attempt failed, and was interrupted while it cleaned up.
    const auto held = co_await running->turn.take();
    const AtWork work(running);
    co_await remove_group(running);
    running.reset();
  }
  if (!running) {
    clusters::ServerGroupSpec spec = clusters::server_group_spec_of(operation);
    spec.region = region_of(operation.what);
    running = co_await plan(std::move(spec), operation.key);
  }
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  std::exception_ptr failed;
  try {
    co_await complete_creation(running);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    co_await give_up(running);
    std::rethrow_exception(failed);
  }
  json::object answer{{"serverGroupName", running->group.name}, {"region", running->group.region}};
  if (!running->group.ancestor.empty()) answer["ancestorServerGroupName"] = running->group.ancestor;
  co_return answer;
}

/// Checks everything, and gives the group its name, places and ports, in the engines too, before any
/// container is made.
Async<Account::GroupPointer> Account::plan(clusters::ServerGroupSpec spec, std::string key) {
  if (const auto refused = clusters::refuse_moniker(spec.moniker, longest_cluster_name)) {
    throw Error(Kind::invalid, *refused);
  }
  expect_capacity(spec.capacity);
  load_balancers_.expect(spec.load_balancers);
  auto running = std::make_shared<RunningGroup>();
  Group group;
  group.region = spec.region;
  group.create_key = std::move(key);
  group.raw_settings = spec.settings;
  group.settings = group_settings_of(spec.settings);
  describe_image(group, spec.image_id);
  group.moniker = spec.moniker;
  group.capacity = spec.capacity;
  group.load_balancers = spec.load_balancers;
  group.disabled = spec.start_disabled;
  group.instances = co_await reserve(group, group.capacity.desired);

  const auto turn = co_await naming_.take();
  const AtWork work(running);
  std::exception_ptr failed;
  try {
    name_group(group);
    running->group.name = group.name;
    groups_[group.name] = running;  // from here on the name is taken
    co_await save(running, group);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  release(group.instances);
  if (failed) {
    groups_.erase(group.name);
    std::rethrow_exception(failed);
  }
  changed();
  co_return running;
}

void Account::name_group(Group& group) const {
  std::vector<clusters::Sibling> siblings;
  for (const auto& [name, other] : groups_) {
    if (other->group.moniker.cluster != group.moniker.cluster) continue;
    siblings.push_back({.name = name,
                        .taken = {other->group.moniker.sequence.value_or(-1), other->group.created},
                        .gone = other->group.stage == GroupStage::gone});
  }
  const auto next = clusters::next_server_group(group.moniker.cluster, siblings, ground_.clock.now());
  group.name = next.name;
  group.ancestor = next.ancestor;
  group.created = next.created_time;
  group.moniker.sequence = next.sequence;
}

/// What is known of the image: readers see its name and version.
void Account::describe_image(Group& group, const std::string& image_id) const {
  if (image_id.empty()) refuse("imageId", "an image is needed: \"registry:5000/shop:1.2\", or an id");
  group.image_id = image_id;
  for (const model::Image& image : published_images_.list()) {
    if (image.id != image_id) continue;
    group.image_name = image.name;
    group.version = image.version;
    return;
  }
  const engine::ImageReference reference = reference_of("imageId", image_id);
  group.image_name = reference.repository;
  group.version = reference.tag;
}

Async<void> Account::complete_creation(GroupPointer running) {
  if (running->group.stage == GroupStage::active) co_return;
  std::vector<InstanceRecord> records = live_records(running->group);
  co_await launch(running, std::move(records));
  Group done = running->group;
  done.stage = GroupStage::active;
  co_await save(running, std::move(done));
  changed();
}

/// Of a creation that has failed nothing is to be left. What cannot be removed now goes later.
Async<void> Account::give_up(GroupPointer running) {
  try {
    running->group.stage = GroupStage::destroying;
    co_await remove_group(running);
  } catch (const Error& error) {
    base::log::warn("server group '{}': its failed creation is not cleaned up: {}", running->group.name,
                    error.what());
  }
}

// --- changes

Async<json::object> Account::resize(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const model::Capacity capacity = clusters::capacity_of(operation.what);
  const GroupPointer running = find_group(name);
  expect_capacity(capacity);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  const int wanted = capacity.desired - running->group.live_instances();
  std::set<int> before;
  for (const InstanceRecord& record : live_records(running->group)) before.insert(record.index);
  if (wanted > 0) co_await grow(running, wanted);
  if (wanted >= 0) co_await fill(running, before);
  co_await shrink(running, std::max(-wanted, 0));
  Group done = running->group;
  done.capacity = capacity;
  co_await mark(running, std::move(done), operation.key, named(name));
  co_return named(name);
}

void Account::expect_active(const RunningGroup& running) const {
  if (running.group.stage == GroupStage::active) return;
  throw Error(Kind::conflict,
              fmt::format("server group '{}' is being created or destroyed", running.group.name));
}

Async<void> Account::grow(GroupPointer running, int count) {
  const std::vector<InstanceRecord> records = co_await reserve(running->group, count);
  Group grown = running->group;
  grown.instances.insert(grown.instances.end(), records.begin(), records.end());
  std::exception_ptr failed;
  try {
    co_await save(running, std::move(grown));
  } catch (const Error&) {
    failed = std::current_exception();
  }
  release(records);
  if (failed) std::rethrow_exception(failed);
}

/// Starts what was not there before, and what is missing where a host answers: a lost attempt may have
/// written it down, or somebody removed it. Of a growth that fails nothing is left.
Async<void> Account::fill(GroupPointer running, std::set<int> before) {
  std::vector<InstanceRecord> startable;
  for (const InstanceRecord& record : live_records(running->group)) {
    if (answers(record) || !before.contains(record.index)) startable.push_back(record);
  }
  std::exception_ptr failed;
  try {
    co_await launch(running, startable);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (!failed) co_return;
  Group smaller = running->group;
  for (InstanceRecord& record : smaller.instances) {
    if (record.stage == InstanceStage::live && !before.contains(record.index))
      record.stage = InstanceStage::retiring;
  }
  try {
    co_await retire(running, std::move(smaller));
    Group without = running->group;
    co_await save(running, std::move(without));
  } catch (const Error& error) {
    base::log::warn("server group '{}': its failed growth is not undone: {}", running->group.name,
                    error.what());
  }
  changed();
  std::rethrow_exception(failed);
}

/// Removes those on hosts that do not answer and then the highest numbers, and those that a lost attempt had
/// begun to remove.
Async<void> Account::shrink(GroupPointer running, int count) {
  Group leaving = running->group;
  const auto lost = [this](const InstanceRecord& record) { return !answers(record); };
  std::sort(leaving.instances.begin(), leaving.instances.end(),
            [&](const InstanceRecord& a, const InstanceRecord& b) {
              return std::pair(lost(a), a.index) > std::pair(lost(b), b.index);
            });
  for (InstanceRecord& record : leaving.instances) {
    if (count == 0) break;
    if (record.stage != InstanceStage::live) continue;
    record.stage = InstanceStage::retiring;
    --count;
  }
  std::sort(leaving.instances.begin(), leaving.instances.end(),
            [](const InstanceRecord& a, const InstanceRecord& b) { return a.index < b.index; });
  co_await retire(running, std::move(leaving));
}

/// Drains and removes those that are `retiring` in `leaving`.
Async<void> Account::retire(GroupPointer running, Group leaving) {
  std::set<std::string> servers = retiring_servers(leaving);
  if (servers.empty()) co_return;
  co_await save(running, leaving);
  changed();
  co_await load_balancers_.drain(std::move(servers), options_.drain_timeout);
  std::vector<Async<void>> stops;
  for (const InstanceRecord& record : leaving.instances) {
    if (record.stage == InstanceStage::retiring) stops.push_back(stop_instance(running, record));
  }
  co_await all_of(std::move(stops));
  std::erase_if(leaving.instances, [&](const InstanceRecord& record) {
    return record.stage == InstanceStage::retiring && answers(record);
  });
  for (InstanceRecord& record : leaving.instances) {
    if (record.stage == InstanceStage::retiring) record.stage = InstanceStage::gone;
  }
  running->group.instances = leaving.instances;  // in the engines with the mark
  co_await look_at_hosts();
}

/// What runs goes on; what is started from now on is started with this.
Async<json::object> Account::update_launch(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const clusters::LaunchChange change = clusters::launch_change_of(operation);
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  Group updated = running->group;
  updated.raw_settings = clusters::changed_settings(updated.raw_settings, change);
  updated.settings = group_settings_of(updated.raw_settings);
  if (!change.image_id.empty()) describe_image(updated, change.image_id);
  std::set<std::string> names;
  for (const InstanceRecord& record : live_records(updated)) {
    if (answers(record)) names.insert(record.host);
  }
  // What cannot be had is told now, and not when the first instance has ended for it.
  for (const std::string& host : names) co_await have_image(find_host(host), updated.image_id);
  co_await mark(running, std::move(updated), operation.key, named(name));
  co_return named(name);
}

Async<json::object> Account::tag_group(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  Group tagged = running->group;
  const auto* tags = base::find_object(operation.what, "tags");
  for (const auto& tag : tags != nullptr ? *tags : json::object()) {
    if (tag.value().is_null()) {
      tagged.tags.erase(tag.key());
    } else {
      tagged.tags[tag.key()] = tag.value();
    }
  }
  co_await mark(running, std::move(tagged), operation.key, named(name));
  co_return named(name);
}

/// Last: with this record the operation's effect is complete.
Async<void> Account::mark(GroupPointer running, Group group, std::string key, json::object answer) {
  group.note_done({.key = std::move(key), .at = ground_.clock.now(), .answer = std::move(answer)});
  co_await save(running, std::move(group));
  changed();
}

Async<json::object> Account::enable(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  expect_active(*running);
  Group enabled = running->group;
  enabled.disabled = false;
  leave_out(enabled, clusters::left_out(operation, static_cast<std::size_t>(enabled.live_instances())));
  co_await mark(running, std::move(enabled), operation.key, named(name));
  co_await load_balancers_.reconcile_soon();
  co_return named(name);
}

Async<json::object> Account::disable(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const auto given = base::whole_number(operation.what, "drainTimeoutMs");
  if (given && *given < 0) refuse("drainTimeoutMs", "0 or more is needed");
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  const AtWork work(running);
  const bool whole = clusters::percentage_of(operation) == 100;
  Group disabled = running->group;
  if (!whole || !disabled.disabled) {
    disabled.disabled = disabled.disabled || whole;
    leave_out(disabled, clusters::left_out(operation, static_cast<std::size_t>(disabled.live_instances())));
    co_await save(running, disabled);
    changed();
  }
  std::set<std::string> servers;
  json::array ids;
  for (const InstanceRecord& record : disabled.instances) {
    if (record.stage != InstanceStage::live || (!disabled.disabled && !record.left_out)) continue;
    servers.insert(haproxy::server_name(disabled.instance_id(record.index)));
    ids.push_back(json::value(disabled.instance_id(record.index)));
  }
  const bool drained = co_await load_balancers_.drain(std::move(servers),
                                                      given ? milliseconds(*given) : options_.drain_timeout);
  json::object answer = named(name);
  answer["drained"] = drained;
  if (!whole) answer["instanceIdsToDisable"] = std::move(ids);
  Group done = running->group;
  co_await mark(running, std::move(done), operation.key, answer);
  co_return answer;
}

Async<json::object> Account::destroy(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const auto known = groups_.find(name);
  if (known == groups_.end() || known->second->group.stage == GroupStage::gone) co_return named(name);
  const GroupPointer running = known->second;
  const auto held = co_await running->turn.take();
  if (!groups_.contains(name) || running->group.stage == GroupStage::gone) co_return named(name);
  const AtWork work(running);
  Group leaving = running->group;
  leaving.disabled = true;
  leaving.stage = GroupStage::destroying;
  co_await save(running, std::move(leaving));
  changed();
  co_await remove_group(running);
  co_return named(name);
}

}  // namespace gennaker::providers::docker
