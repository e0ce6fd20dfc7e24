#include "stages/run_job/run_job.h"

#include <fmt/format.h>

#include "artifacts/artifacts.h"
#include "artifacts/fetch.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "runner/runner.h"
#include "stages/bind_artifacts.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/run_job/job_fields.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using clusters::JobSpec;
using model::Job;
using model::JobState;
using runner::TaskContext;
using runner::TaskResult;

constexpr std::string_view requested_field = "jobRequested";
constexpr std::string_view id_field = "startedJobId";
constexpr std::chrono::minutes usual_limit{120};
constexpr std::chrono::minutes after_the_limit{5};
constexpr std::chrono::seconds look_at_least_every{10};
constexpr std::size_t longest_log = 2'000;  ///< in a message; the whole is the console's

class RunJobStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "runJob"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<FieldProblem> problem;
    read_job(stage.context(), stage.execution().application, problem);
    if (problem) return refuse(*problem);
    const bool waits = base::bool_or(stage.context(), "waitForCompletion", true);
    if (!waits && !base::string_or(stage.context(), "propertyFile", "").empty()) {
      return engine::refuse("propertyFile",
                            "there is no file before the job has ended: set waitForCompletion");
    }
    if (!waits) return engine::run_in_order({"runJob"});
    engine::Plan plan = engine::run_in_order({"runJob", "waitOnJobCompletion"});
    plan_binding(stage, plan);
    if (consumes_artifact(stage.context())) plan.tasks.push_back({"consumeArtifact", "consumeArtifact"});
    return plan;
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  static bool consumes_artifact(const json::object& context) {
    return base::lower_case(base::string_or(context, "consumeArtifactSource", "")) == "artifact";
  }
};

/// A runJob stage, most of whose fields are the server's.
class PreconfiguredJobStage final : public engine::Stage {
 public:
  explicit PreconfiguredJobStage(PreconfiguredJob job) : job_(std::move(job)) {}

  std::string_view type() const override { return job_.type; }
  void begin(model::Stage& stage) const override { fill_in(job_, stage.context); }
  engine::Plan plan(const engine::StageView& stage) const override { return run_.plan(stage); }
  void prepare_restart(model::Stage& stage) const override { run_.prepare_restart(stage); }

 private:
  const PreconfiguredJob job_;
  const RunJobStage run_;
};

model::Artifact artifact_to_consume(const TaskContext& context) {
  const json::object& own = context.stage().context;
  const std::string id = base::string_or(own, "consumeArtifactId", "");
  for (const auto& expected :
       model::expected_artifacts_from_json(base::find_array(own, "resolvedExpectedArtifacts"))) {
    if (!id.empty() && expected.id == id && expected.bound) return *expected.bound;
  }
  std::optional<model::Artifact> bound;
  if (!id.empty()) bound = artifacts::find_bound(context.execution(), context.stage(), id);
  if (bound) return *bound;
  if (const auto* given = base::find_object(own, "consumeArtifact")) return model::artifact_from_json(*given);
  throw base::Error(base::Kind::invalid, fmt::format("consumeArtifactId: no artifact is bound to '{}'", id),
                    {{"field", "consumeArtifactId"}});
}

/// What the artifact holds, JSON or lines "key=value", becomes outputs.
class ConsumeArtifact final : public runner::Task {
 public:
  explicit ConsumeArtifact(JobParts parts) : parts_(std::move(parts)) {}

  base::Async<TaskResult> run(TaskContext context) override {
    if (parts_.client == nullptr) throw base::Error(base::Kind::invalid, "this server fetches no artifacts");
    auto fetching = artifacts::fetch(*parts_.client, parts_.fence, artifact_to_consume(context));
    const std::string text = co_await std::move(fetching);
    auto contents = read_properties(text);
    if (contents) co_return runner::succeeded({}, std::move(*contents));
    throw base::Error(base::Kind::invalid,
                      "consumeArtifactId: the artifact is neither JSON nor lines key=value",
                      {{"field", "consumeArtifactId"}});
  }

