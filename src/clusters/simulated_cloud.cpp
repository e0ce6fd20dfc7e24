#include "clusters/simulated_cloud.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "clusters/health.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "clusters/operations.h"

namespace gennaker::clusters {

namespace asio = boost::asio;
using base::Error;
using base::Kind;
using model::HealthState;
using model::Operation;
using model::ServerGroup;

namespace {

/// Marks an instance that gets no traffic while its server group is enabled.
constexpr std::string_view out_of_traffic = "outOfTraffic";
constexpr std::string_view launched_with = "launchedWith";

/// How the instances of a server group are at a moment.
class HealthRules {
 public:
  HealthRules(const ServerGroup& group, base::TimePoint now) : group_(group), now_(base::to_millis(now)) {}

  model::Health health_of(const model::Instance& instance) const {
    model::Health health{
        .type = "LoadBalancer", .state = HealthState::up, .description = "", .platform = false};
    const std::int64_t at = healthy_at(instance);
    const json::object& runs = launch_of(instance);
    if (base::bool_or(runs, "crashes", false)) {
      health.state = HealthState::failed;
      health.description = "command exited with status 1";
    } else if (base::bool_or(runs, "neverHealthy", false)) {
      health.state = HealthState::down;
      health.description = "connection refused";
    } else if (at == INT64_MAX) {
      health.state = HealthState::down;
    } else if (at > now_) {
      health.state = HealthState::starting;
    } else if (group_.disabled || base::bool_or(instance.extra, "deregistered", false) ||
               base::bool_or(instance.extra, out_of_traffic, false)) {
      health.state = HealthState::out_of_service;
    }
    return health;
  }

  /// When one that is on its way becomes healthy; the end of time: none is.
  base::TimePoint next_change() const {
    std::int64_t next = INT64_MAX;
    for (const model::Instance& instance : group_.instances) {
      if (const std::int64_t at = healthy_at(instance); at > now_) next = std::min(next, at);
    }
    return next == INT64_MAX ? base::TimePoint::max() : base::from_millis(next);
  }

 private:
  /// What it was started with, where its server group starts something else by now.
  const json::object& launch_of(const model::Instance& instance) const {
    const auto* own = base::find_object(instance.extra, launched_with);
    return own != nullptr ? *own : group_.launch_config;
  }
  static std::int64_t healthy_at(const model::Instance& instance) {
    return base::whole_number(instance.extra, "healthy_at").value_or(0);
  }

