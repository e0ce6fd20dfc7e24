#include <filesystem>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/naming.h"
#include "providers/haproxy/ports.h"
#include "providers/local/account.h"
#include "providers/local/images.h"
#include "providers/local/programs.h"
#include "providers/shim/files.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;

namespace fs = std::filesystem;

// A server group's name is a directory's and, with a number behind it, a HAProxy server's.
constexpr std::size_t longest_cluster_name = 120;

std::size_t live_instances(const Group& group) {
  return static_cast<std::size_t>(
      std::count_if(group.instances.begin(), group.instances.end(),
                    [](const InstanceRecord& record) { return !record.retiring; }));
}

struct PortSearch {
  std::string address;
  std::optional<int> fixed;
  int first = 0, last = 0;
  int behind = 0;
  std::set<int> taken;
  std::vector<int> indices;
};

std::vector<int> fixed_ports(const PortSearch& search) {
  std::vector<int> ports;
  for (const int index : search.indices) {
    const int port = *search.fixed + index;
    if (port > highest_port)
      refuse("settings.port", fmt::format("{} is too high for {} instances", *search.fixed, index + 1));
    const auto refused = refuse_port(search.address, port);
    if (refused) {
      throw Error(Kind::conflict,
                  fmt::format("settings.port: {} is taken: {}{}", port, *refused, holder_of_port(port)));
    }
    ports.push_back(port);
  }
  return ports;
}

/// Blocks.
std::vector<int> find_ports(const PortSearch& search) {
  if (search.fixed) return fixed_ports(search);
  std::vector<int> ports;
  const int count = search.last - search.first + 1;
  const int from =
      search.behind >= search.first && search.behind < search.last ? search.behind + 1 : search.first;
  for (int i = 0; i < count && ports.size() < search.indices.size(); ++i) {
    const int port = search.first + (from - search.first + i) % count;
    if (!search.taken.contains(port) && !refuse_port(search.address, port)) ports.push_back(port);
  }
  if (ports.size() < search.indices.size()) {
    throw Error(Kind::conflict,
                fmt::format("{} instances need a port each, but from {} to {} only {} are free",
                            search.indices.size(), search.first, search.last, ports.size()));
  }
  return ports;
}

std::vector<int> free_indices(const Group& group, int count) {
  std::set<int> used;
  for (const InstanceRecord& record : group.instances) used.insert(record.index);
  std::vector<int> indices;
  for (int index = 0; static_cast<int>(indices.size()) < count; ++index) {
    if (!used.contains(index)) indices.push_back(index);
  }
  return indices;
}

json::object named(const std::string& group) {
  return {{"serverGroupName", group}};
}

}  // namespace

