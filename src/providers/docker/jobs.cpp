#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/naming.h"
#include "providers/docker/account.h"
#include "providers/docker/container_spec.h"
#include "providers/docker/labels.h"
#include "providers/settings/fields.h"

/// The part of Account that is about jobs: containers that run once. What an engine tells of them is all
/// there is; nothing is kept beside.
namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;
using model::Job;
using model::JobState;

constexpr std::chrono::hours jobs_kept{24 * 14};
constexpr std::size_t id_digits = 10;
constexpr std::size_t largest_file_bytes = std::size_t{1} << 20, longest_path = 4096;

std::string label_of(const engine::ContainerSummary& container, std::string_view label) {
  const auto found = container.labels.find(std::string(label));
  return found == container.labels.end() ? "" : found->second;
}

JobState state_of(const engine::ContainerSummary& container, const std::optional<ContainerExit>& exit) {
  switch (container.state) {
    case engine::ContainerState::created:
      return exit && !exit->error.empty() ? JobState::failed : JobState::starting;
    case engine::ContainerState::running:
    case engine::ContainerState::paused:
    case engine::ContainerState::restarting:
      return JobState::running;
    case engine::ContainerState::exited:
    case engine::ContainerState::dead:
      if (!exit) return JobState::running;  // how it ended is known with the next look
      return exit->code == 0 ? JobState::succeeded : JobState::failed;
    case engine::ContainerState::removing:
    case engine::ContainerState::unknown:
      return JobState::unknown;
  }
  return JobState::unknown;
}

std::string why_failed(const ContainerExit& exit) {
  if (!exit.error.empty()) return exit.error;
  if (exit.out_of_memory) return "was ended: it needed more memory than memoryMb";
  return exit.code == 0 ? "" : fmt::format("exited with status {}", exit.code);
}

std::string id_of(const clusters::JobSpec& spec, const std::string& key) {
  return fmt::format("{}-{}", spec.moniker.cluster, base::sha256_hex(key).substr(0, id_digits));
}

}  // namespace

Job Account::describe_job(const Host& host, const std::string& name,
                          const engine::ContainerSummary& container) const {
  Job job;
  job.id = label_of(container, job_label);
  job.account = account_.name;
  job.provider = "docker";
  job.region = host.region();
  job.moniker = {.app = label_of(container, job_application_label),
                 .stack = label_of(container, job_stack_label),
                 .detail = label_of(container, job_detail_label),
                 .cluster = "",
                 .sequence = {}};
  job.name = job.moniker.cluster = clusters::cluster_name(job.moniker);
  job.created_time = container.created;
  job.extra = {{"host", host.name()}, {"container", name}};
  const auto exit = host.exit_of(name);
  job.state = state_of(container, exit);
  if (job.state != JobState::succeeded && job.state != JobState::failed) return job;
  job.completed_time = exit->at;
  job.exit_code = exit->code;
  job.message = why_failed(*exit);
  return job;
}

std::map<std::string, Job> Account::jobs() const {
  std::map<std::string, Job> jobs;
  for (const auto& [host_name, host] : hosts_) {
    for (const auto& [name, container] : host->containers()) {
      if (label_of(container, job_label).empty()) continue;
      Job job = describe_job(*host, name, container);
      jobs.emplace(job.id, std::move(job));
    }
  }
  return jobs;
}

Account::HostPointer Account::host_of_job(const std::string& id) const {
  const std::string container = job_container(account_.name, id);
  for (const auto& [name, host] : hosts_) {
    if (host->find(container) != nullptr) return host;
  }
  return nullptr;
}