  const ServerGroup& group_;
  std::int64_t now_;
};

/// The lowest number that none has; almost always the next.
std::string free_instance_id(const ServerGroup& group) {
  const auto is_taken = [&](const std::string& id) {
    return std::any_of(group.instances.begin(), group.instances.end(),
                       [&](const model::Instance& instance) { return instance.id == id; });
  };
  std::string id = fmt::format("{}-{}", group.name, group.instances.size());
  for (int number = 0; is_taken(id); ++number) id = fmt::format("{}-{}", group.name, number);
  return id;
}

/// An account that pulls images runs any that it can reach: that is taken for granted.
model::Image need_image(const model::Account& account, const Snapshot& state, const std::string& region,
                        const std::string& id) {
  if (const auto* known = find_image(state, region, id)) return *known;
  if (account.pulls_images && id.find_first_of("/:@") != std::string::npos)
    return {.id = id, .name = id, .account = account.name, .region = region};
  throw Error(Kind::not_found,
              fmt::format("imageId: account '{}' has no image '{}' in '{}'", account.name, id, region));
}

}  // namespace

SimulatedCloud::SimulatedCloud(const base::Clock& clock, std::uint64_t seed)
    : clock_(clock),
      random_(seed),
      account_{.name = "local",
               .provider = "simulated",
               .environment = "test",
               .regions = {"here", "there"},
               .capabilities = model::all_capabilities()} {
  state_.revision = 1;
}

SimulatedCloud::SimulatedCloud(const base::Clock& clock, model::Account account, Snapshot holds)
    : clock_(clock), random_(1), account_(std::move(account)), state_(std::move(holds)) {
  state_.revision = 1;
  for (std::size_t i = 0; i < state_.server_groups.size(); ++i) {
    ServerGroup& group = state_.server_groups.edit(i);
    keep_health(group);
    set_health(group);
  }
}

std::vector<model::Account> SimulatedCloud::accounts() const {
  return {account_};
}

Async<void> SimulatedCloud::start() {
  co_return;
}

Async<void> SimulatedCloud::stop() {
  for (const auto& waiter : waiters_) waiter->cancel();
  co_return;
}

Async<Snapshot> SimulatedCloud::watch(std::string account, std::uint64_t known) {
  if (account != account_.name) {
    throw Error(Kind::not_found, fmt::format("account '{}' is not simulated here", account));
  }
  refresh_health();
  if (known != 0 && known == state_.revision) {
    auto executor = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    waiters_.push_back(waiter);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await waiter->async_wait(token);
    std::erase(waiters_, waiter);
  }
  co_return state_;
}

bool SimulatedCloud::happens(double chance) {
  return chance > 0 && static_cast<double>(random_.next() % 10'000) < chance * 10'000;
}

Async<json::object> SimulatedCloud::perform(Operation operation) {
  if (happens(faults_.crash_before)) throw Error(Kind::unavailable, "simulated: failed before the effect");
  if (happens(faults_.crash_after)) {
    apply(operation, happens(0.5));
    throw Error(Kind::unavailable, "simulated: failed after the effect");
  }
  json::object answer = apply(operation, false);
  if (happens(faults_.doubled_call)) answer = apply(operation, false);
  if (happens(faults_.lost_answer)) throw Error(Kind::timeout, "simulated: the answer was lost");
  co_return answer;
}

Async<std::string> SimulatedCloud::console_output(std::string account, std::string id) {
  for (const ServerGroup& group : state_.server_groups) {
    for (const model::Instance& instance : group.instances) {
      if (instance.id == id) co_return fmt::format("{} says hello", id);
    }
  }
  for (const model::Job& job : state_.jobs) {
    if (job.id == id) co_return fmt::format("{} says hello", id);
  }
  throw Error(Kind::not_found, fmt::format("account '{}' has no instance '{}'", account, id));
}

json::object SimulatedCloud::apply(const Operation& operation, bool stop_half_way) {
  const auto done = answers_.find(operation.key);
  if (done != answers_.end()) return done->second;
  json::object answer;
  if (operation.kind == create_server_group_kind) {
    answer = create(operation, stop_half_way);
    if (stop_half_way) return answer;
  } else if (operation.kind == enable_server_group_kind || operation.kind == disable_server_group_kind) {
    answer = set_disabled(operation, operation.kind == disable_server_group_kind);
  } else if (const Handler handle = handler_of(operation.kind)) {
    answer = (this->*handle)(operation);
  } else {
    throw Error(Kind::invalid, fmt::format("the simulated cloud does not know '{}'", operation.kind));
  }
  record(operation, answer);
  changed();
  return answer;
}

SimulatedCloud::Handler SimulatedCloud::handler_of(std::string_view kind) {
  static const std::map<std::string_view, Handler> handlers{
      {resize_server_group_kind, &SimulatedCloud::resize},
      {update_launch_kind, &SimulatedCloud::update_launch},
      {destroy_server_group_kind, &SimulatedCloud::destroy},
      {upsert_load_balancer_kind, &SimulatedCloud::upsert_load_balancer},
      {delete_load_balancer_kind, &SimulatedCloud::delete_load_balancer},
      {bake_kind, &SimulatedCloud::bake},
      {terminate_instances_kind, &SimulatedCloud::terminate},
      {terminate_and_decrement_kind, &SimulatedCloud::terminate_and_decrement},
      {reboot_instances_kind, &SimulatedCloud::reboot},
      {detach_instances_kind, &SimulatedCloud::detach},
      {register_instances_kind, &SimulatedCloud::register_instances},
      {deregister_instances_kind, &SimulatedCloud::deregister_instances},
      {set_scaling_processes_kind, &SimulatedCloud::set_processes},
      {tag_server_group_kind, &SimulatedCloud::tag_group},
      {tag_image_kind, &SimulatedCloud::tag_image},
      {delete_image_kind, &SimulatedCloud::delete_image},
      {upsert_firewall_kind, &SimulatedCloud::upsert_firewall},
      {delete_firewall_kind, &SimulatedCloud::delete_firewall},
      {run_job_kind, &SimulatedCloud::run_job},
      {cancel_job_kind, &SimulatedCloud::cancel_job}};
  const auto found = handlers.find(kind);
  return found == handlers.end() ? nullptr : found->second;
}

void SimulatedCloud::record(const Operation& operation, const json::object& answer) {
  ++effect_count_;
  answers_[operation.key] = answer;
  keys_.push_back(operation.key);
  if (keys_.size() > most_keys_) {
    answers_.erase(keys_.front());
    half_done_names_.erase(keys_.front());
    keys_.pop_front();
  }
  if (!remembers_effects_) return;
  const bool twice = std::any_of(effects_.begin(), effects_.end(),
                                 [&](const Operation& other) { return other.key == operation.key; });
  if (twice) ++run_twice_;
  effects_.push_back(operation);
}

json::object SimulatedCloud::create(const Operation& operation, bool stop_half_way) {
  const auto spec = server_group_spec_of(operation);
  const model::Image image = need_image(account_, state_, spec.region, spec.image_id);
  const std::string cluster = cluster_name(spec.moniker);
  auto siblings = server_groups_of_cluster(state_, cluster, spec.region);
  sort_newest_first(siblings);

  ServerGroup group;
  const auto half_done = half_done_names_.find(operation.key);
  const ServerGroup* begun = half_done == half_done_names_.end()
                                 ? nullptr
                                 : find_server_group(state_, spec.region, half_done->second);
  if (begun != nullptr) {  // else somebody may have destroyed it meanwhile
    group = *begun;
    state_.server_groups.remove_if(
        [&](const ServerGroup& g) { return g.name == group.name && g.region == group.region; });
    siblings = server_groups_of_cluster(state_, cluster, spec.region);
    sort_newest_first(siblings);
  } else {
    std::vector<TakenName> taken;
    for (const ServerGroup* sibling : siblings) {
      taken.push_back({sibling->moniker.sequence.value_or(-1), sibling->created_time});
    }
    group.name = server_group_name(cluster, next_sequence(taken).value());
    group.account = account_.name;
    group.provider = account_.provider;
    group.region = spec.region;
    group.moniker = parse_name(group.name);
    group.created_time = clock_.now();
    group.image_id = image.id;
    group.image_name = image.name;
    group.version = image.version;
    group.load_balancers = spec.load_balancers;
    group.launch_config = spec.settings;
  }
  group.disabled = spec.start_disabled;
  group.capacity = spec.capacity;
  fill(group, stop_half_way ? spec.capacity.desired / 2 : spec.capacity.desired);
  json::object answer{{"serverGroupName", group.name}, {"region", group.region}};
  for (const ServerGroup* sibling : siblings) {
    if (sibling->name == group.name) continue;
    answer["ancestorServerGroupName"] = sibling->name;
    break;
  }
  half_done_names_[operation.key] = group.name;
  add(std::move(group));
  return answer;
}

void SimulatedCloud::fill(ServerGroup& group, int size) {
  group.instances.resize(std::min(group.instances.size(), static_cast<std::size_t>(size)));
  while (group.instances.size() < static_cast<std::size_t>(size)) {
    model::Instance instance;
    instance.id = free_instance_id(group);
    instance.zone = group.region + "-a";
    instance.launch_time = clock_.now();
    instance.extra["healthy_at"] = base::to_millis(clock_.now() + time_to_healthy_);
    group.instances.push_back(std::move(instance));
  }
}

/// To be changed, and its health set.
ServerGroup& SimulatedCloud::edit(const Operation& operation) {
  const auto named = server_group_of(operation);
  for (std::size_t i = 0; i < state_.server_groups.size(); ++i) {
    const ServerGroup& group = state_.server_groups[i];
    if (group.name == named.name && group.region == named.region) return state_.server_groups.edit(i);
  }
  throw Error(Kind::not_found, fmt::format("account '{}' has no server group '{}' in '{}'", account_.name,
                                           named.name, named.region));
}

json::object SimulatedCloud::resize(const Operation& operation) {
  ServerGroup& group = edit(operation);
  group.capacity = capacity_of(operation.what);
  fill(group, group.capacity.desired);
  set_health(group);
  return {{"serverGroupName", group.name}};
}

json::object SimulatedCloud::set_disabled(const Operation& operation, bool disabled) {
  ServerGroup& group = edit(operation);
  const bool whole = percentage_of(operation) == 100;
  const auto out = static_cast<std::size_t>(left_out(operation, group.instances.size()));
  if (whole || !disabled) group.disabled = disabled;
  json::array chosen;
  for (std::size_t i = 0; i < group.instances.size(); ++i) {
    group.instances[i].extra[out_of_traffic] = i < out;
    if (i < out) chosen.push_back(json::value(group.instances[i].id));
  }
  set_health(group);
  json::object answer{{"serverGroupName", group.name}};
  if (!whole) answer["instanceIdsToDisable"] = std::move(chosen);
  return answer;
}

json::object SimulatedCloud::update_launch(const Operation& operation) {
  const LaunchChange change = launch_change_of(operation);
  ServerGroup& group = edit(operation);
  std::optional<model::Image> image;
  if (!change.image_id.empty()) image = need_image(account_, state_, group.region, change.image_id);
  for (model::Instance& instance : group.instances) {
    if (!instance.extra.contains(launched_with)) instance.extra[launched_with] = group.launch_config;
  }
  group.launch_config = changed_settings(group.launch_config, change);
  if (image) {
    group.image_id = image->id;
    group.image_name = image->name;
    group.version = image->version;
  }
  set_health(group);
  return {{"serverGroupName", group.name}};
}

json::object SimulatedCloud::destroy(const Operation& operation) {
  const auto named = server_group_of(operation);
  state_.server_groups.remove_if(
      [&](const ServerGroup& group) { return group.name == named.name && group.region == named.region; });
  return {{"serverGroupName", named.name}};
}

json::object SimulatedCloud::upsert_load_balancer(const Operation& operation) {
  model::LoadBalancer balancer;
  balancer.name = base::string_or(operation.what, "name", "");
  balancer.region = base::string_or(operation.what, "region", "");
  balancer.account = account_.name;
  balancer.provider = account_.provider;
  balancer.moniker = parse_name(balancer.name);
  if (const auto* settings = base::find_object(operation.what, "settings")) balancer.extra = *settings;
  state_.load_balancers.remove_if([&](const model::LoadBalancer& other) {
    return other.name == balancer.name && other.region == balancer.region;
  });
  json::object answer{{"loadBalancerName", balancer.name}, {"region", balancer.region}};
  state_.load_balancers.push_back(std::move(balancer));
  return answer;
}

json::object SimulatedCloud::delete_load_balancer(const Operation& operation) {
  const std::string name = base::string_or(operation.what, "name", "");
  for (const ServerGroup& group : state_.server_groups) {
    const auto& used = group.load_balancers;
    if (std::find(used.begin(), used.end(), name) != used.end()) {
      throw Error(Kind::conflict,
                  fmt::format("load balancer '{}' is used by server group '{}'", name, group.name));
    }
  }
  state_.load_balancers.remove_if([&](const model::LoadBalancer& other) { return other.name == name; });
  return {};
}

json::object SimulatedCloud::bake(const Operation& operation) {
  model::Image image;
  image.name = base::string_or(operation.what, "name", "");
  image.region = base::string_or(operation.what, "region", "");
  image.version = base::string_or(operation.what, "version", "");
  image.account = account_.name;
  image.created_time = clock_.now();
  image.id =
      image_ids_ ? image_ids_(image) : "sha-" + base::sha256_hex(base::to_text(operation.what)).substr(0, 12);
  const bool known = find_image(state_, image.region, image.id) != nullptr;
  json::object answer{
      {"imageId", image.id}, {"imageName", image.name}, {"region", image.region}, {"previouslyBaked", known}};
  if (!known) state_.images.push_back(std::move(image));
  return answer;
}

/// Instances that somebody else started stay as they were found.
void SimulatedCloud::keep_health(ServerGroup& group) {
  for (model::Instance& instance : group.instances) {
    const bool healthy = instance.state != HealthState::down && instance.state != HealthState::failed;
    instance.extra["healthy_at"] = healthy ? 0 : INT64_MAX;
  }
}

void SimulatedCloud::put(ServerGroup group) {
  keep_health(group);
  state_.server_groups.remove_if(
      [&](const ServerGroup& one) { return one.name == group.name && one.region == group.region; });
  add(std::move(group));
}

void SimulatedCloud::add(ServerGroup group) {
  set_health(group);
  state_.server_groups.push_back(std::move(group));
  changed();
}

void SimulatedCloud::put(model::Image image) {
  state_.images.push_back(std::move(image));
  changed();
}

void SimulatedCloud::put(model::LoadBalancer balancer) {
  state_.load_balancers.push_back(std::move(balancer));
  changed();
}

void SimulatedCloud::put(model::Firewall firewall) {
  state_.firewalls.push_back(std::move(firewall));
  changed();
}

void SimulatedCloud::tick() {
  refresh_health();
}

std::optional<base::TimePoint> SimulatedCloud::next_change() const {
  if (next_change_ == base::TimePoint::max()) return std::nullopt;
  return next_change_;
}

const Snapshot& SimulatedCloud::now() {
  refresh_health();
  return state_;
}

std::vector<std::string> SimulatedCloud::effect_kinds() const {
  std::vector<std::string> kinds;
  for (const Operation& effect : effects_) kinds.push_back(effect.kind);
  return kinds;
}

bool SimulatedCloud::is_stale(const ServerGroup& group) const {
  const HealthRules rules(group, clock_.now());
  return std::any_of(group.instances.begin(), group.instances.end(), [&](const model::Instance& instance) {
    return rules.health_of(instance).state != instance.state;
  });
}

void SimulatedCloud::set_health(ServerGroup& group) {
  const HealthRules rules(group, clock_.now());
  for (model::Instance& instance : group.instances) {
    model::Health health = rules.health_of(instance);
    instance.state = health.state;
    instance.health = {std::move(health)};
  }
  next_change_ = std::min(next_change_, rules.next_change());
}

/// A cloud is looked at far more often than an instance of it becomes healthy.
void SimulatedCloud::refresh_health() {
  if (clock_.now() < next_change_) return;
  next_change_ = base::TimePoint::max();
  bool any_changed = refresh_jobs();
  for (std::size_t i = 0; i < state_.server_groups.size(); ++i) {
    const ServerGroup& group = state_.server_groups[i];
    if (is_stale(group)) {
      set_health(state_.server_groups.edit(i));
      any_changed = true;
    } else {
      next_change_ = std::min(next_change_, HealthRules(group, clock_.now()).next_change());
    }
  }
  if (any_changed) changed();
}

void SimulatedCloud::changed() {
  ++state_.revision;
  for (const auto& waiter : waiters_) waiter->cancel();
}

}  // namespace gennaker::clusters
