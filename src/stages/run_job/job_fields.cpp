#include "stages/run_job/job_fields.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "clusters/naming.h"
#include "stages/cluster_description.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

/// The stage's own; the rest goes to the provider.
constexpr std::string_view own_fields[] = {
    "waitForCompletion", "propertyFile",    "consumeArtifactSource",  "jobRuntimeLimit",
    "runtimeLimitSecs",  "parameters",      "cloudProviderType",      "job",
    "consumeArtifactId", "consumeArtifact", "consumeArtifactAccount", "noOutput"};

bool is_own(std::string_view field) {
  return std::find(std::begin(own_fields), std::end(own_fields), field) != std::end(own_fields);
}

/// Where the line's key ends; npos: it has none.
std::size_t end_of_key(std::string_view line) {
  return line.find_first_of("=:");
}

}  // namespace

clusters::JobSpec read_job(const json::object& context, const std::string& application,
                           std::optional<FieldProblem>& problem) {
  json::object description = inherited(context);
  if (const auto* cluster = base::find_object(context, "cluster")) {
    description.erase("cluster");
    for (const auto& member : *cluster) description[member.key()] = member.value();
  }
  const ClusterDescription read = read_cluster_description(description, application, problem);
  if (!problem && read.regions.size() != 1) problem = FieldProblem{"region", "exactly one region is needed"};
  clusters::JobSpec spec;
  spec.account = read.account;
  if (!read.regions.empty()) spec.region = read.regions.front();
  spec.moniker = read.moniker;
  spec.image_id = read.image;
  for (const auto& setting : read.settings) {
    if (!is_own(setting.key())) spec.settings.emplace(setting.key(), setting.value());
  }
  return spec;
}

std::optional<std::chrono::seconds> runtime_limit(const json::object& context) {
  auto seconds = base::whole_number(context, "jobRuntimeLimit");
  if (const auto* cluster = base::find_object(context, "cluster"); cluster != nullptr && !seconds) {
    seconds = base::whole_number(*cluster, "runtimeLimitSecs");
  }
  if (!seconds || *seconds <= 0) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(
      base::bounded_millis(std::min<std::int64_t>(*seconds, 1'000'000'000) * 1000));
}

const model::Job* find_job(const clusters::Snapshot& snapshot, const std::string& id) {
  for (const model::Job& job : snapshot.jobs) {
    if (job.id == id) return &job;
  }
  return nullptr;
}

json::object to_json(const model::Job& job) {
  json::object status{{"id", job.id},
                      {"name", job.name},
                      {"account", job.account},
                      {"location", job.region},
                      {"region", job.region},
                      {"provider", job.provider},
                      {"jobState", model::to_string(job.state)},
                      {"createdTime", base::to_millis(job.created_time)}};
  json::object details;
  if (job.completed_time) status["completedTime"] = base::to_millis(*job.completed_time);
  if (job.exit_code) details["exitCode"] = *job.exit_code;
  if (!job.message.empty()) details["message"] = job.message;
  status["completionDetails"] = std::move(details);
  if (!job.outputs.empty()) status["outputs"] = job.outputs;
  return status;
}

std::optional<json::object> read_properties(std::string_view text) {
  boost::system::error_code not_json;
  const json::value parsed = json::parse(text, not_json);
  if (!not_json) {
    if (const auto* object = parsed.if_object()) return *object;
    return std::nullopt;
  }
  json::object properties;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string line(base::trimmed(text.substr(0, end)));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const auto key_end = end_of_key(line);
    if (key_end == std::string::npos || key_end == 0) return std::nullopt;
    properties[std::string(base::trimmed(std::string_view(line).substr(0, key_end)))] =
        std::string(base::trimmed(std::string_view(line).substr(key_end + 1)));
  }
  return properties;
}

}  // namespace gennaker::stages
