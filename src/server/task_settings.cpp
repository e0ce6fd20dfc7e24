#include "server/task_settings.h"

#include <fmt/format.h>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::server {
namespace {

namespace json = boost::json;

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

bool enabled(const std::string& key, const json::value& settings) {
  const auto* object = settings.if_object();
  if (object == nullptr) refuse(key, "must be a mapping");
  for (const auto& setting : *object) {
    if (setting.key() != "enabled")
      refuse(key + "." + std::string(setting.key()), "is unknown; known here: enabled");
    if (!setting.value().is_bool()) refuse(key + ".enabled", "must be true or false");
  }
  return base::bool_or(*object, "enabled", true);
}

}  // namespace

void apply_task_settings(runner::Catalogs& catalogs, const json::object& settings) {
  for (const auto& task : settings) {
    const std::string name(task.key()), key = "tasks." + name;
    if (catalogs.tasks.find(name) == nullptr) refuse(key, "there is no such task");
    if (!enabled(key, task.value())) catalogs.tasks.add(name, std::make_unique<Skipped>());
  }
}

}  // namespace gennaker::server
