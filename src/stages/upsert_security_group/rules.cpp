#include "stages/upsert_security_group/rules.h"

#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

constexpr int highest_port = 65535;

struct Reader {
  std::string field;
  std::optional<FieldProblem>& problem;

  void refuse(std::string_view member, std::string reason) const {
    if (!problem) problem = FieldProblem{fmt::format("{}.{}", field, member), std::move(reason)};
  }

  json::object ports(const json::object& given) const {
    const auto from = base::whole_number(given, "startPort"), to = base::whole_number(given, "endPort");
    for (const auto& [name, port] : {std::pair("startPort", from), std::pair("endPort", to)}) {
      // -1: all, as clouds say it of protocols without ports.
      if (!port || *port < -1 || *port > highest_port) {
        refuse(name, fmt::format("a port from 0 to {} is needed, or -1 for all", highest_port));
      }
    }
    if (from && to && *from > *to) refuse("startPort", fmt::format("{} is more than endPort {}", *from, *to));
    return {{"startPort", from.value_or(0)}, {"endPort", to.value_or(0)}};
  }
};

/// "10.0.0.0/8" as {ip, cidr}, as the API has it.
json::object range_of(const Reader& reader, const std::string& cidr) {
  const auto slash = cidr.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == cidr.size()) {
    reader.refuse("cidr", fmt::format("a range such as 10.0.0.0/8 is needed, not '{}'", cidr));
    return {};
  }
  return {{"ip", cidr.substr(0, slash)}, {"cidr", cidr.substr(slash)}};
}

template <class Read>
void each_of(const json::object& context, std::string_view list, std::optional<FieldProblem>& problem,
             Read read) {
  const auto* value = base::find(context, list);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_array()) {
    if (!problem) problem = FieldProblem{std::string(list), "a list of rules is needed"};
    return;
  }
  std::size_t index = 0;
  for (const auto& entry : value->get_array()) {
    const Reader reader{fmt::format("{}[{}]", list, index++), problem};
    if (const auto* rule = entry.if_object()) {
      read(reader, *rule);
    } else if (!problem) {
      problem = FieldProblem{reader.field, "an object is needed"};
    }
  }
}

json::object deck_rule(const Reader& reader, const json::object& given) {
  json::object rule{{"protocol", base::string_or(given, "type", base::string_or(given, "protocol", "tcp"))},
                    {"portRanges", json::array{reader.ports(given)}}};
  if (const std::string why = base::string_or(given, "description", ""); !why.empty())
    rule["description"] = why;
  return rule;
}

}  // namespace

json::array read_inbound_rules(const json::object& context, std::optional<FieldProblem>& problem) {
  json::array rules;
  each_of(context, "inboundRules", problem, [&](const Reader& reader, const json::object& given) {
    const auto* ports = base::find_array(given, "portRanges");
    if (ports == nullptr) reader.refuse("portRanges", "a list of {startPort, endPort} is needed");
    for (const auto& entry : ports != nullptr ? *ports : json::array()) {
      if (const auto* range = entry.if_object()) {
        reader.ports(*range);
      } else {
        reader.refuse("portRanges", "a list of {startPort, endPort} is needed");
      }
    }
    if (!given.contains("range") && !given.contains("securityGroup")) {
      reader.refuse("range", "{ip, cidr} is needed, or `securityGroup`");
    }
    rules.push_back(given);
  });
  each_of(context, "ipIngress", problem, [&](const Reader& reader, const json::object& given) {
    json::object rule = deck_rule(reader, given);
    rule["range"] = range_of(reader, base::string_or(given, "cidr", ""));
    rules.push_back(std::move(rule));
  });
  each_of(context, "securityGroupIngress", problem, [&](const Reader& reader, const json::object& given) {
    json::object rule = deck_rule(reader, given);
    const std::string name = base::string_or(given, "name", "");
    if (name.empty()) reader.refuse("name", "the name of a firewall is needed");
    rule["securityGroup"] = json::object{{"name", name}};
    rules.push_back(std::move(rule));
  });
  return rules;
}

}  // namespace gennaker::stages
