#include "pipelines/starter.h"

#include <algorithm>
#include <array>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/run_on.h"
#include "base/timer.h"
#include "expressions/expressions.h"
#include "pipelines/execution_builder.h"
#include "pipelines/start_artifacts.h"
#include "pipelines/strategy_parameters.h"
#include "pipelines/validation.h"

namespace gennaker::pipelines {

namespace asio = boost::asio;
using model::Status;

namespace {

constexpr std::size_t most_waiting = 50;

constexpr std::string_view superseded =
    "This execution was queued but then canceled because a newer queued execution superceded it. This "
    "pipeline is "
    "configured to automatically cancel waiting executions.";

json::object complete_trigger(const StartRequest& request) {
  json::object trigger = request.trigger;
  if (base::string_or(trigger, "type", "").empty()) trigger["type"] = "manual";
  if (base::string_or(trigger, "user", "").empty()) trigger["user"] = request.user;
  const auto* parameters = trigger.if_contains("parameters");
  if (parameters != nullptr && !parameters->is_null() && !parameters->is_object()) {
    throw base::Error(base::Kind::invalid, "trigger.parameters: an object is needed",
                      {{"field", "trigger.parameters"}});
  }
  const auto* given = base::find_object(trigger, "parameters");
  trigger["parameters"] = resolve_parameters(request.config, given ? *given : json::object{}, request.by);
  for (const std::string_view list : {"artifacts", "notifications", "resolvedExpectedArtifacts"}) {
    if (!base::find_array(trigger, list)) trigger[list] = json::array{};
  }
  for (const std::string_view flag : {"rebake", "dryRun", "strategy"}) {
    trigger[flag] = base::bool_or(trigger, flag, false);
  }
  return trigger;
}

json::object names_at_start(const json::object& config, const json::object& trigger) {
  const auto* variables = base::find_object(config, "templateVariables");
  return {{"trigger", trigger}, {"templateVariables", variables ? *variables : json::object{}}};
}

/// Takes them out: they are evaluated when they are reached. null: there are none.
json::value without_stages(json::object& config) {
  const auto found = config.find("stages");
  if (found == config.end()) return nullptr;
  json::value stages = std::move(found->value());
  config.erase(found);
  return stages;
}

bool limited(const model::Execution& execution) {
  return !execution.pipeline_config_id.empty() &&
         (execution.limit_concurrent || execution.max_concurrent_executions > 0);
}

base::Error too_many(std::size_t waiting) {
  return {base::Kind::conflict, fmt::format("Too many executions ({}) already waiting to start", waiting)};
}

/// Each stage must be listed, under the word that was sent or its type's own.
std::optional<base::Error> ad_hoc_problem(const AdHocRules& rules, const engine::StageCatalog& catalog,
                                          const model::Execution& execution, const std::string& user) {
  if (!rules.only_listed) return std::nullopt;
  for (const model::Stage& stage : execution.stages) {
    const engine::Stage* type = catalog.type_of(stage);
    auto rule = rules.listed.find(stage.type);
    if (rule == rules.listed.end() && type != nullptr) rule = rules.listed.find(type->type());
    if (rule == rules.listed.end()) {
      return base::Error(
          base::Kind::forbidden,
          fmt::format("ad-hoc tasks of type {} are switched off by this server's configuration; "
                      "run it in a pipeline",
                      stage.type),
          {{"field", "job.type"}});
    }
    const std::vector<std::string>& users = rule->second;
    if (!users.empty() && std::find(users.begin(), users.end(), user) == users.end()) {
      return base::Error(base::Kind::forbidden,
                         fmt::format("user {} may not start ad-hoc tasks of type {}", user, stage.type),
                         {{"field", "job.type"}});
    }
  }
  return std::nullopt;
}

/// Nobody else would do it: while the store does not answer, it is tried again.
Async<void> tell_surely(const StarterParts* parts, std::string execution_id, engine::Event event) {
  auto patience = std::chrono::milliseconds(100);
  for (;;) {
    try {
      engine::Event copy = event;
      auto telling = parts->runner.tell(execution_id, std::move(copy));
      co_await std::move(telling);
      co_return;
    } catch (const base::Error& error) {
      base::log::warn("execution {}, which waits to start, could not be told: {}", execution_id,
                      error.what());
      if (!error.worth_retrying()) co_return;
    }
    auto waiting = base::sleep_for(parts->clock, patience);
    co_await std::move(waiting);
    patience = std::min(patience * 2, std::chrono::milliseconds(15'000));
  }
}

std::size_t most_running(const model::Execution& execution) {
  return execution.limit_concurrent ? 1 : static_cast<std::size_t>(execution.max_concurrent_executions);
}

}  // namespace

std::string correlation_of_child(const model::Execution& parent, std::string_view stage_id,
                                 std::string_view child_config_id) {
  return fmt::format("{}_{}_{}_{}", parent.id, stage_id, child_config_id,
                     parent.start_time ? std::to_string(base::to_millis(*parent.start_time)) : "null");
}

Starter::Starter(StarterParts parts)
    : parts_(std::move(parts)), strand_(asio::make_strand(parts_.executor)) {}

/// Two starts with one correlation id would both find that nothing runs with it, and both start. So the
/// second looks when the first is durable, or has failed.
Async<std::string> Starter::in_turn(std::string turn, Async<std::string> start) {
  auto entering = wait_for_turn(turn);
  auto running_there = base::run_on(strand_, std::move(entering));
  co_await std::move(running_there);
  std::exception_ptr failure;
  std::string id;
  try {
    id = co_await std::move(start);
  } catch (...) {
    failure = std::current_exception();
  }
  asio::post(strand_, [this, turn] {
    const auto mine = starting_.extract(turn);
    mine.mapped()->cancel();
  });
  if (failure) std::rethrow_exception(failure);
  co_return id;
}

/// On the strand.
Async<void> Starter::wait_for_turn(std::string turn) {
  for (;;) {
    auto& slot = starting_[turn];
    const std::shared_ptr<asio::steady_timer> other = slot;
    if (!other) {
      slot = std::make_shared<asio::steady_timer>(strand_, asio::steady_timer::time_point::max());
      co_return;
    }
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    co_await other->async_wait(token);
  }
}

Async<std::string> Starter::start_pipeline(StartRequest request) {
  const std::string correlation_id = base::string_or(request.trigger, "correlationId", "");
  auto starting = begin_pipeline(std::move(request));
  if (correlation_id.empty()) co_return co_await std::move(starting);
  auto waiting = in_turn("pipeline/" + correlation_id, std::move(starting));
  co_return co_await std::move(waiting);
}

Async<std::string> Starter::start_orchestration(json::object request, std::string user, std::string origin) {
  const auto* trigger = base::find_object(request, "trigger");
  const std::string correlation_id = trigger ? base::string_or(*trigger, "correlationId", "") : "";
  auto starting = begin_orchestration(std::move(request), std::move(user), std::move(origin));
  if (correlation_id.empty()) co_return co_await std::move(starting);
  auto waiting = in_turn("orchestration/" + correlation_id, std::move(starting));
  co_return co_await std::move(waiting);
}

Async<std::string> Starter::begin_pipeline(StartRequest request) {
  const std::string correlation_id = base::string_or(request.trigger, "correlationId", "");
  if (!correlation_id.empty()) {
    auto looking = running_with(model::ExecutionType::pipeline, correlation_id);
    const std::optional<std::string> running = co_await std::move(looking);
    if (running) co_return *running;
  }
  if (base::bool_or(request.config, "disabled", false)) {
    throw base::Error(base::Kind::invalid, "Pipeline is disabled and cannot be started.",
                      {{"field", "disabled"}});
  }
  if (base::string_or(request.config, "application", "").empty()) {
    throw base::Error(base::Kind::invalid, "application: a pipeline needs one", {{"field", "application"}});
  }
  check_graph(request.config);
  check_types(request.config, parts_.stages);
  {
    auto joining = with_parent(std::move(request.trigger));
    request.trigger = co_await std::move(joining);
  }
  if (const auto* received = request.trigger.if_contains("receivedArtifacts"))
    request.config["receivedArtifacts"] = *received;
  json::object trigger = complete_trigger(request);
  std::exception_ptr unresolved;  // an artifact that nothing, or too much, matches
  try {
    auto resolving = with_artifacts(parts_.store, request.config, trigger);
    trigger = co_await std::move(resolving);
  } catch (...) {
    unresolved = std::current_exception();
  }
  const bool of_another = !base::string_or(trigger, "parentExecutionId", "").empty();
  if (of_another && expressions::has_expression(trigger)) {
    auto evaluating = evaluated(trigger, names_at_start(request.config, trigger));
    trigger = co_await std::move(evaluating);
  }
  if (auto& parameters = trigger["parameters"]; expressions::has_expression(parameters)) {
    auto evaluating = evaluated(parameters.as_object(), names_at_start(request.config, trigger));
    json::object known = co_await std::move(evaluating);
    trigger["parameters"] = std::move(known);
  }
  json::value stages = without_stages(request.config);
  if (expressions::has_expression(request.config)) {
    auto evaluating = evaluated(request.config, names_at_start(request.config, trigger));
    request.config = co_await std::move(evaluating);
  }
  if (!stages.is_null()) request.config["stages"] = std::move(stages);
  const base::TimePoint now = parts_.clock.now();
  std::string id = request.execution_id ? *request.execution_id : base::new_ulid(now, parts_.random);
  model::Execution execution =
      build_pipeline_execution(request.config, std::move(trigger), std::move(id), now, parts_.random);
  take_strategy_parameters(execution, parts_.stages);
  execution.origin = request.origin;
  execution.root_id = base::string_or(execution.trigger, "parentRootId", execution.id);
  if (unresolved) {
    auto recording = record_failed_start(std::move(execution), unresolved);
    std::string failed = co_await std::move(recording);
    if (request.by == StartedBy::somebody) std::rethrow_exception(unresolved);
    co_return failed;
  }
  if (limited(execution)) {
    auto starting = start_limited(std::move(execution));
    auto running_there = base::run_on(strand_, std::move(starting));
    co_return co_await std::move(running_there);
  }
  std::string started = execution.id;
  co_await parts_.runner.accept(std::move(execution));
  co_return started;
}

/// What fails stays as it is written: nobody reads a summary here.
Async<json::object> Starter::evaluated(json::object document, json::object names) {
  expressions::Options options;
  options.allow_unknown_keys = false;
  options.now = parts_.clock.now();
  options.seed = parts_.random.next();
  json::object result;
  auto evaluate = [&](const expressions::Options& given) {
    auto evaluation = expressions::evaluate(document, expressions::of_names(names), given);
    result = std::move(evaluation.document);
    return std::move(evaluation.open);
  };
  auto evaluating = runner::evaluate_answered(parts_.answerer, options, evaluate);
  co_await std::move(evaluating);
  co_return result;
}

/// What cannot be told to whoever started it is seen in the list of executions.
Async<std::string> Starter::record_failed_start(model::Execution execution, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    if (error.worth_retrying()) throw;  // the store did not answer: nothing was decided
    execution.cancellation_reason = fmt::format("Failed on startup: {}", error.what());
  }
  execution.status = Status::terminal;
  execution.canceled = true;
  execution.canceled_by = "system";
  std::string id = execution.id;
  auto accepting = parts_.runner.accept(std::move(execution));
  co_await std::move(accepting);
  co_return id;
}

Async<std::string> Starter::begin_orchestration(json::object request, std::string user, std::string origin) {
  const auto* jobs = base::find_array(request, "job");
  if (jobs == nullptr || jobs->empty()) {
    throw base::Error(base::Kind::invalid, "job: a list with at least one stage is needed",
                      {{"field", "job"}});
  }
  check_graph({{"stages", *jobs}});
  auto* trigger = request.if_contains("trigger");
  if (trigger == nullptr || !trigger->is_object()) request["trigger"] = json::object{};
  json::object& given = request["trigger"].as_object();
  if (base::string_or(given, "user", "").empty()) given["user"] = user;
  const std::string correlation_id = base::string_or(given, "correlationId", "");
  if (!correlation_id.empty()) {
    auto looking = running_with(model::ExecutionType::orchestration, correlation_id);
    const std::optional<std::string> running = co_await std::move(looking);
    if (running) co_return *running;
  }
  const base::TimePoint now = parts_.clock.now();
  model::Execution execution =
      build_orchestration(request, base::new_ulid(now, parts_.random), now, parts_.random);
  execution.origin = origin;
  std::string id = execution.id;
  if (const auto problem = ad_hoc_problem(parts_.ad_hoc, parts_.stages, execution, user)) {
    const std::exception_ptr refused = std::make_exception_ptr(*problem);
    auto recording = record_failed_start(std::move(execution), refused);
    co_await std::move(recording);
    std::rethrow_exception(refused);
  }
  co_await parts_.runner.accept(std::move(execution));
  co_return id;
}

/// A client names the parent by its id, or sends it whole as it got it from us: kept is the reference.
Async<json::object> Starter::with_parent(json::object trigger) {
  if (!base::string_or(trigger, "parentExecutionId", "").empty()) {
    trigger.erase("parentExecution");
    co_return trigger;
  }
  const auto* whole = base::find_object(trigger, "parentExecution");
  const std::string id =
      whole != nullptr ? base::string_or(*whole, "id", "") : base::string_or(trigger, "parentPipelineId", "");
  if (id.empty()) co_return trigger;
  const std::optional<model::Execution> parent = co_await parts_.store.execution(id);
  if (!parent || parent->type != model::ExecutionType::pipeline) co_return trigger;
  trigger.erase("parentExecution");
  trigger["parentExecutionId"] = parent->id;
  trigger["parentRootId"] = parent->root_id;
  trigger["parentPipelineName"] = parent->name;
  trigger["parentPipelineApplication"] = parent->application;
  trigger["parentStatus"] = model::to_string(parent->status);
  trigger["isPipeline"] = true;
  trigger["receivedArtifacts"] = model::to_json(artifacts::all_of(*parent));
  co_return trigger;
}

Async<std::optional<std::string>> Starter::running_with(model::ExecutionType type,
                                                        std::string correlation_id) {
  store::ExecutionQuery query;
  query.type = type;
  query.correlation_id = std::move(correlation_id);
  query.statuses = {Status::not_started, Status::running, Status::paused};
  query.limit = 1;
  std::vector<model::Execution> found =
      co_await parts_.store.executions(std::move(query), model::Detail::outline);
  if (found.empty()) co_return std::nullopt;
  co_return found.front().id;
}

Async<void> Starter::restart_stage(std::string execution_id, engine::RestartStage restart) {
  std::optional<model::Execution> execution = co_await parts_.store.execution(execution_id);
  if (!execution) {
    throw base::Error(base::Kind::not_found, fmt::format("execution {} is not known", execution_id));
  }
  json::object trigger = execution->trigger;
  std::string user = restart.user;
  if (limited(*execution)) {
    auto restarting = restart_limited(std::move(*execution), std::move(restart));
    auto running_there = base::run_on(strand_, std::move(restarting));
    // Of two restarts the one that is refused must not give back the place that the other has taken.
    auto waiting = in_turn("restart/" + execution_id, std::move(running_there));
    co_await std::move(waiting);
  } else {
    engine::Event event = std::move(restart);
    auto telling = parts_.runner.tell(execution_id, std::move(event));
    co_await std::move(telling);
  }
  auto resuming = resume_parent(std::move(trigger), std::move(user));
  co_await std::move(resuming);
}

/// Whoever waited for the execution and gave up with it waits for it again; and whoever waited for that one.
Async<void> Starter::resume_parent(json::object trigger, std::string user) {
  const std::string stage_id = base::string_or(trigger, "parentPipelineStageId", "");
  const std::string parent_id = base::string_or(trigger, "parentExecutionId", "");
  if (stage_id.empty() || parent_id.empty()) co_return;
  const std::optional<model::Execution> parent = co_await parts_.store.execution(parent_id);
  if (!parent || !model::is_complete(parent->status) || parent->find_stage(stage_id) == nullptr) co_return;
  engine::RestartStage restart{stage_id, std::move(user), true};
  auto restarting = restart_stage(parent_id, std::move(restart));
  co_await std::move(restarting);
}

Async<std::string> Starter::restart_limited(model::Execution execution, engine::RestartStage restart) {
  const std::string id = execution.id, config_id = execution.pipeline_config_id;
  Limited& limited = limited_[config_id];
  limited.most = most_running(execution);
  const bool counted = limited.running.contains(id);
  const bool room = counted || (limited.running.size() < limited.most && limited.waiting.empty());
  const bool waits = std::find(limited.waiting.begin(), limited.waiting.end(), id) != limited.waiting.end();
  if (waits) throw base::Error(base::Kind::conflict, fmt::format("execution {} waits to start already", id));
  if (!room && limited.waiting.size() >= most_waiting) throw too_many(limited.waiting.size());
  if (!room) limited.waiting.push_back(id);
  if (room) limited.running.insert(id);
  engine::Event event;
  if (room) {
    event = std::move(restart);
  } else {
    event = engine::QueueRestart{std::move(restart)};
  }
  std::exception_ptr failure;
  try {
    auto telling = parts_.runner.tell(id, std::move(event));
    co_await std::move(telling);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return id;
  if (!counted) {
    auto ending = ended(config_id, id, true);
    co_await std::move(ending);
  }
  std::rethrow_exception(failure);
}

/// Counts before it waits for the store: on the strand nobody comes between the look and the count.
Async<std::string> Starter::start_limited(model::Execution execution) {
  std::string id = execution.id;
  const std::string config_id = execution.pipeline_config_id;
  Limited& limited = limited_[config_id];
  limited.most = most_running(execution);
  const bool room = limited.running.size() < limited.most && limited.waiting.empty();
  if (!room && limited.waiting.size() >= most_waiting) {
    const base::Error surplus = too_many(limited.waiting.size());
    execution.status = Status::canceled;
    execution.canceled = true;
    execution.canceled_by = "spinnaker";
    execution.cancellation_reason = surplus.what();
    auto recording = parts_.runner.accept(std::move(execution));
    co_await std::move(recording);
    co_return id;
  }
  if (room) {
    limited.running.insert(id);
  } else {
    limited.waiting.push_back(id);
  }
  std::exception_ptr failure;
  try {
    auto accepting = room ? parts_.runner.accept(std::move(execution))
                          : parts_.runner.accept_waiting(std::move(execution));
    co_await std::move(accepting);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await ended(config_id, id, true);
    std::rethrow_exception(failure);
  }
  co_return id;
}

void Starter::on_end(const model::Execution& execution) {
  if (!limited(execution)) return;
  auto ending = ended(execution.pipeline_config_id, execution.id, execution.keep_waiting_pipelines);
  asio::co_spawn(strand_, std::move(ending), asio::detached);
}

Async<void> Starter::ended(std::string config_id, std::string execution_id, bool keep_waiting) {
  const auto found = limited_.find(config_id);
  if (found == limited_.end()) co_return;
  found->second.running.erase(execution_id);
  std::erase(found->second.waiting, execution_id);
  co_await release(config_id, keep_waiting);
}

/// Starts the oldest that waits; or, unless the pipeline keeps its waiting ones, the newest, and cancels the
/// rest.
Async<void> Starter::release(std::string config_id, bool keep_waiting) {
  std::vector<std::string> chosen, surplus;
  {
    Limited& limited = limited_[config_id];
    while (limited.running.size() < limited.most && !limited.waiting.empty()) {
      const std::string id = keep_waiting ? limited.waiting.front() : limited.waiting.back();
      std::erase(limited.waiting, id);
      limited.running.insert(id);
      chosen.push_back(id);
      if (keep_waiting) continue;
      surplus.assign(limited.waiting.begin(), limited.waiting.end());
      limited.waiting.clear();
    }
    if (limited.running.empty() && limited.waiting.empty()) limited_.erase(config_id);
  }
  for (const std::string& id : surplus) {
    engine::Event cancel = engine::Cancel{"spinnaker", std::string(superseded)};
    auto telling = tell_surely(&parts_, id, std::move(cancel));
    co_await std::move(telling);
  }
  for (const std::string& id : chosen) {
    engine::Event start = engine::Start{};
    auto telling = tell_surely(&parts_, id, std::move(start));
    co_await std::move(telling);
  }
}

Async<void> Starter::recover() {
  store::ExecutionQuery query;
  query.type = model::ExecutionType::pipeline;
  query.statuses = {Status::not_started, Status::running, Status::paused};
  query.oldest_first = true;
  query.limit = 100'000;
  const std::vector<model::Execution> unfinished =
      co_await parts_.store.executions(std::move(query), model::Detail::outline);
  std::map<std::string, bool> keep_waiting;
  for (const model::Execution& execution : unfinished) {
    if (!limited(execution)) continue;
    Limited& limited = limited_[execution.pipeline_config_id];
    limited.most = most_running(execution);
    keep_waiting[execution.pipeline_config_id] = execution.keep_waiting_pipelines;
    if (execution.status == Status::not_started) {
      limited.waiting.push_back(execution.id);
    } else {
      limited.running.insert(execution.id);
    }
  }
  for (const auto& [config_id, keep] : keep_waiting) co_await release(config_id, keep);
}

}  // namespace gennaker::pipelines
