// Every strategy, with every fault at every step: what serves goes on serving, a pin does not outlive its
// deployment, and after a roll-back the cluster is what it was.

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/health.h"
#include "clusters/operations.h"
#include "stages/clone_server_group/clone_server_group.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/deploy/deploy.h"
#include "stages/deployment_monitor/deployment_monitor.h"
#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/determine_target_server_group/determine_target_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/enable_server_group/enable_server_group.h"
#include "stages/instances/instances.h"
#include "stages/pin_server_group/pin_server_group.h"
#include "stages/resize_server_group/resize_server_group.h"
#include "stages/restore_server_groups/restore_server_groups.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/rolling_push/rolling_push.h"
#include "stages/scale_down_cluster/scale_down_cluster.h"
#include "stages/shrink_cluster/shrink_cluster.h"
#include "stages/update_launch_config/update_launch_config.h"
#include "stages/wait/wait.h"
#include "stages/wait_for_server_group/wait_for_server_group.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::simulation {
namespace {

using model::Status;
using std::chrono::seconds;

/// The strategies, as users write them. `destroys`: it takes away what served, and cannot give it back.
struct StrategyCase {
  std::string name, fields;
  bool destroys = false;
};
const std::vector<StrategyCase> strategies = {
    {"none", R"("strategy":"none")"},
    {"highlander", R"("strategy":"highlander")", true},
    {"redblack", R"("strategy":"redblack","delayBeforeDisableSec":30,"scaleDown":true)"},
    {"rollingredblack",
     R"("strategy":"rollingredblack","targetPercentages":[25,50,100],"delayBeforeCleanup":20)"},
    {"monitored", R"("strategy":"monitored","deploySteps":[50,100],"deploymentMonitor":{"id":"judge"})"},
    {"rollingpush", R"("strategy":"rollingpush","imageId":"sha-2","termination":{"concurrentRelaunches":2})"},
    {"canary", R"("strategy":"canary","canary":{"instances":1,"seconds":60})"},
};

enum class Fault {
  none,
  never_healthy,  ///< the new image
  new_ones_die,   ///< all instances of the new server group, at the step
  an_old_one_dies,
  resized_by_hand,    ///< the new server group
  destroyed_by_hand,  ///< the new server group
  cancelled,
  monitor_aborts,
};
constexpr std::string_view fault_names[] = {"nothing",
                                            "an image that never becomes healthy",
                                            "the new instances die",
                                            "an old instance dies",
                                            "a person resizes the new server group",
                                            "a person destroys the new server group",
                                            "a person cancels",
                                            "the monitor aborts"};

enum class RollBack { no, yes, and_destroy };

struct Schedule {
  const StrategyCase* strategy = nullptr;
  Fault fault = Fault::none;
  RollBack roll_back = RollBack::no;
  int step = 0;            ///< after how many events it happens
  std::uint64_t seed = 0;  ///< of what gets lost, doubled and crashes on the way; 0: nothing
};

std::string to_text(const Schedule& schedule) {
  return fmt::format("{}, {} at step {}, roll-back {}, seed {}", schedule.strategy->name,
                     fault_names[static_cast<std::size_t>(schedule.fault)], schedule.step,
                     static_cast<int>(schedule.roll_back), schedule.seed);
}

/// Says to go on, until it is told to say otherwise.
class Judge final : public net::HttpClient {
 public:
  bool aborts = false;
  base::Async<net::ClientResponse> send(net::ClientRequest) override {
    co_return net::ClientResponse{.status = 200,
                                  .headers = {},
                                  .body = aborts ? R"({"nextStep":{"directive":"abort"}})"
                                                 : R"({"nextStep":{"directive":"continue"}})"};
  }
};

/// What is known of a server group between two looks.
struct Shape {
  model::Capacity capacity;
  bool disabled = false;
  int up = 0;
  auto operator<=>(const Shape& other) const {
    return std::tie(capacity.min, capacity.max, capacity.desired, disabled, up) <=>
           std::tie(other.capacity.min, other.capacity.max, other.capacity.desired, other.disabled, other.up);
  }
  bool operator==(const Shape& other) const { return (*this <=> other) == 0; }
};
using Shapes = std::map<std::string, Shape>;

std::string to_text(const Shapes& shapes) {
  std::string text;
  for (const auto& [name, shape] : shapes) {
    text += fmt::format("{} {}/{}/{} {} {} up; ", name, shape.capacity.min, shape.capacity.desired,
                        shape.capacity.max, shape.disabled ? "off" : "on", shape.up);
  }
  return text;
}

class Run {
 public:
  explicit Run(const Schedule& schedule) : schedule_(schedule), world_(schedule.seed) {
    auto catalogs = world_.catalogs();
    const stages::Infrastructure infrastructure{world_.clouds(), world_.guards(), world_.locks()};
    add_stages(catalogs, infrastructure);
    populate();
  }

