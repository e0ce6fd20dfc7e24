#include "server/task_settings.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::server {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::string_view period_key = "backOffPeriod";

class Skipped final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext) override {
    runner::TaskResult result;
    result.status = model::Status::skipped;
    co_return result;
  }
};

[[noreturn]] void refuse(const std::string& key, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("configuration: {}: {}", key, why), {{"field", key}});
}

const json::object& mapping(const std::string& key, const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) refuse(key, "must be a mapping");
  return *object;
}

bool enabled(const std::string& key, const json::value& value) {
  const json::object& settings = mapping(key, value);
  for (const auto& setting : settings) {
    if (setting.key() != "enabled")
      refuse(key + "." + std::string(setting.key()), "is unknown; known here: enabled");
    if (!setting.value().is_bool()) refuse(key + ".enabled", "must be true or false");
  }
  return base::bool_or(settings, "enabled", true);
}

milliseconds period(const std::string& key, const json::object& settings) {
  const auto* value = settings.if_contains(period_key);
  if (value == nullptr) return milliseconds(0);
  const auto number = base::whole_number(*value);
  if (!number || *number < 0)
    refuse(fmt::format("{}.{}", key, period_key), "must be a whole number of milliseconds");
  return base::bounded_millis(*number);
}

/// A mapping with that key and nothing else.
milliseconds only_period(const std::string& key, const json::value& value) {
  const json::object& settings = mapping(key, value);
  for (const auto& setting : settings) {
    if (setting.key() != period_key)
      refuse(fmt::format("{}.{}", key, std::string_view(setting.key())),
             fmt::format("is unknown; known here: {}", period_key));
  }
  return period(key, settings);
}

void read_provider(const std::string& key, const std::string& provider, const json::value& value,
                   const std::vector<std::string>& accounts, runner::BackOff& back_off) {
  const json::object& settings = mapping(key, value);
  const milliseconds of_all = period(key, settings);
  back_off.of_provider[provider] = of_all;
  for (const std::string& account : accounts) back_off.of_account[account] = of_all;
  for (const auto& setting : settings) {
    if (setting.key() == period_key) continue;
    const std::string account(setting.key());
    if (std::find(accounts.begin(), accounts.end(), account) == accounts.end()) {
      refuse(key + "." + account, fmt::format("there is no such account; known here: {}, {}", period_key,
                                              fmt::join(accounts, ", ")));
    }
    const milliseconds of_one = only_period(key + "." + account, setting.value());
    back_off.of_account[account] = std::max(of_all, of_one);
  }
}

}  // namespace

TaskSettings read_task_settings(const json::object& settings, const AccountsByProvider& accounts) {
  TaskSettings read;
  for (const auto& setting : settings) {
    const std::string name(setting.key()), key = "tasks." + name;
    const auto provider = accounts.find(name);
    if (name == "global") {
      read.back_off.everywhere = only_period(key, setting.value());
    } else if (provider != accounts.end()) {
      read_provider(key, name, setting.value(), provider->second, read.back_off);
    } else {
      read.enabled[name] = enabled(key, setting.value());
    }
  }
  return read;
}

void skip_tasks(runner::Catalogs& catalogs, const std::map<std::string, bool>& enabled) {
  for (const auto& [name, wanted] : enabled) {
    if (catalogs.tasks.find(name) == nullptr) refuse("tasks." + name, "there is no such task or provider");
    if (!wanted) catalogs.tasks.add(name, std::make_unique<Skipped>());
  }
}

}  // namespace gennaker::server