Account::GroupPointer Account::find_group(const std::string& name) const {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return found->second;
  throw Error(Kind::not_found, fmt::format("account '{}' has no server group '{}'", account_.name, name));
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

std::vector<haproxy::Server> Account::servers_of(const std::string& load_balancer) const {
  std::vector<haproxy::Server> servers;
  for (const auto& [name, running] : groups_) {
    const Group& group = running->group;
    const auto& attached = group.load_balancers;
    if (group.disabled || group.stage != GroupStage::active) continue;
    if (std::find(attached.begin(), attached.end(), load_balancer) == attached.end()) continue;
    for (const InstanceRecord& record : group.instances) {
      const auto instance = running->instances.find(record.index);
      if (record.retiring || record.renewing || record.left_out) continue;
      if (is_without(record, load_balancer)) continue;
      if (instance == running->instances.end()) continue;
      if (!instance->second->in_service()) continue;
      servers.push_back({.name = haproxy::server_name(group.instance_id(record.index)),
                         .address = options_.address,
                         .port = record.port});
    }
  }
  return servers;
}

std::optional<std::string> Account::user_of(const std::string& load_balancer) const {
  for (const auto& [name, running] : groups_) {
    const auto& attached = running->group.load_balancers;
    if (std::find(attached.begin(), attached.end(), load_balancer) != attached.end()) return name;
  }
  return std::nullopt;
}

Async<json::object> Account::create(model::Operation operation) {
  GroupPointer running;
  for (const auto& [name, known] : groups_) {
    if (known->group.create_key == operation.key) running = known;
  }
  if (running && running->group.stage == GroupStage::destroying) {
    // An earlier attempt failed, and was interrupted while it cleaned up.
    const auto held = co_await running->turn.take();
    co_await remove_group(running);
    running.reset();
  }
  if (!running) {
    clusters::ServerGroupSpec spec = clusters::server_group_spec_of(operation);
    running = co_await plan(std::move(spec), operation.key);
  }
  const auto held = co_await running->turn.take();
  std::exception_ptr failed;
  try {
    co_await complete_creation(running);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    running->group.stage = GroupStage::destroying;
    co_await remove_group(running);
    std::rethrow_exception(failed);
  }
  json::object answer{{"serverGroupName", running->group.name}, {"region", "local"}};
  if (!running->group.ancestor.empty()) answer["ancestorServerGroupName"] = running->group.ancestor;
  co_return answer;
}

/// Checks everything, and gives the group its name and ports, on disk too, before any process is started.
const model::Image& Account::expect_image(const std::string& id) const {
  const auto image = images_.find(id);
  if (image != images_.end()) return image->second;
  throw Error(Kind::not_found, fmt::format("imageId: account '{}' has no image '{}'", account_.name, id),
              {{"field", "imageId"}});
}

Async<Account::GroupPointer> Account::plan(clusters::ServerGroupSpec spec, std::string key) {
  if (const auto refused = clusters::refuse_moniker(spec.moniker, longest_cluster_name)) {
    throw Error(Kind::invalid, *refused);
  }
  expect_capacity(spec.capacity);
  auto running = std::make_shared<RunningGroup>();
  Group& group = running->group;
  group.create_key = std::move(key);
  group.raw_settings = spec.settings;
  group.settings = group_settings_of(spec.settings);
  const model::Image& image = expect_image(spec.image_id);
  group.image_id = image.id;
  group.image_name = image.name;
  group.version = image.version;
  load_balancers_.expect(spec.load_balancers);
  group.moniker = spec.moniker;
  group.capacity = spec.capacity;
  group.load_balancers = spec.load_balancers;
  group.disabled = spec.start_disabled;

  auto check = [settings = group.settings, id = group.image_id,
                files = image_files(images_directory_, group.image_id)] {
    check_against_image(settings, id, files);
  };
  co_await on_pool(std::move(check));
  group.instances = co_await reserve(group, group.capacity.desired);
  std::exception_ptr failed;
  try {
    name_group(group);
    groups_[group.name] = running;  // from here on the name is taken
    co_await save(group);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    release(group.instances);
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
    siblings.push_back(
        {.name = name, .taken = {other->group.moniker.sequence.value_or(-1), other->group.created}});
  }
  const auto next = clusters::next_server_group(group.moniker.cluster, siblings, ground_.clock.now());
  group.name = next.name;
  group.ancestor = next.ancestor;
  group.created = next.created_time;
  group.moniker.sequence = next.sequence;
}

Async<std::vector<InstanceRecord>> Account::reserve(Group group, int count) {
  const auto turn = co_await ports_.turn.take();
  PortSearch search{.address = options_.address,
                    .fixed = group.settings.port,
                    .first = options_.first_port,
                    .last = options_.last_port,
                    .behind = ports_.last,
                    .taken = ports_.taken,
                    .indices = free_indices(group, count)};
  auto work = [search] { return find_ports(search); };
  const std::vector<int> ports = co_await on_pool(std::move(work));
  std::vector<InstanceRecord> records;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports_.taken.contains(ports[i])) {  // a fixed one, of a group whose process does not run right now
      release(records);
      throw Error(Kind::conflict, fmt::format("settings.port: {} belongs to another server group", ports[i]));
    }
    ports_.taken.insert(ports[i]);
    records.push_back({.index = search.indices[i], .port = ports[i], .launched = ground_.clock.now()});
  }
  if (!ports.empty() && !search.fixed) ports_.last = ports.back();
  co_return records;
}

void Account::release(const std::vector<InstanceRecord>& records) {
  for (const InstanceRecord& record : records) ports_.taken.erase(record.port);
}

Async<void> Account::save(Group group) {
  auto work = [directory = directory_of(group), text = base::to_pretty_text(to_json(group))] {
    make_directories(directory);
    write_atomically(directory + "/group.json", text);
  };
  co_await on_pool(std::move(work));
}

Async<void> Account::complete_creation(GroupPointer running) {
  if (running->group.stage == GroupStage::active) co_return;
  std::vector<int> indices;
  for (const InstanceRecord& record : running->group.instances) indices.push_back(record.index);
  for (const int index : indices) co_await launch(running, index);
  Group done = running->group;
  done.stage = GroupStage::active;
  co_await save(done);
  running->group.stage = GroupStage::active;
  for (const auto& [index, instance] : running->instances) instance->keep_shim();
  changed();
}

