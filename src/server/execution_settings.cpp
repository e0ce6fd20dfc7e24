#include "server/execution_settings.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace gennaker::server {
namespace {

namespace json = boost::json;

constexpr std::string_view block = "blockOrchestrationExecutions";
constexpr std::string_view allowed = "allowedOrchestrationExecutions";
constexpr std::string_view keep = "keep";

[[noreturn]] void refuse(const std::string& key, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("configuration: {}: {}", key, why), {{"field", key}});
}

template <std::size_t N>
void refuse_strangers(const std::string& key, const json::object& settings,
                      const std::array<std::string_view, N>& known) {
  for (const auto& setting : settings) {
    if (std::find(known.begin(), known.end(), std::string_view(setting.key())) != known.end()) continue;
    refuse(fmt::format("{}.{}", key, std::string_view(setting.key())),
           fmt::format("is unknown; known here: {}", fmt::join(known, ", ")));
  }
}

bool flag(const std::string& key, const json::object& settings, std::string_view name, bool fallback) {
  if (!settings.contains(name)) return fallback;
  const auto read = base::bool_member(settings, name);
  if (!read) refuse(fmt::format("{}.{}", key, name), "must be true or false");
  return *read;
}

std::vector<std::string> users(const std::string& key, const json::object& settings) {
  const auto* given = settings.if_contains("permittedUsers");
  if (given != nullptr && given->is_object()) refuse(key + ".permittedUsers", "must be a list of users");
  std::vector<std::string> permitted = base::string_list(settings, "permittedUsers");
  // Nobody may: better not to list the type at all than to let everybody through.
  if (permitted.empty() && !flag(key, settings, "allowAllUsers", true))
    refuse(key + ".permittedUsers", "a list of users is needed where allowAllUsers is false");
  return permitted;
}

std::optional<std::int64_t> count(const std::string& key, const json::object& settings, std::string_view name,
                                  std::int64_t least) {
  const auto* value = settings.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = base::whole_number(*value);
  constexpr std::int64_t most = 1'000'000;
  if (!number || *number < least || *number > most)
    refuse(fmt::format("{}.{}", key, name), fmt::format("must be a whole number from {} to {}", least, most));
  return number;
}

void read_rule(const std::string& key, const json::object& settings, pipelines::Retention& rule) {
  if (const auto days = count(key, settings, "days", 1)) rule.age = std::chrono::days(*days);
  if (const auto most = count(key, settings, "perPipeline", 1))
    rule.per_pipeline = static_cast<std::size_t>(*most);
  if (const auto least = count(key, settings, "atLeast", 0)) rule.at_least = static_cast<std::size_t>(*least);
}

const json::object& mapping(const std::string& key, const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) refuse(key, "must be a mapping");
  return *object;
}

}  // namespace

pipelines::AdHocRules read_ad_hoc_rules(const json::object& settings) {
  const std::string section = "executions";
  refuse_strangers(section, settings, std::array{block, allowed, keep});
  pipelines::AdHocRules rules;
  rules.only_listed = flag(section, settings, block, false);
  const std::string key = fmt::format("{}.{}", section, allowed);
  const auto* list = settings.if_contains(allowed);
  if (list == nullptr || list->is_null()) return rules;
  if (!list->is_array()) refuse(key, "must be a list");
  const json::array& entries = list->get_array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const json::value& entry = entries[i];
    const std::string place = fmt::format("{}[{}]", key, i);
    if (const auto* name = entry.if_string()) {
      rules.listed[std::string(*name)] = {};
      continue;
    }
    const auto* object = entry.if_object();
    if (object == nullptr) refuse(place, "must be a stage type, or a mapping with its name");
    refuse_strangers(place, *object,
                     std::array<std::string_view, 3>{"name", "allowAllUsers", "permittedUsers"});
    const std::string name = base::string_or(*object, "name", "");
    if (name.empty()) refuse(place + ".name", "a stage type is needed");
    rules.listed[name] = users(place, *object);
  }
  return rules;
}

pipelines::RetentionRules read_retention(const json::object& settings) {
  pipelines::RetentionRules rules;
  const auto* given = settings.if_contains(keep);
  if (given == nullptr || given->is_null()) return rules;
  const std::string key = fmt::format("executions.{}", keep);
  const json::object& all = mapping(key, *given);
  constexpr std::array<std::string_view, 4> known{"days", "perPipeline", "atLeast", "applications"};
  refuse_strangers(key, all, known);
  read_rule(key, all, rules.everywhere);
  const auto* applications = all.if_contains("applications");
  if (applications == nullptr || applications->is_null()) return rules;
  for (const auto& [name, value] : mapping(key + ".applications", *applications)) {
    const std::string place = fmt::format("{}.applications.{}", key, std::string_view(name));
    const json::object& own = mapping(place, value);
    refuse_strangers(place, own, std::array{known[0], known[1], known[2]});
    pipelines::Retention rule = rules.everywhere;
    read_rule(place, own, rule);
    rules.of_application[base::lower_case(std::string_view(name))] = rule;
  }
  return rules;
}

}  // namespace gennaker::server
