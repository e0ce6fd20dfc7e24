#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "clusters/operations.h"
#include "clusters/simulated_cloud.h"

namespace gennaker::clusters {
namespace {

using base::Error;
using base::Kind;
using model::Job;
using model::JobState;
using model::Operation;

base::TimePoint end_of(const Job& job) {
  return job.created_time + base::bounded_millis(base::whole_number(job.extra, "runsFor").value_or(0));
}

void finish(Job& job) {
  job.exit_code = static_cast<int>(base::whole_number(job.extra, "exitCode").value_or(0));
  job.state = *job.exit_code == 0 ? JobState::succeeded : JobState::failed;
  job.completed_time = end_of(job);
  if (*job.exit_code != 0) job.message = fmt::format("exited with status {}", *job.exit_code);
  if (const auto* outputs = base::find_object(job.extra, "outputs")) job.outputs = *outputs;
}

}  // namespace

json::object SimulatedCloud::run_job(const Operation& operation) {
  const JobSpec spec = job_spec_of(operation);
  Job job;
  job.name = spec.moniker.cluster;
  job.id = fmt::format("{}-{}", job.name, base::sha256_hex(operation.key).substr(0, 8));
  job.account = account_.name;
  job.provider = account_.provider;
  job.region = spec.region;
  job.moniker = spec.moniker;
  job.state = JobState::running;
  job.created_time = clock_.now();
  job.extra = spec.settings;
  json::object answer{{"jobId", job.id}, {"jobName", job.name}, {"region", job.region}};
  if (end_of(job) <= clock_.now()) {
    finish(job);
  } else {
    next_change_ = std::min(next_change_, end_of(job));
  }
  state_.jobs.push_back(std::move(job));
  return answer;
}

json::object SimulatedCloud::cancel_job(const Operation& operation) {
  const std::string id = base::string_or(operation.what, "jobId", "");
  for (std::size_t i = 0; i < state_.jobs.size(); ++i) {
    if (state_.jobs[i].id != id || state_.jobs[i].state != JobState::running) continue;
    Job& job = state_.jobs.edit(i);
    job.state = JobState::failed;
    job.completed_time = clock_.now();
    job.message = "was cancelled";
  }
  return {};
}

/// True if one has ended.
bool SimulatedCloud::refresh_jobs() {
  bool any_ended = false;
  for (std::size_t i = 0; i < state_.jobs.size(); ++i) {
    if (state_.jobs[i].state != JobState::running) continue;
    const auto end = end_of(state_.jobs[i]);
    if (end > clock_.now()) {
      next_change_ = std::min(next_change_, end);
      continue;
    }
    finish(state_.jobs.edit(i));
    any_ended = true;
  }
  return any_ended;
}

Async<std::string> SimulatedCloud::job_file(std::string account, std::string job_id, std::string name) {
  for (const Job& job : state_.jobs) {
    if (job.id != job_id) continue;
    const auto* files = base::find_object(job.extra, "files");
    if (files == nullptr) co_return std::string();
    const auto found = base::string_member(*files, name);
    if (found) co_return *found;
    throw Error(Kind::not_found, fmt::format("job '{}' wrote no file '{}'", job_id, name));
  }
  throw Error(Kind::not_found, fmt::format("account '{}' has no job '{}'", account, job_id));
}

}  // namespace gennaker::clusters