/// The same key gives the same container: one that is there is the answer, whatever became of it.
Async<json::object> Account::run_job(model::Operation operation) {
  clusters::JobSpec spec = clusters::job_spec_of(operation);
  if (const auto refused = clusters::refuse_moniker(spec.moniker)) throw Error(Kind::invalid, *refused);
  if (spec.image_id.empty())
    throw Error(Kind::invalid, "imageId: a job needs an image", {{"field", "imageId"}});
  spec.region = region_of(operation.what);
  const GroupSettings settings = group_settings_of(spec.settings);
  const std::string id = id_of(spec, operation.key);
  const std::string name = job_container(account_.name, id);
  HostPointer host = host_of_job(id);
  const auto* known = host ? host->find(name) : nullptr;
  if (known == nullptr || known->state == engine::ContainerState::created) {
    if (!host) host = co_await host_for_job(spec);
    engine::ContainerSpec container = job_spec(account_.name, id, spec, settings);
    co_await host->engine().create_container(name, std::move(container));
    std::optional<Error> failure;
    try {
      co_await host->engine().start_container(name);
    } catch (const Error& error) {
      failure = explained(error);
    }
    if (failure) {
      co_await remove_container(host, name);
      throw *failure;
    }
    co_await host->look();
    co_await remove_old_jobs();
  }
  co_return json::object{{"jobId", id}, {"jobName", spec.moniker.cluster}, {"region", spec.region}};
}

/// The one of the region with the fewest jobs that run.
Async<Account::HostPointer> Account::host_for_job(clusters::JobSpec spec) {
  std::map<std::string, int> running;
  for (const auto& [id, job] : jobs()) {
    if (job.state == JobState::running) ++running[std::string(job.extra.at("host").as_string())];
  }
  std::vector<HostPointer> hosts = reachable_hosts(spec.region);
  std::stable_sort(hosts.begin(), hosts.end(), [&](const HostPointer& one, const HostPointer& other) {
    return running[one->name()] < running[other->name()];
  });
  std::optional<Error> missing;
  for (const HostPointer& host : hosts) {
    try {
      co_await have_image(host, spec.image_id);
      co_return host;
    } catch (const Error& error) {
      if (error.kind() != Kind::not_found) throw;
      missing = error;
    }
  }
  throw *missing;
}

/// From the job's container, which stays when it has ended.
Async<std::string> Account::job_file(std::string job_id, std::string name) {
  const HostPointer host = host_of_job(job_id);
  if (!host) throw Error(Kind::not_found, fmt::format("account '{}' has no job '{}'", account_.name, job_id));
  if (name.empty() || name.find('\0') != std::string::npos || name.size() > longest_path) {
    refuse("propertyFile",
           fmt::format("a path in the job's container is needed, of at most {} characters", longest_path));
  }
  const std::string container = job_container(account_.name, job_id);
  const auto found = co_await host->engine().inspect_container(container);
  if (!found) throw Error(Kind::not_found, fmt::format("job '{}' is not there any more", job_id));
  const std::string directory = found->working_directory.empty() ? "/" : found->working_directory;
  const std::string path = (std::filesystem::path(directory) / name).lexically_normal();
  try {
    co_return co_await host->engine().read_file(container, path, largest_file_bytes);
  } catch (const Error& error) {
    if (error.kind() == Kind::not_found)
      throw Error(Kind::not_found, fmt::format("propertyFile: job '{}' wrote no file '{}'", job_id, path),
                  {{"field", "propertyFile"}});
    if (error.kind() == Kind::invalid) refuse("propertyFile", error.what());
    throw;
  }
}

/// It stays, with its log, as one that has failed.
Async<json::object> Account::cancel_job(model::Operation operation) {
  const std::string id = base::string_or(operation.what, "jobId", "");
  const HostPointer host = host_of_job(id);
  if (!host) co_return json::object();
  const std::string name = job_container(account_.name, id);
  try {
    co_await host->engine().stop_container(name);
  } catch (const Error& error) {
    if (error.worth_retrying()) throw;
    base::log::debug("host '{}': {}", host->name(), error.what());  // it has ended, or is gone
  }
  co_await host->look();
  co_return json::object();
}

/// Those that ended long ago go, as nobody asks for them any more.
Async<void> Account::remove_old_jobs() {
  const std::map<std::string, Job> all = jobs();
  for (const auto& [id, job] : all) {
    if (!job.completed_time || ground_.clock.now() - *job.completed_time < jobs_kept) continue;
    const HostPointer host = host_of_job(id);
    if (host && host->reachable()) co_await remove_container(host, job_container(account_.name, id));
  }
}

}  // namespace gennaker::providers::docker
