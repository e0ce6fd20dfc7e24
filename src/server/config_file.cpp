#include "server/config_file.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <yaml-cpp/yaml.h>

#include "base/error.h"

namespace gennaker::server {
namespace {

/// A scalar without quotes is what it looks like.
boost::json::value scalar_to_json(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return boost::json::value(text);
  if (text == "true" || text == "false") return text == "true";
  if (std::int64_t whole = 0; YAML::convert<std::int64_t>::decode(node, whole)) return whole;
  if (double number = 0; YAML::convert<double>::decode(node, number) && std::isfinite(number)) return number;
  return boost::json::value(text);
}

boost::json::value to_json(const YAML::Node& node) {
  if (node.IsScalar()) return scalar_to_json(node);
  if (node.IsSequence()) {
    boost::json::array array;
    for (const auto& element : node) array.push_back(to_json(element));
    return array;
  }
  if (!node.IsMap()) return nullptr;
  boost::json::object object;
  for (const auto& member : node) object[member.first.as<std::string>()] = to_json(member.second);
  return object;
}

/// One mapping of the file: hands out its keys, and knows which are left over.
class Section {
 public:
  Section(const std::filesystem::path& file, std::string path, const YAML::Node& node)
      : file_(file), path_(std::move(path)), node_(node) {
    if (node_ && !node_.IsMap() && !node_.IsNull()) refuse(node_, path_, "must be a mapping");
  }

  template <class T>
  void read(const std::string& key, T& target, std::string_view meaning) {
    known_.push_back(key);
    if (!node_ || !node_.IsMap() || !node_[key]) return;
    try {
      target = node_[key].as<T>();
    } catch (const YAML::Exception&) {
      refuse(node_[key], full(key), fmt::format("must be {}", meaning));
    }
  }

  /// A mapping as JSON; absent: empty.
  boost::json::object document(const std::string& key) {
    known_.push_back(key);
    if (!node_ || !node_.IsMap() || !node_[key] || node_[key].IsNull()) return {};
    if (!node_[key].IsMap()) refuse(node_[key], full(key), "must be a mapping");
    return to_json(node_[key]).as_object();
  }

  Section section(const std::string& key) {
    known_.push_back(key);
    return {file_, full(key), node_ && node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined)};
  }

  void refuse_rest() const {
    if (!node_ || !node_.IsMap()) return;
    for (const auto& member : node_) {
      const auto key = member.first.as<std::string>();
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      std::string names;
      for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
      refuse(member.first, full(key), fmt::format("is unknown; known here: {}", names));
    }
  }

  [[noreturn]] void refuse(const YAML::Node& at, const std::string& key, const std::string& why) const {
    throw base::Error(base::Kind::invalid,
                      fmt::format("{}:{}: {}: {}", file_.string(), at.Mark().line + 1, key, why),
                      {{"field", key}});
  }

 private:
  std::string full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  const std::filesystem::path& file_;
  std::string path_;
  YAML::Node node_;
  std::vector<std::string> known_;
};

}  // namespace

void read_config_file(const std::filesystem::path& file, Options& options) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file.string());
  } catch (const YAML::BadFile&) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("{}: the configuration file cannot be read", file.string()));
  } catch (const YAML::Exception& error) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("{}:{}: {}", file.string(), error.mark.line + 1, error.msg));
  }
  Section top(file, "", root);
  std::string data = options.data.string();
  top.read("address", options.address, "an IP address");
  top.read("port", options.port, "a port, 0 to 65535");
  top.read("data", data, "a folder");
  top.read("store", options.store, "a URL such as postgresql://user@host/database");
  top.read("logLevel", options.log_level, "trace, debug, info, warning or error");
  top.read("allowedOrigins", options.allowed_origins, "a list of origins such as https://deck.example.com");
  options.data = data;
  constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warning", "error", "off"};
  if (std::find(levels.begin(), levels.end(), options.log_level) == levels.end()) {
    top.refuse(root["logLevel"], "logLevel",
               fmt::format("'{}' is not one of {}", options.log_level, fmt::join(levels, ", ")));
  }

  Section local = top.section("local");
  std::string haproxy = options.local.haproxy.string();
  local.read("accounts", options.local.accounts, "a list of names");
  local.read("firstPort", options.local.first_port, "a port");
  local.read("lastPort", options.local.last_port, "a port");
  local.read("haproxy", haproxy, "a program");
  options.local.haproxy = haproxy;
  if (options.local.first_port > options.local.last_port) {
    local.refuse(root["local"], "local.lastPort", "must not be below local.firstPort");
  }
  local.refuse_rest();
  options.docker = top.document("docker");
  Section simulated = top.section("simulated");
  simulated.read("accounts", options.simulated.accounts, "a list of names");
  simulated.read("regions", options.simulated.regions, "a list of names");
  simulated.refuse_rest();
  options.bakery = top.document("bakery");
  Section window = top.section("executionWindow");
  window.read("timeZone", options.time_zone, "a time zone such as Europe/Berlin");
  window.refuse_rest();
  top.read("pauseToggles", options.pause_toggles, "a mapping of names to true or false");
  options.executions = top.document("executions");
  options.tasks = top.document("tasks");
  options.job = top.document("job");
  options.webhook = top.document("webhook");
  options.deployment_monitor = top.document("deploymentMonitor");
  top.refuse_rest();
}

}  // namespace gennaker::server