  /// What is broken; empty: nothing.
  std::string play() {
    before_ = shapes();
    world_.guard_everything();
    if (schedule_.seed > 0) {
      world_.cloud().set_faults(
          {.crash_before = 0.15, .crash_after = 0.15, .lost_answer = 0.15, .doubled_call = 0.15});
    }
    world_.run_until(testing::execution({{.type = "deploy", .context = context()}}),
                     [this](const model::Execution& now) { return look(now); });
    if (cancel_) world_.cancel();
    world_.cloud().set_faults({});
    look_at_the_end();
    return broken_;
  }
  /// Two schedules with the same trace are one.
  std::string trace() const { return base::sha256_hex(trace_); }
  int steps() const { return step_; }

 private:
  static constexpr std::string_view old_group = "shop-main-v001", new_group = "shop-main-v002";

  void add_stages(runner::Catalogs& catalogs, const stages::Infrastructure& infrastructure) {
    stages::add_infrastructure_tasks(catalogs, infrastructure);
    stages::add_create_server_group(catalogs, infrastructure);
    stages::add_clone_server_group(catalogs, infrastructure);
    stages::add_deploy(catalogs);
    stages::add_destroy_server_group(catalogs, infrastructure);
    stages::add_disable_cluster(catalogs, infrastructure);
    stages::add_shrink_cluster(catalogs, infrastructure);
    stages::add_scale_down_cluster(catalogs, infrastructure);
    stages::add_rollback_server_group(catalogs, infrastructure);
    stages::add_restore_server_groups(catalogs, infrastructure);
    stages::add_disable_server_group(catalogs, infrastructure);
    stages::add_enable_server_group(catalogs, infrastructure);
    stages::add_resize_server_group(catalogs, infrastructure);
    stages::add_pin_server_group(catalogs, infrastructure);
    stages::add_update_launch_config(catalogs, infrastructure);
    stages::add_rolling_push(catalogs, infrastructure);
    stages::add_instances(catalogs, infrastructure);
    stages::add_wait_for_server_group(catalogs);
    stages::add_determine_target_server_group(catalogs, infrastructure);
    stages::add_wait(catalogs);
    stages::add_deployment_monitor(catalogs, judge_,
                                   {{"judge", {.id = "judge", .name = "judge", .base_url = "http://judge"}}});
  }

  void populate() {
    for (const std::string id : {"sha-1", "sha-2"}) {
      model::Image image;
      image.id = id;
      image.name = id == "sha-1" ? "shop" : "shop-2";
      image.account = "local";
      image.region = "here";
      world_.cloud().put(image);
    }
    auto oldest = testing::server_group("shop-main-v000", {.up = 1});
    oldest.disabled = true;
    oldest.capacity = {.min = 1, .max = 1, .desired = 1};
    oldest.created_time = world_.clock().now();
    oldest.image_id = "sha-1";
    world_.cloud().put(oldest);
    world_.clock().advance(seconds(1));
    auto serves = testing::server_group(std::string(old_group), {.up = 4});
    serves.capacity = {.min = 2, .max = 6, .desired = 4};
    serves.created_time = world_.clock().now();
    serves.image_id = "sha-1";
    world_.cloud().put(serves);
    world_.clock().advance(seconds(1));
    world_.cloud().set_time_to_healthy(seconds(20));
  }

  std::string context() const {
    std::string fields = schedule_.strategy->fields;
    if (schedule_.fault == Fault::never_healthy) fields += R"(,"neverHealthy":true)";
    if (schedule_.roll_back != RollBack::no) {
      const bool destroy = schedule_.roll_back == RollBack::and_destroy;
      fields += fmt::format(R"(,"rollback":{{"onFailure":true,"destroyLatest":{}}})", destroy);
      fields += fmt::format(R"(,"failureActions":{{"rollback":"Automatic","destroyInstances":{}}})", destroy);
    }
    return R"({"stageTimeoutMs":1800000,"clusters":[{"account":"local","cloudProvider":"simulated",
      "region":"here","application":"shop","stack":"main","capacity":{"min":4,"max":4,"desired":4},
      "imageId":"sha-1",)" +
           fields + "}]}";
  }

  Shapes shapes() {
    Shapes all;
    for (const auto& group : world_.cloud().now().server_groups) {
      all[group.name] = {group.capacity, group.disabled, clusters::count_up(group, std::nullopt)};
    }
    return all;
  }