  /// What lies elsewhere is not fetched for a plan.
  std::optional<TaskResult> assumed(const TaskContext& context) const override {
    try {
      if (artifact_to_consume(context).type == "embedded/base64") return std::nullopt;
    } catch (const base::Error&) {
      return std::nullopt;  // its run says what is wrong
    }
    return runner::succeeded();
  }

  std::optional<std::chrono::milliseconds> time_limit(const TaskContext&) const override {
    return std::chrono::minutes(5);
  }

 private:
  const JobParts parts_;
};

JobSpec job_of(const TaskContext& context) {
  std::optional<FieldProblem> problem;
  JobSpec spec = read_job(context.stage().context, context.execution().application, problem);
  if (!problem) return spec;
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", problem->field, problem->reason));
}

std::string job_id_of(const TaskContext& context) {
  return base::string_or(context.stage().context, id_field, "");
}

model::Operation cancel_operation(const TaskContext& context, const std::string& id) {
  const JobSpec spec = job_of(context);
  return clusters::cancel_job(context.key(clusters::cancel_job_kind), spec.account, spec.region, id);
}

class RunJob final : public runner::Task {
 public:
  explicit RunJob(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const JobSpec spec = job_of(context);
    infrastructure_.clouds.expect_can(spec.account, clusters::run_job_kind);
    if (context.stage().context.contains(requested_field)) co_return runner::operate(operation_for(context));
    // Said before it is done, so that whoever cancels after a crash knows to look for it.
    json::object requested{{requested_field, true}};
    co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(requested));
  }

  TaskResult operated(const TaskContext& context, const json::object& answer) override {
    const JobSpec spec = job_of(context);
    const std::string id = base::string_or(answer, "jobId", "");
    json::object results = operation_results(context, clusters::run_job_kind, spec.account,
                                             context.key(clusters::run_job_kind), answer);
    json::object jobs;
    jobs[spec.region] = json::array{json::value(id)};
    results[id_field] = id;
    results["deploy.jobs"] = jobs;
    return runner::succeeded(std::move(results), {{"deploy.jobs", std::move(jobs)}});
  }

  /// Ends what was asked for, whether or not the answer was heard: the same key names the same job.
  base::Async<TaskResult> cancel(TaskContext context) override {
    if (!context.stage().context.contains(requested_field)) co_return TaskResult{};
    std::string id = job_id_of(context);
    if (id.empty()) {
      auto asking_again = infrastructure_.clouds.perform(operation_for(context));
      const json::object answer = co_await std::move(asking_again);
      id = base::string_or(answer, "jobId", "");
    }
    co_return runner::operate(cancel_operation(context, id));
  }

  std::optional<std::chrono::milliseconds> time_limit(const TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  static model::Operation operation_for(const TaskContext& context) {
    return clusters::run_job(context.key(clusters::run_job_kind), job_of(context));
  }

  const Infrastructure infrastructure_;
};

class WaitOnJobCompletion final : public runner::Task {
 public:
  explicit WaitOnJobCompletion(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const std::string account = job_of(context).account, id = job_id_of(context);
    const auto snapshot = infrastructure_.clouds.snapshot(account);
    const Job* found = find_job(*snapshot, id);
    if (found == nullptr)
      co_return runner::failed(context, fmt::format("job '{}' is not there any more", id));
    const Job job = *found;
    json::object told{{"jobStatus", to_json(job)}};
    told["completionDetails"] = told["jobStatus"].as_object()["completionDetails"];
    if (job.state != JobState::succeeded && job.state != JobState::failed) {
      co_return runner::again({.after = look_at_least_every,
                               .waiting_for = fmt::format("job {} to end", job.id),
                               .wake_on = runner::inventory_word(account)},
                              std::move(told));
    }
    if (job.state == JobState::failed) {
      auto explaining = why_failed(account, job);
      const std::string why = co_await std::move(explaining);
      TaskResult result = runner::failed(context, why);
      base::merge_into(result.context, told);
      co_return result;
    }
    auto reading = properties(account, job, base::string_or(context.stage().context, "propertyFile", ""));
    const json::object contents = co_await std::move(reading);
    if (!contents.empty()) told["propertyFileContents"] = contents;
    // Flat too, as users write ${#stage('Job').context.version}; what the stage says itself stays.
    for (const auto& property : contents) {
      if (!context.stage().context.contains(property.key()) && !told.contains(property.key())) {
        told[property.key()] = property.value();
      }
    }
    json::object outputs = told;
    co_return runner::succeeded(std::move(told), std::move(outputs));
  }

