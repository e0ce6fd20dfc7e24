#include "providers/local/settings.h"

#include <arpa/inet.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::providers::local {
namespace {

constexpr int highest_port = 65535;

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", field, why), {{"field", field}});
}

/// One object of the settings, which knows its name and which members it has been asked for.
class Fields {
 public:
  Fields(const json::object& object, std::string name) : object_(object), name_(std::move(name)) {}

  std::string field(std::string_view key) const { return fmt::format("{}.{}", name_, key); }
  /// nullptr: absent or null.
  const json::value* get(std::string_view key) {
    known_.emplace(key);
    const json::value* value = base::find(object_, key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::optional<std::string> text(std::string_view key) {
    const json::value* value = get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse(field(key), "a text is needed");
    return std::string(value->as_string());
  }
  template <class Number>
  void number(std::string_view key, std::int64_t least, std::int64_t most, Number& into) {
    const json::value* value = get(key);
    if (value == nullptr) return;
    const auto number = base::whole_number(*value);
    if (!number || *number < least || *number > most) {
      refuse(field(key), fmt::format("a whole number from {} to {} is needed", least, most));
    }
    into = static_cast<Number>(*number);
  }
  void duration(std::string_view key, std::int64_t least, milliseconds& into) {
    std::int64_t count = into.count();
    number(key, least, std::int64_t{24} * 3600 * 1000, count);
    into = milliseconds(count);
  }
  std::optional<Fields> object(std::string_view key) {
    const json::value* value = get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) refuse(field(key), "an object is needed");
    return Fields(value->as_object(), field(key));
  }
  /// Refuses what nobody asked for: a misspelt member would be ignored in silence.
  void refuse_others() const {
    for (const auto& member : object_) {
      if (known_.contains(std::string(member.key()))) continue;
      refuse(field(member.key()), fmt::format("is not known; known are: {}", fmt::join(known_, ", ")));
    }
  }
  const json::object& raw() const { return object_; }

 private:
  const json::object& object_;
  std::string name_;
  std::set<std::string> known_;
};

void check_no_zero(const std::string& field, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) refuse(field, "a text without NUL characters is needed");
}

std::vector<std::string> command_of(Fields& settings) {
  const json::value* value = settings.get("command");
  const std::string field = settings.field("command");
  if (value == nullptr)
    refuse(field, "a text for /bin/sh, or a list of a program and its arguments, is needed");
  if (value->is_string()) {
    const std::string text(value->as_string());
    check_no_zero(field, text);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) refuse(field, "must not be empty");
    return {"/bin/sh", "-c", text};
  }
  if (!value->is_array()) refuse(field, "a text or a list of texts is needed");
  std::vector<std::string> words;
  for (const json::value& word : value->as_array()) {
    if (!word.is_string()) refuse(field, "a list of texts is needed");
    words.emplace_back(word.as_string());
    check_no_zero(field, words.back());
  }
  if (words.empty() || words[0].empty()) refuse(field, "the list must begin with a program");
  return words;
}

std::map<std::string, std::string> environment_of(Fields& settings) {
  std::map<std::string, std::string> environment;
  auto env = settings.object("env");
  if (!env) return environment;
  for (const auto& member : env->raw()) {
    const std::string name(member.key());
    const json::value& value = member.value();
    if (name.empty() || name.find('=') != std::string::npos) {
      refuse(env->field(name), "is not a name for a variable");
    }
    if (value.is_object() || value.is_array() || value.is_null()) {
      refuse(env->field(name), "a text, a number or true/false is needed");
    }
    const std::string text = base::plain_text(value);
    check_no_zero(env->field(name), name);
    check_no_zero(env->field(name), text);
    environment[name] = text;
  }
  return environment;
}

/// A path that can stand in a request line and in HAProxy's file.
std::string check_path_of(Fields& fields, std::string_view key, const std::string& fallback) {
  const std::string path = fields.text(key).value_or(fallback);
  const bool printable = std::all_of(path.begin(), path.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"'\\#$%{}").find(c) == std::string_view::npos;
  });
  if (!path.starts_with('/') || !printable || path.size() > 1000) {
    refuse(fields.field(key), "a path that begins with '/', without blanks and quotes, is needed");
  }
  return path;
}

bool is_http(Fields& check, bool fallback) {
  const std::string type = check.text("type").value_or(fallback ? "http" : "tcp");
  if (type != "http" && type != "tcp") {
    refuse(check.field("type"), fmt::format("'{}' is not known; 'http' or 'tcp' is needed", type));
  }
  return type == "http";
}

HealthCheckSettings health_check_of(Fields& settings) {
  HealthCheckSettings check;
  auto given = settings.object("healthCheck");
  if (!given) return check;
  check.http = is_http(*given, true);
  check.path = check_path_of(*given, "path", check.path);
  given->duration("intervalMs", 50, check.interval);
  given->duration("timeoutMs", 50, check.timeout);
  given->number("healthyThreshold", 1, 100, check.healthy_threshold);
  given->number("unhealthyThreshold", 1, 100, check.unhealthy_threshold);
  given->refuse_others();
  return check;
}

}  // namespace

GroupSettings group_settings_of(const json::object& object) {
  Fields fields(object, "settings");
  GroupSettings settings;
  settings.command = command_of(fields);
  settings.environment = environment_of(fields);
  if (fields.get("port") != nullptr) fields.number("port", 1, highest_port, settings.port.emplace());
  settings.working_directory = fields.text("workingDirectory").value_or("");
  check_no_zero(fields.field("workingDirectory"), settings.working_directory);
  settings.health_check = health_check_of(fields);
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

LoadBalancerSettings load_balancer_settings_of(const json::object& object) {
  Fields fields(object, "settings");
  LoadBalancerSettings settings;
  fields.number("port", 1, highest_port, settings.port);
  if (settings.port == 0) refuse(fields.field("port"), "the port on which it listens is needed");
  settings.bind = fields.text("bind").value_or(settings.bind);
  in_addr address{};
  if (inet_pton(AF_INET, settings.bind.c_str(), &address) != 1) {
    refuse(fields.field("bind"), fmt::format("'{}' is not an IPv4 address", settings.bind));
  }
  if (auto check = fields.object("healthCheck")) {
    const bool http = is_http(*check, false);
    const std::string path = check_path_of(*check, "path", "/health");
    if (http) settings.check_path = path;
    check->refuse_others();
  }
  fields.refuse_others();
  return settings;
}

}  // namespace gennaker::providers::local