  static int serving(const Shapes& shapes) {
    int up = 0;
    for (const auto& [name, shape] : shapes) {
      if (!shape.disabled && name.starts_with("shop-main-v")) up += shape.up;
    }
    return up;
  }

  void break_law(std::string what) {
    if (broken_.empty()) broken_ = std::move(what);
  }

  /// After every event.
  bool look(const model::Execution& now) {
    const Shapes is = shapes();
    const std::size_t effects = world_.cloud().effects().size();
    trace_ += fmt::format("{} {} {}", base::to_millis(world_.clock().now()), effects, to_text(is));
    for (const model::Stage& stage : now.stages) trace_ += model::to_string(stage.status).substr(0, 2);
    check_service(is, effects);
    last_ = is;
    last_effects_ = effects;
    if (step_++ == schedule_.step && !engine::at_rest(now)) happen();
    return cancel_ || engine::at_rest(now);
  }

  /// No operation of ours takes the last of the traffic; and while nothing dies a rolling one takes none.
  void check_service(const Shapes& is, std::size_t effects) {
    const bool ours = effects != last_effects_ && !by_hand_;
    by_hand_ = false;
    if (ours && serving(last_) > 0 && serving(is) == 0)
      break_law(
          fmt::format("an operation took the last of the traffic: {} -> {}", to_text(last_), to_text(is)));
    const bool keeps_all = schedule_.strategy->name != "rollingpush" && !disturbed_;
    if (ours && keeps_all && serving(is) < 4)
      break_law(fmt::format("fewer serve than before: {} -> {}", to_text(last_), to_text(is)));
  }

  void happen() {
    trace_ += fault_names[static_cast<std::size_t>(schedule_.fault)];
    switch (schedule_.fault) {
      case Fault::none:
      case Fault::never_healthy:
        return;
      case Fault::new_ones_die:
        return kill(std::string(new_group), true);
      case Fault::an_old_one_dies:
        return kill(std::string(old_group), false);
      case Fault::resized_by_hand:
        return resize_by_hand();
      case Fault::destroyed_by_hand:
        if (last_.contains(std::string(new_group)))
          act(clusters::destroy_server_group("by-hand", {"local", "here", std::string(new_group)}));
        return;
      case Fault::cancelled:
        cancel_ = true;
        return;
      case Fault::monitor_aborts:
        judge_.aborts = true;
        return;
    }
  }

  void act(const model::Operation& operation) {
    disturbed_ = by_hand_ = true;
    world_.cloud().carry_out(operation);
  }

  void resize_by_hand() {
    if (!last_.contains(std::string(new_group))) return;
    act(clusters::resize_server_group("by-hand", {"local", "here", std::string(new_group)},
                                      {.min = 1, .max = 9, .desired = 3}));
  }

  void kill(const std::string& name, bool all) {
    for (const auto& group : world_.cloud().now().server_groups) {
      if (group.name != name) continue;
      model::ServerGroup hurt = group;
      for (std::size_t i = 0; i < hurt.instances.size() && (all || i == 0); ++i)
        hurt.instances[i].state = model::HealthState::down;
      disturbed_ = by_hand_ = true;
      world_.cloud().put(std::move(hurt));
      return;
    }
  }

  void look_at_the_end() {
    const model::Execution& execution = world_.execution();
    const Shapes is = shapes();
    trace_ += fmt::format("{} {}", model::to_string(execution.status), to_text(is));
    if (!engine::at_rest(execution)) break_law("it never ends");
    if (world_.cloud().operations_run_twice() > 0) break_law("an operation took effect twice");
    for (const auto& [name, shape] : is) {
      if (shape.capacity.min > shape.capacity.desired || shape.capacity.desired > shape.capacity.max)
        break_law(fmt::format("the bounds of {} do not hold its size: {}", name, to_text(is)));
    }
    check_pins(is);
    check_samples(is);
    if (schedule_.fault == Fault::none && execution.status != Status::succeeded)
      break_law(fmt::format("it ended {} though nothing was wrong: {}", model::to_string(execution.status),
                            world_.error()));
    if (execution.status == Status::terminal) check_restored(is);
  }

  /// What was there before has no larger minimum afterwards.
  void check_pins(const Shapes& is) {
    for (const auto& [name, was] : before_) {
      const auto now = is.find(name);
      if (now != is.end() && now->second.capacity.min > was.capacity.min)
        break_law(fmt::format("{} is still pinned: {}", name, to_text(is)));
    }
  }

  /// A baseline and a canary do not outlive their deployment, however it ends.
  void check_samples(const Shapes& is) {
    for (const auto& [name, shape] : is) {
      const bool sample =
          name.find("-baseline-") != std::string::npos || name.find("-canary-") != std::string::npos;
      if (sample) break_law(fmt::format("{} is still there: {}", name, to_text(is)));
    }
  }

