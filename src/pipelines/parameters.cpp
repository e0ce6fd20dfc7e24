#include "pipelines/parameters.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace gennaker::pipelines {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& message) {
  throw base::Error(base::Kind::invalid, message, {{"field", "parameters." + name}});
}

bool blank(const json::value& value) {
  return value.is_null() || (value.is_string() && base::trimmed(value.get_string()).empty());
}

/// "red, green, blue"; empty: anything may be given.
std::vector<std::string> options_of(const json::object& declared) {
  std::vector<std::string> options;
  const auto* list = base::find_array(declared, "options");
  if (!base::bool_or(declared, "hasOptions", false) || list == nullptr) return options;
  for (const json::value& option : *list) {
    const auto* object = option.if_object();
    const auto* value = object == nullptr ? &option : object->if_contains("value");
    options.push_back(value == nullptr ? "" : base::plain_text(*value));
  }
  return options;
}

/// "2026-02-29" is none.
bool is_date(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int read = 0;
  if (text.size() != 10 || std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &read) != 3)
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return read == 10 && date.ok();
}

/// What may be given for it, for people.
std::string meaning_of(const json::object& declared) {
  const std::vector<std::string> options = options_of(declared);
  if (!options.empty()) return fmt::format("one of its options: {}", fmt::join(options, ", "));
  if (base::string_or(declared, "constraint", "") == "date") return "a date such as 2026-12-31";
  return "a value";
}

void check_value(const json::object& declared, const std::string& name, const json::value& value) {
  const std::string given = base::plain_text(value);
  const std::vector<std::string> options = options_of(declared);
  const bool among = std::find(options.begin(), options.end(), given) != options.end();
  if (!options.empty() && !among)
    refuse(name, fmt::format("parameter {}: '{}' is not {}", name, given, meaning_of(declared)));
  if (base::string_or(declared, "constraint", "") == "date" && !is_date(given))
    refuse(name, fmt::format("parameter {}: '{}' is not {}", name, given, meaning_of(declared)));
}

bool compare(const std::string& left, const std::string& comparator, const std::string& right) {
  if (comparator == "=" || comparator == "==") return left == right;
  if (comparator == "!=") return left != right;
  const auto a = base::whole_number(json::value(left)), b = base::whole_number(json::value(right));
  const int order = a && b ? (*a < *b ? -1 : *a > *b) : left.compare(right);
  if (comparator == "<") return order < 0;
  if (comparator == "<=") return order <= 0;
  if (comparator == ">") return order > 0;
  if (comparator == ">=") return order >= 0;
  return true;
}

/// A conditional parameter is asked for only while another one has a certain value.
bool asked_for(const json::object& declared, const json::object& values) {
  const auto* condition = base::find_object(declared, "condition");
  if (!base::bool_or(declared, "conditional", false) || condition == nullptr) return true;
  const auto* other = values.if_contains(base::string_or(*condition, "parameter", ""));
  const auto* wanted = condition->if_contains("comparatorValue");
  const auto text = [](const json::value* value) {
    return value == nullptr || value->is_null() ? std::string() : base::plain_text(*value);
  };
  return compare(text(other), base::string_or(*condition, "comparator", "="), text(wanted));
}

void check(const json::object& declared, const std::string& name, const json::object& values) {
  const auto* value = values.if_contains(name);
  if (value != nullptr && !blank(*value)) return check_value(declared, name, *value);
  if (!base::bool_or(declared, "required", false) || !asked_for(declared, values)) return;
  refuse(name, fmt::format("Required parameter {} is missing; {} is needed", name, meaning_of(declared)));
}

}  // namespace

json::object resolve_parameters(const json::object& config, const json::object& given, StartedBy by) {
  json::object resolved = given;
  const auto* member = config.if_contains("parameterConfig");
  if (member == nullptr || member->is_null()) return resolved;
  const auto* declarations = member->if_array();
  if (declarations == nullptr) {
    if (by == StartedBy::automatically) return resolved;
    throw base::Error(base::Kind::invalid, "parameterConfig: must be a list", {{"field", "parameterConfig"}});
  }
  const auto each = [&](const auto& look) {
    for (const json::value& declaration : *declarations) {
      const auto* declared = declaration.if_object();
      const std::string name = declared == nullptr ? "" : base::string_or(*declared, "name", "");
      if (!name.empty()) look(*declared, name);
    }
  };
  each([&](const json::object& declared, const std::string& name) {
    const auto* fallback = declared.if_contains("default");
    if (!resolved.contains(name) && fallback != nullptr) resolved[name] = *fallback;
  });
  // All have their values now: a condition may look at any other.
  if (by == StartedBy::somebody) {
    each([&](const json::object& declared, const std::string& name) { check(declared, name, resolved); });
  }
  return resolved;
}

}  // namespace gennaker::pipelines
