#include "providers/local/settings.h"

#include "providers/settings/fields.h"

namespace gennaker::providers::local {
GroupSettings group_settings_of(const json::object& object) {
  Fields fields(object, "settings");
  GroupSettings settings;
  settings.command = command_of(fields);
  if (settings.command.empty()) {
    refuse(fields.field("command"),
           "a text for /bin/sh, or a list of a program and its arguments, is needed");
  }
  settings.environment = environment_of(fields);
  if (fields.get("port") != nullptr) fields.number("port", 1, highest_port, settings.port.emplace());
  settings.working_directory = fields.text("workingDirectory").value_or("");
  check_no_zero(fields.field("workingDirectory"), settings.working_directory);
  settings.health_check = health_check_of(fields, NoCheck::refused);
  if (auto limits = fields.object("limits")) {
    limits->number("memoryMb", 0, 1 << 20, settings.memory_mb);
    limits->number("openFiles", 0, 1 << 20, settings.open_files);
    limits->refuse_others();
  }
  if (auto logs = fields.object("logs")) {
    std::int64_t megabytes = settings.log_file_bytes >> 20;
    logs->number("maxSizeMb", 1, 1 << 14, megabytes);
    settings.log_file_bytes = megabytes << 20;
    logs->number("files", 0, 100, settings.log_files);
    logs->refuse_others();
  }
  if (auto restart = fields.object("restart")) {
    restart->duration("firstDelayMs", 1, settings.first_restart_delay);
    restart->duration("longestDelayMs", 1, settings.longest_restart_delay);
    restart->duration("resetAfterMs", 1, settings.restart_reset_after);
    restart->refuse_others();
  }
  fields.duration("stopGraceMs", 0, settings.stop_grace);
  fields.refuse_others();
  return settings;
}

}  // namespace gennaker::providers::local
