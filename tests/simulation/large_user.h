#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults.h"
#include "pipelines/pruner.h"
#include "rehearsal/world.h"

/// A large user: a company of divisions that share nothing, each with its own server, store and clouds. What
/// they have, and when they do what.
namespace gennaker::simulation {

namespace json = boost::json;

/// What comes of a deployment; its parameter `fate` says so from the start.
enum class Fate {
  serves,           ///< the new server group serves
  crashes,          ///< its instances exit, and it goes again
  lacks_its_image,  ///< there is nothing to deploy
  is_refused,       ///< a person says "stop" before it
  goes_back,        ///< it serves, and is rolled back
};
std::string_view to_string(Fate fate);
std::optional<Fate> parse_fate(std::string_view text);

/// A pipeline that deploys to one cluster, and is the only one that does.
struct Delivery {
  std::string id;
  json::object config;  ///< as saved
  std::string account, cluster;
  bool limited = false;       ///< one execution at a time; else people see to that
  bool keeps_waiting = true;  ///< what waits for another to end begins then; else only the newest of them
  // Fates that it offers besides the others.
  bool takes_image = false, is_judged = false, is_verified = false;
};

struct Holdings {
  std::vector<rehearsal::AccountState> accounts;
  std::vector<json::object> applications;
  std::vector<Delivery> deliveries;
};

/// A division of ten applications, with a test and a production cluster each.
Holdings found_division(int number, std::uint64_t seed);

constexpr int applications_a_division = 10;
/// A hundred a day on average, as 4,000 are of 40 divisions: more on working days.
constexpr int deployments_a_day = 100;
/// How large every server group is.
constexpr int instances_a_group = 2;

/// When the division's deployments begin on that day, since midnight. Day 0 is a Monday.
std::vector<std::chrono::milliseconds> deployments_of(int day, Dice& dice);
/// What a person starts the pipeline with, and what will come of it.
json::object draw_trigger(const Delivery& delivery, Dice& dice);

/// `executions.keep` of the server's configuration.
pipelines::RetentionRules kept_executions();

/// Troubles of a usual year, times `factor`. Crashes of the server are `crashes_a_day`.
Faults usual_faults(double factor);
constexpr double crashes_a_day = 2;

}  // namespace gennaker::simulation