  void check_restored(const Shapes& is) {
    if (schedule_.roll_back == RollBack::no || schedule_.strategy->destroys) return;
    for (const auto& [name, was] : before_) {
      const auto now = is.find(name);
      Shape wanted = was;
      // What died by itself is not brought back by a roll-back.
      if (schedule_.fault == Fault::an_old_one_dies && now != is.end()) wanted.up = now->second.up;
      if (now == is.end() || now->second != wanted)
        break_law(fmt::format("not restored: {} -> {} ({})", to_text(before_), to_text(is), world_.error()));
    }
    for (const auto& [name, shape] : is) {
      if (before_.contains(name)) continue;
      if (schedule_.roll_back == RollBack::and_destroy) {
        break_law(fmt::format("{} is still there: {}", name, to_text(is)));
      } else if (!shape.disabled) {
        break_law(fmt::format("{} still serves: {}", name, to_text(is)));
      }
    }
  }

  const Schedule schedule_;
  testing::StageWorld world_;
  Judge judge_;
  Shapes before_, last_;
  std::size_t last_effects_ = 0;
  int step_ = 0;
  bool disturbed_ = false, by_hand_ = false, cancel_ = false;
  std::string trace_, broken_;
};

/// How many events it takes when nothing happens.
int length_of(const StrategyCase& strategy) {
  Run run({.strategy = &strategy, .step = -1});
  EXPECT_EQ(run.play(), "") << strategy.name;
  return run.steps();
}

std::vector<Schedule> all_schedules() {
  std::vector<Schedule> all;
  for (const StrategyCase& strategy : strategies) {
    const int length = length_of(strategy);
    for (const RollBack roll_back : {RollBack::no, RollBack::yes, RollBack::and_destroy}) {
      Schedule schedule{.strategy = &strategy, .roll_back = roll_back};
      for (const Fault fault : {Fault::new_ones_die, Fault::an_old_one_dies, Fault::resized_by_hand,
                                Fault::destroyed_by_hand, Fault::cancelled, Fault::monitor_aborts}) {
        if (fault == Fault::monitor_aborts && strategy.name != "monitored") continue;
        schedule.fault = fault;
        for (schedule.step = 0; schedule.step < length; ++schedule.step) all.push_back(schedule);
      }
      schedule.fault = Fault::never_healthy;
      schedule.step = 0;
      all.push_back(schedule);
    }
  }
  return all;
}

class Campaign {
 public:
  void run(const std::vector<Schedule>& schedules) {
    std::vector<std::thread> threads(std::max(std::thread::hardware_concurrency(), 1U));
    for (std::thread& thread : threads) thread = std::thread([&] { work(schedules); });
    for (std::thread& thread : threads) thread.join();
  }
  std::size_t distinct() const { return traces_.size(); }
  std::size_t played() const { return played_; }

 private:
  void work(const std::vector<Schedule>& schedules) {
    for (std::size_t i = next_++; i < schedules.size(); i = next_++) {
      Run run(schedules[i]);
      const std::string broken = run.play();
      const std::lock_guard lock(mutex_);
      ++played_;
      traces_.insert(run.trace());
      const std::string kind = fmt::format("{}/{}/{}", schedules[i].strategy->name,
                                           static_cast<int>(schedules[i].fault), broken.substr(0, 12));
      if (broken.empty() || !told_.insert(kind).second) continue;
      ADD_FAILURE() << to_text(schedules[i]) << ":\n  " << broken;
    }
  }

  std::atomic<std::size_t> next_ = 0, played_ = 0;
  std::mutex mutex_;  // guards what follows
  std::set<std::string> traces_, told_;
};

TEST(Strategies, EveryFaultAtEveryStep) {
  base::log::set_level(base::log::level::off);
  std::vector<Schedule> schedules = all_schedules();
  const std::size_t by_step = schedules.size();
  // The same with answers that get lost, calls that are doubled, and crashes before and after them.
  for (std::size_t i = 0; i < by_step; ++i) {
    Schedule rough = schedules[i];
    rough.seed = i + 1;
    schedules.push_back(rough);
  }
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    for (const StrategyCase& strategy : strategies)
      schedules.push_back({.strategy = &strategy, .fault = Fault::none, .step = -1, .seed = seed});
  }
  Campaign campaign;
  campaign.run(schedules);
  std::cout << fmt::format("{} schedules of {} strategies, {} distinct\n", campaign.played(),
                           strategies.size(), campaign.distinct());
  EXPECT_GE(campaign.distinct(), 20'000u);
}

}  // namespace
}  // namespace gennaker::simulation
