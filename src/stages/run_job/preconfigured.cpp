#include "stages/run_job/preconfigured.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::stages {
namespace {

constexpr std::size_t longest_list = 1'000;

/// The entry's own; the rest are fields of runJob.
constexpr std::string_view own_keys[] = {
    "type",   "label",      "description",       "enabled",
    "uiType", "parameters", "producesArtifacts", "noUserConfigurableFields"};

[[noreturn]] void refuse(const std::string& key, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("configuration: {}: {}", key, why), {{"field", key}});
}

/// One step of a mapping: a member, or an element of a list.
struct Step {
  std::string member;
  std::optional<std::size_t> index;
};

/// nullopt: it is no path.
std::optional<std::vector<Step>> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    const auto end = std::min(path.find_first_of(".["), path.size());
    if (end == 0 && path.front() != '[') return std::nullopt;
    if (end > 0) steps.push_back({std::string(path.substr(0, end)), std::nullopt});
    path.remove_prefix(end);
    while (!path.empty() && path.front() == '[') {
      const auto close = path.find(']');
      const auto number = close == std::string_view::npos
                              ? std::nullopt
                              : base::whole_number(json::value(path.substr(1, close - 1)));
      if (!number || *number < 0 || *number >= static_cast<std::int64_t>(longest_list)) return std::nullopt;
      if (steps.empty()) return std::nullopt;
      steps.push_back({"", static_cast<std::size_t>(*number)});
      path.remove_prefix(close + 1);
    }
    if (path.empty()) break;
    if (path.front() != '.' || path.size() == 1) return std::nullopt;
    path.remove_prefix(1);
  }
  if (steps.empty()) return std::nullopt;
  return steps;
}

/// What is in the way of the path gives way.
void set_at(json::object& context, const std::vector<Step>& steps, const json::value& given) {
  json::value* at = &context[steps.front().member];
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (steps[i].index) {
      if (!at->is_array()) *at = json::array{};
      if (at->get_array().size() <= *steps[i].index) at->get_array().resize(*steps[i].index + 1);
      at = &at->get_array()[*steps[i].index];
    } else {
      if (!at->is_object()) *at = json::object{};
      at = &at->get_object()[steps[i].member];
    }
  }
  *at = given;
}

void check_parameter(const std::string& path, const json::value& value) {
  const auto* parameter = value.if_object();
  if (parameter == nullptr || base::string_or(*parameter, "name", "").empty())
    refuse(path + ".name", "a name is needed");
  if (!steps_of(base::string_or(*parameter, "mapping", "")))
    refuse(path + ".mapping", "the field that gets its value is needed, such as cluster.env.COLOUR");
}

PreconfiguredJob read_one(const std::string& path, const std::string& provider, const json::value& value) {
  const auto* entry = value.if_object();
  if (entry == nullptr) refuse(path, "must be a mapping");
  PreconfiguredJob job;
  job.type = base::string_or(*entry, "type", "");
  if (job.type.empty()) refuse(path + ".type", "a name for the stage type is needed");
  job.label = base::string_or(*entry, "label", job.type);
  job.description = base::string_or(*entry, "description", "");
  job.waits = base::bool_or(*entry, "waitForCompletion", true);
  if (const auto* parameters = base::find(*entry, "parameters");
      parameters != nullptr && !parameters->is_null()) {
    if (!parameters->is_array()) refuse(path + ".parameters", "must be a list");
    job.parameters = parameters->get_array();
  }
  for (std::size_t i = 0; i < job.parameters.size(); ++i)
    check_parameter(fmt::format("{}.parameters[{}]", path, i), job.parameters[i]);
  for (const auto& member : *entry) {
    if (std::find(std::begin(own_keys), std::end(own_keys), member.key()) == std::end(own_keys))
      job.fields[member.key()] = member.value();
  }
  if (!provider.empty() && !job.fields.contains("cloudProvider")) job.fields["cloudProvider"] = provider;
  return job;
}

void read_list(const std::string& path, const std::string& provider, const json::value& list,
               std::vector<PreconfiguredJob>& jobs) {
  if (!list.is_array()) refuse(path, "must be a list");
  for (std::size_t i = 0; i < list.get_array().size(); ++i) {
    const json::value& entry = list.get_array()[i];
    if (entry.is_object() && !base::bool_or(entry.get_object(), "enabled", true)) continue;
    jobs.push_back(read_one(fmt::format("{}[{}]", path, i), provider, entry));
  }
}

}  // namespace

std::vector<PreconfiguredJob> read_preconfigured_jobs(const json::object& section) {
  std::vector<PreconfiguredJob> jobs;
  for (const auto& member : section) {
    if (member.key() != "preconfigured")
      refuse(fmt::format("job.{}", std::string_view(member.key())), "is unknown; known here: preconfigured");
    if (member.value().is_null()) continue;
    const auto* providers = member.value().if_object();
    if (providers == nullptr) {
      read_list("job.preconfigured", "", member.value(), jobs);
      continue;
    }
    for (const auto& provider : *providers) {
      const std::string name(provider.key());
      read_list("job.preconfigured." + name, name, provider.value(), jobs);
    }
  }
  return jobs;
}

void fill_in(const PreconfiguredJob& job, json::object& context) {
  for (const auto& field : job.fields) context[field.key()] = field.value();
  const auto* given = base::find_object(context, "parameters");
  const json::object values = given != nullptr ? *given : json::object{};
  for (const auto& entry : job.parameters) {
    const json::object& parameter = entry.get_object();
    const auto* value = base::find(values, base::string_or(parameter, "name", ""));
    if (value == nullptr || value->is_null()) value = base::find(parameter, "defaultValue");
    if (value == nullptr || value->is_null()) continue;
    set_at(context, *steps_of(base::string_or(parameter, "mapping", "")), *value);
  }
}

json::array to_json(const std::vector<PreconfiguredJob>& jobs) {
  json::array list;
  for (const PreconfiguredJob& job : jobs) {
    list.push_back(json::object{{"type", job.type},
                                {"label", job.label},
                                {"description", job.description},
                                {"cloudProvider", base::string_or(job.fields, "cloudProvider", "")},
                                {"waitForCompletion", job.waits},
                                {"noUserConfigurableFields", true},
                                {"producesArtifacts", false},
                                {"uiType", "BASIC"},
                                {"parameters", job.parameters}});
  }
  return list;
}

}  // namespace gennaker::stages