ProcessSpec Account::process_of(const Group& group, const InstanceRecord& record) const {
  const GroupSettings& settings = group.settings;
  const std::string image = image_files(images_directory_, group.image_id);
  ProcessSpec process;
  process.command = settings.command;
  process.command[0] = resolve_program(process.command[0], image);
  process.environment = options_.environment;
  process.environment["VERSION"] = group.version;
  for (const auto& [name, value] : settings.environment) process.environment[name] = value;
  process.environment["PORT"] = std::to_string(record.port);
  process.environment["INSTANCE"] = group.instance_id(record.index);
  process.environment["SERVER_GROUP"] = group.name;
  process.environment["APPLICATION"] = group.moniker.app;
  process.directory = resolve_directory(settings.working_directory, image);
  process.memory_mb = settings.memory_mb;
  process.open_files = settings.open_files;
  process.first_restart_delay = settings.first_restart_delay;
  process.longest_restart_delay = settings.longest_restart_delay;
  process.restart_reset_after = settings.restart_reset_after;
  process.log_file_bytes = settings.log_file_bytes;
  process.log_files = settings.log_files;
  process.stop_grace = settings.stop_grace;
  return process;
}

/// Starts an instance, or finds that an earlier attempt did.
Async<void> Account::launch(GroupPointer running, int index) {
  const Group& group = running->group;
  const auto record = std::find_if(group.instances.begin(), group.instances.end(),
                                   [index](const InstanceRecord& one) { return one.index == index; });
  auto work = [process = process_of(group, *record), directory = directory_of(group, index),
               program = ground_.shim_program] {
    make_directories(directory);
    const std::string path = fmt::format("{}/{}", directory, instance_file);
    if (!read_file(path)) write_atomically(path, base::to_pretty_text(to_json(process)));
    start_shim(program, directory);
  };
  const InstanceRecord copy = *record;
  co_await on_pool(std::move(work));
  if (running->instances.contains(index)) co_return;
  auto instance = watch_instance(group, copy, false);
  running->instances[index] = instance;
  instance->begin();
  changed();
}

std::shared_ptr<Instance> Account::watch_instance(const Group& group, const InstanceRecord& record,
                                                  bool presumed_up) {
  Instance::Setup setup{.id = group.instance_id(record.index),
                        .directory = directory_of(group, record.index),
                        .address = options_.address,
                        .port = record.port,
                        .health_check = group.settings.health_check,
                        .presumed_up = presumed_up,
                        .restart_shim = group.stage == GroupStage::active && !record.retiring};
  return std::make_shared<Instance>(ground_, std::move(setup), [this] { changed(); });
}

Async<json::object> Account::resize(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const model::Capacity capacity = clusters::capacity_of(operation.what);
  const GroupPointer running = find_group(name);
  expect_capacity(capacity);
  const auto held = co_await running->turn.take();
  expect_active(running->group);
  const auto count = [&] { return static_cast<int>(live_instances(running->group)); };
  if (capacity.desired > count()) co_await grow(running, capacity.desired - count());
  // Those that a lost attempt wrote down but did not start.
  std::vector<int> kept;
  for (const InstanceRecord& record : running->group.instances) {
    if (!record.retiring) kept.push_back(record.index);
  }
  const int surplus = count() - capacity.desired;
  if (surplus <= 0) {
    for (const int index : kept) co_await launch(running, index);
  }
  co_await shrink(running, std::max(surplus, 0));
  Group done = running->group;
  done.capacity = capacity;
  co_await save(done);
  running->group.capacity = capacity;
  changed();
  co_return named(name);
}

Async<void> Account::grow(GroupPointer running, int count) {
  std::vector<InstanceRecord> records = co_await reserve(running->group, count);
  Group grown = running->group;
  grown.instances.insert(grown.instances.end(), records.begin(), records.end());
  co_await save(grown);
  running->group.instances = grown.instances;
  for (const InstanceRecord& record : records) co_await launch(running, record.index);
}

/// Removes the highest numbers, and those that a lost attempt had begun to remove.
Async<void> Account::shrink(GroupPointer running, int count) {
  Group& group = running->group;
  std::sort(group.instances.begin(), group.instances.end(),
            [](const InstanceRecord& a, const InstanceRecord& b) { return a.index < b.index; });
  for (auto record = group.instances.rbegin(); record != group.instances.rend() && count > 0; ++record) {
    if (record->retiring) continue;
    record->retiring = true;
    --count;
  }
  std::set<std::string> servers;
  std::vector<int> leaving;
  for (const InstanceRecord& record : group.instances) {
    if (!record.retiring) continue;
    leaving.push_back(record.index);
    servers.insert(haproxy::server_name(group.instance_id(record.index)));
  }
  if (leaving.empty()) co_return;
  co_await save(group);
  changed();
  co_await load_balancers_.drain(servers, options_.drain_timeout);
  std::vector<Async<void>> stops;
  for (const int index : leaving) stops.push_back(stop_instance(running, index));
  co_await all_of(std::move(stops));
  Group shrunk = group;
  std::erase_if(shrunk.instances, [](const InstanceRecord& record) { return record.retiring; });
  co_await save(shrunk);
  std::vector<InstanceRecord> gone;
  for (const InstanceRecord& record : group.instances) {
    if (record.retiring) gone.push_back(record);
  }
  release(gone);
  group.instances = shrunk.instances;
}

