#include "large_user.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "configs.h"
#include "testing/builders.h"

namespace gennaker::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view provider = "simulated", region = "here";
constexpr std::array<std::string_view, 5> fates{"serves", "crashes", "lacks_its_image", "is_refused",
                                                "goes_back"};
constexpr int images = 6;
/// How many server groups a red/black deployment leaves.
constexpr int most_groups = 2;

// Of a division, on average 100 a day: five times 132 and twice 20 a week.
constexpr int on_working_days = 132, at_weekends = 20;
static_assert(5 * on_working_days + 2 * at_weekends == 7 * deployments_a_day);

/// How many of a hundred deployments begin in which hour, UTC.
constexpr std::array<int, 24> rhythm{0, 0, 0,  0,  0, 0, 1, 3, 6, 9, 11, 10,
                                     7, 9, 12, 11, 9, 6, 3, 2, 1, 0, 0,  0};

class Founder {
 public:
  Founder(int number, std::uint64_t seed) : number_(number), dice_(seed) {}

  Holdings found() {
    for (const std::string_view account : {"test-a", "test-b", "prod-a", "prod-b"}) add_account(account);
    for (int i = 0; i < applications_a_division; ++i) add_application(i);
    return std::move(made_);
  }

 private:
  void add_account(std::string_view name) {
    rehearsal::AccountState state{.account = {.name = std::string(name),
                                              .provider = std::string(provider),
                                              .environment = std::string(name.substr(0, 4)),
                                              .regions = {std::string(region)}}};
    for (int i = 1; i <= images; ++i) {
      state.holds.images.push_back({.id = fmt::format("image-{}", i),
                                    .name = "service",
                                    .account = state.account.name,
                                    .region = std::string(region),
                                    .version = std::to_string(i),
                                    .created_time = base::from_millis(i)});
    }
    made_.accounts.push_back(std::move(state));
  }

  void add_application(int index) {
    const std::string name = fmt::format("service{}{}", number_, index);
    made_.applications.push_back({{"name", name}, {"email", name + "@example.com"}});
    const bool bakes = dice_.below(3) == 0;
    const std::string_view half = index % 2 == 0 ? "a" : "b";
    add_delivery(name, fmt::format("test-{}", half), "test", bakes);
    add_delivery(name, fmt::format("prod-{}", half), "main", bakes);
  }

  void add_delivery(const std::string& application, const std::string& account, const std::string& stack,
                    bool bakes) {
    Delivery delivery;
    delivery.id = fmt::format("{}-to-{}", application, stack);
    delivery.account = account;
    delivery.cluster = fmt::format("{}-{}", application, stack);
    delivery.limited = dice_.below(2) == 0;
    delivery.keeps_waiting = dice_.below(4) != 0;
    add_first_group(delivery);
    auto stages = stack == "test" ? stages_to_test(delivery, application, bakes)
                                  : stages_to_production(delivery, application, bakes);
    delivery.config = config_of(delivery, application, std::move(stages));
    made_.deliveries.push_back(std::move(delivery));
  }

  void add_first_group(const Delivery& delivery) {
    const auto state = std::find_if(made_.accounts.begin(), made_.accounts.end(),
                                    [&](const auto& one) { return one.account.name == delivery.account; });
    state->holds.server_groups.push_back(
        testing::server_group(clusters::server_group_name(delivery.cluster, 0),
                              {.up = instances_a_group, .account = delivery.account}));
  }

  static json::object config_of(const Delivery& delivery, const std::string& application,
                                std::vector<json::object> stages) {
    json::object config{{"application", application}, {"name", delivery.id}, {"id", delivery.id}};
    config["limitConcurrent"] = delivery.limited;
    config["keepWaitingPipelines"] = delivery.keeps_waiting;
    config["parameterConfig"] = json::array{json::object{{"name", "fate"}, {"default", "serves"}},
                                            json::object{{"name", "image"}, {"default", "image-1"}},
                                            json::object{{"name", "crashes"}, {"default", "false"}}};
    config["stages"] = in_order(std::move(stages));
    return config;
  }

  std::vector<json::object> stages_to_test(Delivery& delivery, const std::string& application, bool bakes) {
    std::vector<json::object> stages;
    if (bakes) {
      stages.push_back(stage("bake", {{"name", "Bake"},
                                      {"cloudProvider", provider},
                                      {"account", delivery.account},
                                      {"region", region},
                                      {"imageName", "service"},
                                      {"version", "${parameters.image}"}}));
    }
    delivery.takes_image = !bakes;
    json::object deploy = deploy_to(delivery, application, "test");
    if (dice_.below(2) == 0) deploy["clusters"].as_array()[0].as_object()["strategy"] = "highlander";
    stages.push_back(std::move(deploy));
    return stages;
  }

  std::vector<json::object> stages_to_production(Delivery& delivery, const std::string& application,
                                                 bool bakes) {
    std::vector<json::object> stages;
    delivery.takes_image = true;
    const int first = dice_.below(3);
    if (first == 0 && !bakes) {  // what is baked is in the test account alone
      stages.push_back(find_what_test_runs(application));
      delivery.takes_image = false;
    } else if (first == 1) {
      stages.push_back(check_size(delivery));
    }
    delivery.is_judged = dice_.below(5) < 2;
    if (delivery.is_judged) stages.push_back(stage("manualJudgment", {{"name", "Approve"}}));
    json::object deploy = deploy_to(delivery, application, "main");
    json::object& description = deploy["clusters"].as_array()[0].as_object();
    if (dice_.below(3) == 0) description["scaleDown"] = true;
    if (dice_.below(3) == 0) description["rollback"] = {{"onFailure", true}};
    stages.push_back(std::move(deploy));
    delivery.is_verified = dice_.below(5) < 3;
    if (delivery.is_verified) {
      stages.push_back(stage("wait", {{"waitTime", 60 + dice_.below(600)}}));
      stages.push_back(roll_back(delivery));
    }
    return stages;
  }

