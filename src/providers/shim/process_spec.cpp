#include "providers/shim/process_spec.h"

#include "base/error.h"
#include "base/json.h"

namespace gennaker::providers {
namespace {

std::int64_t number(const json::object& document, std::string_view key, std::int64_t fallback) {
  if (base::find(document, key) == nullptr) return fallback;
  const auto value = base::whole_number(document, key);
  if (!value || *value < 0) {
    throw base::Error(base::Kind::invalid, fmt::format("instance.json: {}: 0 or more is needed", key));
  }
  return *value;
}

}  // namespace

json::object to_json(const ProcessSpec& spec) {
  json::object environment;
  for (const auto& [name, value] : spec.environment) environment[name] = value;
  return {{"command", json::array(spec.command.begin(), spec.command.end())},
          {"environment", std::move(environment)},
          {"directory", spec.directory},
          {"memoryMb", spec.memory_mb},
          {"openFiles", spec.open_files},
          {"firstRestartDelayMs", spec.first_restart_delay.count()},
          {"longestRestartDelayMs", spec.longest_restart_delay.count()},
          {"restartResetAfterMs", spec.restart_reset_after.count()},
          {"logFileBytes", spec.log_file_bytes},
          {"logFiles", spec.log_files},
          {"stopGraceMs", spec.stop_grace.count()}};
}

ProcessSpec process_spec_of(const json::object& document) {
  using std::chrono::milliseconds;
  ProcessSpec spec;
  const auto* command = base::find_array(document, "command");
  if (command == nullptr || command->empty()) {
    throw base::Error(base::Kind::invalid, "instance.json: command: a list of at least one text is needed");
  }
  for (const json::value& word : *command) spec.command.push_back(base::plain_text(word));
  if (const auto* environment = base::find_object(document, "environment")) {
    for (const auto& member : *environment) {
      spec.environment[std::string(member.key())] = base::plain_text(member.value());
    }
  }
  spec.directory = base::string_or(document, "directory", ".");
  spec.memory_mb = static_cast<int>(number(document, "memoryMb", spec.memory_mb));
  spec.open_files = static_cast<int>(number(document, "openFiles", spec.open_files));
  spec.first_restart_delay = milliseconds(number(document, "firstRestartDelayMs", 500));
  spec.longest_restart_delay = milliseconds(number(document, "longestRestartDelayMs", 30'000));
  spec.restart_reset_after = milliseconds(number(document, "restartResetAfterMs", 60'000));
  spec.log_file_bytes = number(document, "logFileBytes", spec.log_file_bytes);
  spec.log_files = static_cast<int>(number(document, "logFiles", spec.log_files));
  spec.stop_grace = milliseconds(number(document, "stopGraceMs", spec.stop_grace.count()));
  return spec;
}

}  // namespace gennaker::providers