Async<void> Account::stop_instance(GroupPointer running, int index) {
  const auto instance = running->instances.find(index);
  if (instance != running->instances.end()) {
    const auto watched = instance->second;
    running->instances.erase(instance);
    co_await watched->end();
  }
  const std::string directory = directory_of(running->group, index);
  co_await stop_shim(ground_.pool, directory, running->group.settings.stop_grace);
  auto work = [directory] { remove_tree(directory); };
  co_await on_pool(std::move(work));
}

/// What runs goes on; what is started from now on is started with this.
Async<json::object> Account::update_launch(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const clusters::LaunchChange change = clusters::launch_change_of(operation);
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  expect_active(running->group);
  Group updated = running->group;
  updated.raw_settings = clusters::changed_settings(updated.raw_settings, change);
  updated.settings = group_settings_of(updated.raw_settings);
  if (!change.image_id.empty()) {
    const model::Image& image = expect_image(change.image_id);
    updated.image_id = image.id;
    updated.image_name = image.name;
    updated.version = image.version;
  }
  auto check = [settings = updated.settings, id = updated.image_id,
                files = image_files(images_directory_, updated.image_id)] {
    check_against_image(settings, id, files);
  };
  co_await on_pool(std::move(check));
  co_await save(updated);
  running->group = updated;
  changed();
  co_return named(name);
}

Async<json::object> Account::enable(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  expect_active(running->group);
  Group enabled = running->group;
  enabled.disabled = false;
  leave_out(enabled, clusters::left_out(operation, live_instances(enabled)));
  co_await save(enabled);
  running->group = enabled;
  changed();
  co_await load_balancers_.reconcile_soon();
  co_return named(name);
}

Async<json::object> Account::disable(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const auto given = base::whole_number(operation.what, "drainTimeoutMs");
  if (given && *given < 0) refuse("drainTimeoutMs", "0 or more is needed");
  const GroupPointer running = find_group(name);
  const auto held = co_await running->turn.take();
  const bool whole = clusters::percentage_of(operation) == 100;
  Group disabled = running->group;
  disabled.disabled = disabled.disabled || whole;
  const auto chosen = leave_out(disabled, clusters::left_out(operation, live_instances(disabled)));
  co_await save(disabled);
  running->group = disabled;
  changed();
  std::set<std::string> servers;
  json::array ids;
  for (const InstanceRecord& record : disabled.instances) {
    if (!disabled.disabled && !record.left_out) continue;
    servers.insert(haproxy::server_name(disabled.instance_id(record.index)));
    ids.push_back(json::value(disabled.instance_id(record.index)));
  }
  const bool drained = co_await load_balancers_.drain(std::move(servers),
                                                      given ? milliseconds(*given) : options_.drain_timeout);
  changed();
  json::object answer = named(name);
  answer["drained"] = drained;
  if (!whole) answer["instanceIdsToDisable"] = std::move(ids);
  co_return answer;
}

Async<json::object> Account::destroy(model::Operation operation) {
  const std::string name = clusters::server_group_of(operation).name;
  const auto known = groups_.find(name);
  if (known == groups_.end()) co_return named(name);
  const GroupPointer running = known->second;
  const auto held = co_await running->turn.take();
  if (!groups_.contains(name)) co_return named(name);
  Group leaving = running->group;
  leaving.disabled = true;
  leaving.stage = GroupStage::destroying;
  co_await save(leaving);
  running->group.disabled = true;
  running->group.stage = GroupStage::destroying;
  changed();
  co_await remove_group(running);
  co_return named(name);
}

/// Traffic first, then the processes, then the directory with the mark in it.
Async<void> Account::remove_group(GroupPointer running) {
  const Group group = running->group;
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
  for (const InstanceRecord& record : group.instances) stops.push_back(stop_instance(running, record.index));
  co_await all_of(std::move(stops));
  auto work = [directory = directory_of(group),
               removed = fmt::format("{}/.removed-{}", groups_directory_, group.name)] {
    remove_tree(removed);
    std::error_code ignored;
    fs::rename(directory, removed, ignored);
    remove_tree(removed);
  };
  co_await on_pool(std::move(work));
  release(group.instances);
  groups_.erase(group.name);
  changed();
}

}  // namespace gennaker::providers::local