  json::object find_what_test_runs(const std::string& application) const {
    return stage("findImage", {{"name", "What test runs"},
                               {"cloudProvider", provider},
                               {"credentials", made_.deliveries.back().account},
                               {"cluster", application + "-test"},
                               {"regions", list_of(region)}});
  }

  static json::object check_size(const Delivery& delivery) {
    json::object condition{{"type", "clusterSize"}, {"failPipeline", true}};
    condition["context"] = {{"cluster", delivery.cluster},
                            {"credentials", delivery.account},
                            {"regions", list_of(region)},
                            {"comparison", "<="},
                            {"expected", most_groups}};
    return stage("checkPreconditions", {{"preconditions", json::array{std::move(condition)}}});
  }

  static json::object deploy_to(const Delivery& delivery, const std::string& application,
                                std::string_view stack) {
    json::object description{{"cloudProvider", provider},
                             {"account", delivery.account},
                             {"region", region},
                             {"application", application},
                             {"stack", stack},
                             {"strategy", "redblack"},
                             {"maxRemainingAsgs", most_groups},
                             {"crashes", "${parameters.crashes}"}};
    description["capacity"] = {
        {"min", instances_a_group}, {"max", instances_a_group}, {"desired", instances_a_group}};
    if (delivery.takes_image) description["imageId"] = "${parameters.image}";
    return stage("deploy", {{"name", "Deploy"}, {"clusters", json::array{std::move(description)}}});
  }

  static json::object roll_back(const Delivery& delivery) {
    json::object back = stage("rollbackCluster", {{"name", "Roll back"},
                                                  {"cloudProvider", provider},
                                                  {"credentials", delivery.account},
                                                  {"cluster", delivery.cluster},
                                                  {"regions", list_of(region)}});
    back["stageEnabled"] = {{"type", "expression"}, {"expression", "parameters.fate == 'goes_back'"}};
    return back;
  }

  int number_;
  Dice dice_;
  Holdings made_;
};

Fate draw_fate(const Delivery& delivery, Dice& dice) {
  const int drawn = dice.below(100);
  if (drawn < 3) return Fate::crashes;
  if (drawn < 4 && delivery.takes_image) return Fate::lacks_its_image;
  if (drawn >= 4 && drawn < 10 && delivery.is_judged) return Fate::is_refused;
  if (drawn >= 10 && drawn < 18 && delivery.is_verified) return Fate::goes_back;
  return Fate::serves;
}

}  // namespace

std::string_view to_string(Fate fate) {
  return fates.at(static_cast<std::size_t>(fate));
}

std::optional<Fate> parse_fate(std::string_view text) {
  const auto found = std::find(fates.begin(), fates.end(), text);
  if (found == fates.end()) return std::nullopt;
  return static_cast<Fate>(found - fates.begin());
}

Holdings found_division(int number, std::uint64_t seed) {
  return Founder(number, seed).found();
}

std::vector<milliseconds> deployments_of(int day, Dice& dice) {
  const bool weekend = day % 7 >= 5;
  const int count = weekend ? at_weekends : on_working_days;
  std::vector<milliseconds> times;
  for (int i = 0; i < count; ++i) {
    int left = dice.below(100), hour = 0;
    while (left >= rhythm.at(static_cast<std::size_t>(hour)))
      left -= rhythm.at(static_cast<std::size_t>(hour++));
    times.push_back(std::chrono::hours(hour) + milliseconds(dice.below(3'600'000)));
  }
  return times;
}

json::object draw_trigger(const Delivery& delivery, Dice& dice) {
  const Fate fate = draw_fate(delivery, dice);
  const std::string image =
      fate == Fate::lacks_its_image ? "image-none" : fmt::format("image-{}", 1 + dice.below(images));
  json::object trigger{{"type", "manual"}, {"user", "ann"}};
  trigger["parameters"] = {
      {"fate", to_string(fate)}, {"image", image}, {"crashes", fate == Fate::crashes ? "true" : "false"}};
  return trigger;
}

pipelines::RetentionRules kept_executions() {
  return {.everywhere = {.age = std::chrono::days(30), .per_pipeline = 10, .at_least = 5}};
}

Faults usual_faults(double factor) {
  Faults faults;
  faults.store_slow = 0.000'5 * factor;
  faults.store_fails_before = 0.000'2 * factor;
  faults.store_fails_after = 0.000'2 * factor;
  faults.store_read_fails = 0.000'2 * factor;
  faults.cloud_slow = 0.002 * factor;
  faults.cloud_fails = 0.002 * factor;
  faults.cloud_half_done = 0.001 * factor;
  faults.cloud_answer_lost = 0.002 * factor;
  faults.cloud_doubled = 0.001 * factor;
  faults.cloud_read_fails = 0.001 * factor;
  return faults;
}

}  // namespace gennaker::simulation
