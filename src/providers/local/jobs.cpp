#include <filesystem>
#include <unistd.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/naming.h"
#include "providers/local/account.h"
#include "providers/local/images.h"
#include "providers/local/programs.h"
#include "providers/settings/fields.h"
#include "providers/shim/files.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;
using model::Job;
using model::JobState;

namespace fs = std::filesystem;

constexpr std::string_view job_document = "job.json";
constexpr std::string_view files_directory = "files";
// A shim starts again what ends. It is stopped as soon as somebody sees the end; this is for when nobody
// does.
constexpr std::chrono::hours never{24 * 365 * 10};
/// Of old jobs that go when a new one comes: the work stays small whatever has gathered.
constexpr std::size_t most_forgotten = 20;
constexpr milliseconds patience{5'000};
constexpr milliseconds pause_before_asking_again{200};
constexpr int tries_to_reach_a_shim = 5;
constexpr std::int64_t largest_file = std::int64_t{1} << 20;

bool is_open(const Job& job) {
  return job.state == JobState::starting || job.state == JobState::running;
}

JobState state_of(const std::string& word) {
  for (const JobState state :
       {JobState::starting, JobState::running, JobState::succeeded, JobState::failed}) {
    if (word == model::to_string(state)) return state;
  }
  return JobState::unknown;
}

std::string why_failed(const std::optional<ProcessExit>& exit, bool cancelled) {
  if (cancelled) return "was cancelled";
  if (!exit) return "its end was not seen: the machine or what held it was stopped";
  return exit->status == 0 ? "" : describe(*exit);
}

/// Relative, and inside.
bool is_inner_path(const std::string& name) {
  const fs::path path(name);
  if (name.empty() || path.is_absolute()) return false;
  for (const auto& part : path) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace

/// The same key gives the same id, and with it the same directory.
Async<json::object> Account::run_job(model::Operation operation) {
  const clusters::JobSpec spec = clusters::job_spec_of(operation);
  if (const auto refused = clusters::refuse_moniker(spec.moniker)) throw Error(Kind::invalid, *refused);
  const GroupSettings settings = group_settings_of(spec.settings);
  const std::string id =
      fmt::format("{}-{}", spec.moniker.cluster, base::sha256_hex(operation.key).substr(0, 10));
  JobPointer job;
  if (const auto known = jobs_.find(id); known != jobs_.end()) {
    job = known->second;
  } else {
    auto forgetting = forget_old_jobs();
    co_await std::move(forgetting);
    job = std::make_shared<RunningJob>();
    job->key = operation.key;
    job->raw_settings = spec.settings;
    if (!spec.image_id.empty()) {
      job->image_id = expect_image(spec.image_id).id;
      auto check = [settings, id = job->image_id, files = image_files(images_directory_, job->image_id)] {
        check_against_image(settings, id, files);
      };
      co_await on_pool(std::move(check));
    }
    job->job = {.id = id,
                .name = spec.moniker.cluster,
                .account = account_.name,
                .provider = "local",
                .region = "local",
                .moniker = spec.moniker,
                .state = JobState::starting,
                .created_time = ground_.clock.now()};
    co_await save_job(job);
    jobs_[id] = job;
    changed();
  }
  const auto held = co_await job->turn.take();
  if (job->job.state == JobState::starting) co_await launch_job(job);
  co_return json::object{{"jobId", id}, {"jobName", job->job.name}, {"region", "local"}};
}

Async<void> Account::launch_job(JobPointer job) {
  auto work = [process = process_of(*job), directory = directory_of(*job), program = ground_.shim_program] {
    make_directories(fmt::format("{}/{}", directory, files_directory));
    const std::string path = fmt::format("{}/{}", directory, instance_file);
    if (!read_file(path)) write_atomically(path, base::to_pretty_text(to_json(process)));
    start_shim(program, directory);
  };
  co_await on_pool(std::move(work));
  job->job.state = JobState::running;
  co_await save_job(job);
  changed();
  ++jobs_followed_;
  asio::co_spawn(ground_.executor, follow_job(this, job), asio::detached);
}

ProcessSpec Account::process_of(const RunningJob& job) const {
  const GroupSettings settings = group_settings_of(job.raw_settings);
  const std::string own = fmt::format("{}/{}", directory_of(job), files_directory);
  const std::string image = job.image_id.empty() ? own : image_files(images_directory_, job.image_id);
  ProcessSpec process;
  process.command = settings.command;
  process.command[0] = resolve_program(process.command[0], image);
  process.environment = options_.environment;
  for (const auto& [name, value] : settings.environment) process.environment[name] = value;
  process.environment["JOB"] = job.job.id;
  process.environment["JOB_DIRECTORY"] = own;
  process.environment["APPLICATION"] = job.job.moniker.app;
  process.directory = resolve_directory(settings.working_directory, image);
  process.memory_mb = settings.memory_mb;
  process.open_files = settings.open_files;
  process.first_restart_delay = process.longest_restart_delay = never;
  process.log_file_bytes = settings.log_file_bytes;
  process.log_files = settings.log_files;
  process.stop_grace = settings.stop_grace;
  return process;
}

Async<void> Account::save_job(JobPointer job) {
  const Job& told = job->job;
  json::object document{{"id", told.id},
                        {"key", job->key},
                        {"name", told.name},
                        {"application", told.moniker.app},
                        {"stack", told.moniker.stack},
                        {"detail", told.moniker.detail},
                        {"state", model::to_string(told.state)},
                        {"created", base::to_millis(told.created_time)},
                        {"message", told.message},
                        {"imageId", job->image_id},
                        {"settings", job->raw_settings},
                        {"cancelled", job->cancelled}};
  if (told.completed_time) document["completed"] = base::to_millis(*told.completed_time);
  if (told.exit_code) document["exitCode"] = *told.exit_code;
  auto work = [directory = directory_of(*job), text = base::to_pretty_text(document)] {
    make_directories(directory);
    write_atomically(fmt::format("{}/{}", directory, job_document), text);
  };
  co_await on_pool(std::move(work));
}

Async<void> Account::forget_old_jobs() {
  std::vector<std::string> directories;
  for (auto job = jobs_.begin(); job != jobs_.end() && directories.size() < most_forgotten;) {
    const auto& ended = job->second->job.completed_time;
    if (ended && ground_.clock.now() - *ended > options_.jobs_kept) {
      directories.push_back(directory_of(*job->second));
      job = jobs_.erase(job);
    } else {
      ++job;
    }
  }
  auto work = [directories = std::move(directories)] {
    for (const std::string& directory : directories) remove_tree(directory);
  };
  co_await on_pool(std::move(work));
}

Async<void> Account::load_jobs() {
  auto work = [directory = jobs_directory_, now = ground_.clock.now(), kept = options_.jobs_kept] {
    make_directories(directory);
    std::vector<json::object> documents;
    for (const std::string& name : names_in(directory)) {
      const std::string path = directory + "/" + name;
      const auto document = read_json_file(fmt::format("{}/{}", path, job_document));
      const auto completed = document ? base::whole_number(*document, "completed") : std::nullopt;
      if (!document || (completed && now - base::from_millis(*completed) > kept)) {
        remove_tree(path);
      } else {
        documents.push_back(*document);
      }
    }
    return documents;
  };
  const std::vector<json::object> documents = co_await on_pool(std::move(work));
  for (const json::object& document : documents) {
    auto job = std::make_shared<RunningJob>();
    Job& told = job->job;
    told.id = base::string_or(document, "id", "");
    told.name = base::string_or(document, "name", "");
    told.account = account_.name;
    told.provider = told.region = "local";
    told.moniker.app = base::string_or(document, "application", "");
    told.moniker.stack = base::string_or(document, "stack", "");
    told.moniker.detail = base::string_or(document, "detail", "");
    told.moniker.cluster = clusters::cluster_name(told.moniker);
    told.state = state_of(base::string_or(document, "state", ""));
    told.created_time = base::from_millis(base::whole_number(document, "created").value_or(0));
    told.message = base::string_or(document, "message", "");
    if (const auto at = base::whole_number(document, "completed"))
      told.completed_time = base::from_millis(*at);
    if (const auto code = base::whole_number(document, "exitCode")) told.exit_code = static_cast<int>(*code);
    job->key = base::string_or(document, "key", "");
    job->image_id = base::string_or(document, "imageId", "");
    job->cancelled = base::bool_or(document, "cancelled", false);
    if (const auto* settings = base::find_object(document, "settings")) job->raw_settings = *settings;
    jobs_[told.id] = std::move(job);
  }
}

void Account::follow_jobs() {
  for (const auto& [id, job] : jobs_) {
    if (job->job.state != JobState::running) continue;
    ++jobs_followed_;
    asio::co_spawn(ground_.executor, follow_job(this, job), asio::detached);
  }
}

Async<void> Account::follow_job(Account* self, JobPointer job) {
  try {
    const auto exit = co_await self->await_exit(job);
    const auto held = co_await job->turn.take();
    if (!self->stopped_) co_await self->finish_job(job, exit);
  } catch (const std::exception& error) {
    base::log::error("job '{}': {}", job->job.id, error.what());
  }
  --self->jobs_followed_;
  self->job_followed_.notify();
}

/// nullopt: nobody can tell any more.
Async<std::optional<ProcessExit>> Account::await_exit(JobPointer job) {
  for (int tries = 0; tries < tries_to_reach_a_shim && !stopped_ && is_open(job->job); ++tries) {
    std::optional<ProcessExit> seen;
    try {
      job->socket = std::make_shared<base::UnixSocket>(ground_.executor);
      const auto socket = job->socket;
      socket->connect(directory_of(*job), std::string(shim_socket));
      std::string request = "{\"do\":\"watch\"}\n";
      co_await socket->send(std::move(request), patience);
      milliseconds wait = patience;
      while (!seen && !stopped_) {
        const std::string line = co_await socket->read_line(wait);
        seen = shim_status_of(line).last_exit;
        wait = milliseconds(0);  // no limit: the next comes when something changes
        tries = 0;
      }
    } catch (const Error&) {
      // It may be there all the same: it is asked again.
    }
    job->socket.reset();
    if (seen) co_return seen;
    if (!stopped_) co_await base::sleep_for(pause_before_asking_again);
  }
  co_return std::nullopt;
}

Async<void> Account::finish_job(JobPointer job, std::optional<ProcessExit> exit) {
  if (!is_open(job->job)) co_return;
  co_await stop_shim(ground_.pool, directory_of(*job), group_settings_of(job->raw_settings).stop_grace);
  Job& told = job->job;
  told.message = why_failed(exit, job->cancelled);
  told.completed_time = exit ? exit->at : ground_.clock.now();
  if (exit && exit->status) told.exit_code = *exit->status;
  told.state = told.message.empty() ? JobState::succeeded : JobState::failed;
  co_await save_job(job);
  changed();
}

Async<json::object> Account::cancel_job(model::Operation operation) {
  const auto known = jobs_.find(base::string_or(operation.what, "jobId", ""));
  if (known == jobs_.end()) co_return json::object();
  const JobPointer job = known->second;
  const auto held = co_await job->turn.take();
  if (!is_open(job->job)) co_return json::object();
  job->cancelled = true;
  co_await save_job(job);
  co_await finish_job(job, std::nullopt);
  co_return json::object();
}

Async<std::string> Account::job_file(std::string job_id, std::string name) {
  const auto known = jobs_.find(job_id);
  if (known == jobs_.end()) {
    throw Error(Kind::not_found, fmt::format("account '{}' has no job '{}'", account_.name, job_id));
  }
  if (!is_inner_path(name))
    refuse("propertyFile", fmt::format("'{}' must lie in the job's own directory", name));
  auto work = [root = fmt::format("{}/{}", directory_of(*known->second), files_directory), name, job_id] {
    std::error_code error;
    const fs::path path = fs::canonical(fs::path(root) / name, error);
    if (error || !fs::is_regular_file(path, error)) {
      throw Error(Kind::not_found,
                  fmt::format("job '{}' wrote no file '{}' in its JOB_DIRECTORY", job_id, name));
    }
    // A link could lead elsewhere.
    if (!path.string().starts_with(fs::canonical(root, error).string() + "/")) {
      refuse("propertyFile", fmt::format("'{}' leads out of the job's own directory", name));
    }
    if (static_cast<std::int64_t>(fs::file_size(path, error)) > largest_file) {
      refuse("propertyFile", fmt::format("'{}' is larger than {} bytes", name, largest_file));
    }
    return read_file(path).value_or("");
  };
  co_return co_await on_pool(std::move(work));
}

}  // namespace gennaker::providers::local