  base::Async<TaskResult> cancel(TaskContext context) override {
    co_return runner::operate(cancel_operation(context, job_id_of(context)));
  }

  base::Async<void> timed_out(TaskContext context) override {
    auto cancelling = infrastructure_.clouds.perform(cancel_operation(context, job_id_of(context)));
    co_await std::move(cancelling);
  }

  std::optional<std::chrono::milliseconds> time_limit(const TaskContext& context) const override {
    const auto limit = runtime_limit(context.stage().context);
    return limit ? *limit + after_the_limit : std::chrono::milliseconds(usual_limit);
  }

 private:
  base::Async<std::string> why_failed(std::string account, Job job) const {
    std::string why = fmt::format("job '{}' failed", job.name);
    if (!job.message.empty()) why += ": " + job.message;
    std::string log;
    try {
      auto asking = infrastructure_.clouds.console_output(account, job.id);
      log = co_await std::move(asking);
    } catch (const base::Error&) {
      // The reason is worth telling without the log, too.
    }
    if (log.size() > longest_log) log = "..." + log.substr(log.size() - longest_log);
    if (!log.empty()) why += "\nIts last lines:\n" + log;
    co_return why;
  }

  base::Async<json::object> properties(std::string account, Job job, std::string file) const {
    if (file.empty()) co_return job.outputs;
    auto asking = infrastructure_.clouds.job_file(account, job.id, file);
    const std::string text = co_await std::move(asking);
    if (auto contents = read_properties(text)) co_return *contents;
    throw base::Error(
        base::Kind::invalid,
        fmt::format("propertyFile: '{}' of job '{}' is neither JSON nor lines key=value", file, job.id),
        {{"field", "propertyFile"}});
  }

  const Infrastructure infrastructure_;
};

class DestroyJobStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "destroyJob"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (locations_of(context).size() != 1) return engine::refuse("region", "exactly one region is needed");
    if (named(context).empty()) return engine::refuse("jobName", "the id of a job is needed");
    return engine::run_in_order({"destroyJob"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

  static std::string named(const json::object& context) {
    const std::string name = base::string_or(context, "jobName", "");
    return name.empty() ? base::string_or(context, "jobId", "") : name;
  }
};

class DestroyJob final : public runner::Task {
 public:
  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    co_return runner::operate(clusters::cancel_job(context.key(clusters::cancel_job_kind), account_of(own),
                                                   locations_of(own).front(), DestroyJobStage::named(own)));
  }
  TaskResult operated(const TaskContext& context, const json::object& answer) override {
    return runner::succeeded(operation_results(context, clusters::cancel_job_kind,
                                               account_of(context.stage().context),
                                               context.key(clusters::cancel_job_kind), answer));
  }
};

}  // namespace

void add_run_job(runner::Catalogs& catalogs, const Infrastructure& infrastructure, JobParts parts) {
  catalogs.stages.add(std::make_unique<RunJobStage>());
  catalogs.stages.add(std::make_unique<DestroyJobStage>());
  for (PreconfiguredJob& job : parts.preconfigured) {
    if (catalogs.stages.find(job.type) != nullptr) {
      throw base::Error(
          base::Kind::invalid,
          fmt::format("configuration: job.preconfigured: there is a stage type '{}' already", job.type),
          {{"field", "job.preconfigured"}});
    }
    catalogs.stages.add(std::make_unique<PreconfiguredJobStage>(std::move(job)));
  }
  catalogs.tasks.add("consumeArtifact", std::make_unique<ConsumeArtifact>(std::move(parts)));
  catalogs.tasks.add("runJob", std::make_unique<RunJob>(infrastructure));
  catalogs.tasks.add("waitOnJobCompletion", std::make_unique<WaitOnJobCompletion>(infrastructure));
  catalogs.tasks.add("destroyJob", std::make_unique<DestroyJob>());
}

}  // namespace gennaker::stages
