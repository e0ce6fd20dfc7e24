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
#include "base/retry.h"
#include "base/run_on.h"
#include "expressions/expressions.h"
#include "pipelines/execution_builder.h"
#include "pipelines/start_artifacts.h"
#include "pipelines/strategy_parameters.h"
#include "pipelines/validation.h"
#include "runner/command_json.h"

namespace gennaker::pipelines {

namespace asio = boost::asio;
using model::Status;

namespace {

constexpr std::size_t most_waiting = 50;
/// Of what has not ended.
constexpr std::size_t most_looked_at = 100'000;

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

/// What the next decision about a limited pipeline has to claim.
std::string limit_of(const std::string& config_id) {
  return "limit/" + config_id;
}

std::string correlation_of(model::ExecutionType type, const std::string& correlation_id) {
  return fmt::format("correlation/{}/{}",
                     type == model::ExecutionType::pipeline ? "pipeline" : "orchestration", correlation_id);
}

/// What an execution claims that was given its id before it began.
std::string start_of(const std::string& execution_id) {
  return "start/" + execution_id;
}

/// Since when it waits to start.
base::TimePoint since(const model::Execution& waiting) {
  const auto* restart = base::find_object(waiting.extra, "waitingRestart");
  const auto asked = restart ? base::whole_number(*restart, "since") : std::nullopt;
  return asked ? base::from_millis(*asked) : waiting.build_time;
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

Starter::Starter(StarterParts parts) : parts_(std::move(parts)) {}

/// What claims exclude between servers is spared a loser here: who comes second looks when the first is done.
template <class T>
Async<T> Starter::in_turn(std::string turn, Async<T> work) {
  auto entering = wait_for_turn(turn);
  auto running_there = base::run_on(parts_.executor, std::move(entering));
  co_await std::move(running_there);
  std::exception_ptr failure;
  T result{};
  try {
    result = co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  asio::post(parts_.executor, [this, turn] {
    const auto mine = starting_.extract(turn);
    mine.mapped()->cancel();
  });
  if (failure) std::rethrow_exception(failure);
  co_return result;
}

/// On the executor.
Async<void> Starter::wait_for_turn(std::string turn) {
  for (;;) {
    auto& slot = starting_[turn];
    const std::shared_ptr<asio::steady_timer> other = slot;
    if (!other) {
      slot = std::make_shared<asio::steady_timer>(parts_.executor, asio::steady_timer::time_point::max());
      co_return;
    }
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    co_await other->async_wait(token);
  }
}

/// Until it has begun, or found what somebody else began with the same correlation id in the meantime.
/// `own_id`: nullopt, or the id that it was to have, with which it begins at most once.
template <class Begin>
Async<std::string> Starter::begun(std::optional<std::string> own_id, Begin begin) {
  for (;;) {
    try {
      auto beginning = begin();
      co_return co_await std::move(beginning);
    } catch (const store::ClaimTaken& taken) {
      if (own_id && taken.name() == start_of(*own_id)) co_return *own_id;
      // Else there is one that runs.
    }
  }
}

Async<std::string> Starter::start_pipeline(StartRequest request) {
  const std::string correlation_id = base::string_or(request.trigger, "correlationId", "");
  if (correlation_id.empty() && !request.execution_id) return begin_pipeline(std::move(request));
  const std::optional<std::string> own_id = request.execution_id;
  auto beginning = begun(own_id, [this, request = std::move(request)] { return begin_pipeline(request); });
  if (correlation_id.empty()) return beginning;
  return in_turn(correlation_of(model::ExecutionType::pipeline, correlation_id), std::move(beginning));
}

Async<std::string> Starter::start_orchestration(json::object request, std::string user, std::string origin) {
  const auto* trigger = base::find_object(request, "trigger");
  const std::string correlation_id = trigger ? base::string_or(*trigger, "correlationId", "") : "";
  if (correlation_id.empty())
    return begin_orchestration(std::move(request), std::move(user), std::move(origin));
  auto beginning = begun(
      std::nullopt, [this, request = std::move(request), user = std::move(user), origin = std::move(origin)] {
        return begin_orchestration(request, user, origin);
      });
  return in_turn(correlation_of(model::ExecutionType::orchestration, correlation_id), std::move(beginning));
}

Async<std::string> Starter::begin_pipeline(StartRequest request) {
  std::vector<store::Claim> claims;
  {
    auto looking =
        look_up(model::ExecutionType::pipeline, base::string_or(request.trigger, "correlationId", ""));
    Correlation correlation = co_await std::move(looking);
    if (correlation.running) co_return *correlation.running;
    claims = std::move(correlation.claims);
  }
  if (request.execution_id) claims.push_back({start_of(*request.execution_id), "", new_word()});
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
  std::string id = request.execution_id ? *request.execution_id : ids_.next(now);
  model::Execution execution =
      build_pipeline_execution(request.config, std::move(trigger), std::move(id), now, parts_.random);
  take_strategy_parameters(execution, parts_.stages);
  execution.origin = request.origin;
  execution.root_id = base::string_or(execution.trigger, "parentRootId", execution.id);
  for (store::Claim& claim : claims) claim.execution_id = execution.id;
  if (unresolved) {
    auto recording = record_failed_start(std::move(execution), unresolved, std::move(claims));
    std::string failed = co_await std::move(recording);
    if (request.by == StartedBy::somebody) std::rethrow_exception(unresolved);
    co_return failed;
  }
  if (limited(execution)) {
    const std::string turn = limit_of(execution.pipeline_config_id);
    auto starting = start_limited(std::move(execution), std::move(claims));
    auto waiting = in_turn(turn, std::move(starting));
    co_return co_await std::move(waiting);
  }
  std::string started = execution.id;
  auto accepting = parts_.runner.accept(std::move(execution), std::move(claims));
  co_await std::move(accepting);
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
Async<std::string> Starter::record_failed_start(model::Execution execution, std::exception_ptr failure,
                                                std::vector<store::Claim> claims) {
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
  auto accepting = parts_.runner.accept(std::move(execution), std::move(claims));
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
  auto looking = look_up(model::ExecutionType::orchestration, base::string_or(given, "correlationId", ""));
  Correlation correlation = co_await std::move(looking);
  if (correlation.running) co_return *correlation.running;
  const base::TimePoint now = parts_.clock.now();
  model::Execution execution = build_orchestration(request, ids_.next(now), now, parts_.random);
  execution.origin = origin;
  std::string id = execution.id;
  if (const auto problem = ad_hoc_problem(parts_.ad_hoc, parts_.stages, execution, user)) {
    const std::exception_ptr refused = std::make_exception_ptr(*problem);
    auto recording = record_failed_start(std::move(execution), refused, {});
    co_await std::move(recording);
    std::rethrow_exception(refused);
  }
  for (store::Claim& claim : correlation.claims) claim.execution_id = id;
  auto accepting = parts_.runner.accept(std::move(execution), std::move(correlation.claims));
  co_await std::move(accepting);
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

/// Who holds the claim is read first: whatever has been started since makes the claim fail.
Async<Starter::Correlation> Starter::look_up(model::ExecutionType type, std::string correlation_id) {
  Correlation correlation;
  if (correlation_id.empty()) co_return correlation;
  const std::string name = correlation_of(type, correlation_id);
  std::string holder = co_await parts_.store.holder(name);
  correlation.claims.push_back({name, std::move(holder), new_word()});
  store::ExecutionQuery query;
  query.type = type;
  query.correlation_id = std::move(correlation_id);
  query.statuses = {Status::not_started, Status::running, Status::paused};
  query.limit = 1;
  std::vector<model::Execution> found =
      co_await parts_.store.executions(std::move(query), model::Detail::outline);
  if (!found.empty()) correlation.running = found.front().id;
  co_return correlation;
}

Async<void> Starter::restart_stage(std::string execution_id, engine::RestartStage restart) {
  std::optional<model::Execution> execution = co_await parts_.store.execution(execution_id);
  if (!execution) {
    throw base::Error(base::Kind::not_found, fmt::format("execution {} is not known", execution_id));
  }
  json::object trigger = execution->trigger;
  std::string user = restart.user;
  const std::string limited_config = limited(*execution) ? execution->pipeline_config_id : "";
  engine::Event event;
  if (limited_config.empty()) {
    event = std::move(restart);
  } else {
    auto looking = standing_of(limited_config);
    const Standing standing = co_await std::move(looking);
    if (standing.waiting.size() >= most_waiting) throw too_many(standing.waiting.size());
    event = engine::QueueRestart{std::move(restart)};
  }
  auto telling = parts_.runner.tell(execution_id, std::move(event));
  co_await std::move(telling);
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

/// The claim is read first, then the starts that are under way, then the executions: whatever happens between
/// two of them is seen by the next, or makes the claim fail.
Async<Starter::Standing> Starter::standing_of(std::string config_id) {
  Standing standing;
  standing.decided_by = co_await parts_.store.holder(limit_of(config_id));
  const std::vector<std::string> starting = co_await parts_.store.starting(config_id);
  standing.running.insert(starting.begin(), starting.end());
  store::ExecutionQuery query;
  query.type = model::ExecutionType::pipeline;
  query.pipeline_config_ids = {config_id};
  query.statuses = {Status::not_started, Status::running, Status::paused};
  query.oldest_first = true;
  query.limit = most_looked_at;
  std::vector<model::Execution> unfinished =
      co_await parts_.store.executions(std::move(query), model::Detail::outline);
  for (model::Execution& execution : unfinished) {
    if (execution.status != Status::not_started) {
      standing.running.insert(execution.id);
    } else if (!standing.running.contains(execution.id)) {
      standing.waiting.push_back(std::move(execution));
    }
  }
  std::stable_sort(standing.waiting.begin(), standing.waiting.end(),
                   [](const auto& left, const auto& right) { return since(left) < since(right); });
  co_return standing;
}

Async<std::string> Starter::start_limited(model::Execution execution, std::vector<store::Claim> claims) {
  const std::string id = execution.id, config_id = execution.pipeline_config_id, limit = limit_of(config_id);
  for (;;) {
    auto looking = standing_of(config_id);
    const Standing standing = co_await std::move(looking);
    const bool room = standing.waiting.empty() && standing.running.size() < most_running(execution);
    if (!room && standing.waiting.size() >= most_waiting) {
      const base::Error surplus = too_many(standing.waiting.size());
      execution.status = Status::canceled;
      execution.canceled = true;
      execution.canceled_by = "spinnaker";
      execution.cancellation_reason = surplus.what();
      auto recording = parts_.runner.accept(std::move(execution), std::move(claims));
      co_await std::move(recording);
      co_return id;
    }
    if (!room) {
      auto accepting = parts_.runner.accept_waiting(std::move(execution), std::move(claims));
      co_await std::move(accepting);
      release_soon(config_id);  // what it waits for may have ended meanwhile
      co_return id;
    }
    auto copy = execution;
    std::vector<store::Claim> all = claims;
    all.push_back({limit, standing.decided_by, new_word()});
    try {
      auto accepting = parts_.runner.accept(std::move(copy), std::move(all));
      co_await std::move(accepting);
      co_return id;
    } catch (const store::ClaimTaken& taken) {
      if (taken.name() != limit) throw;
    }
  }
}

std::string Starter::new_word() {
  return base::new_ulid(parts_.clock.now(), parts_.random);
}

void Starter::on_end(const model::Execution& execution) {
  if (limited(execution)) release_soon(execution.pipeline_config_id);
}

void Starter::on_slot(const std::string& pipeline_config_id) {
  release_soon(pipeline_config_id);
}

void Starter::release_soon(std::string config_id) {
  asio::co_spawn(parts_.executor, release(std::move(config_id)), asio::detached);
}

Async<void> Starter::release(std::string config_id) {
  std::string what = fmt::format("what waits to start of pipeline {} is not known", config_id);
  return base::until_it_works(parts_.clock, std::move(what),
                              [this, config_id = std::move(config_id)] { return release_now(config_id); });
}

Async<void> Starter::release_now(std::string config_id) {
  for (;;) {
    auto trying = try_to_release(config_id);
    auto waiting = in_turn(limit_of(config_id), std::move(trying));
    if (co_await std::move(waiting)) co_return;
  }
}

/// Starts those that wait longest; or, unless the pipeline keeps its waiting ones, the newest, and cancels
/// the rest. They are told by commands that are stored with the decision. false: it was somebody else's turn.
Async<bool> Starter::try_to_release(std::string config_id) {
  auto looking = standing_of(config_id);
  const Standing standing = co_await std::move(looking);
  if (standing.waiting.empty()) co_return true;
  const model::Execution& newest = standing.waiting.back();
  const std::size_t most = most_running(newest);
  if (standing.running.size() >= most) co_return true;
  store::Changes changes;
  const auto tell = [&](const model::Execution& execution, const engine::Event& event) {
    changes.commands.push_back({new_word(), execution.id, runner::event_text(event), config_id});
  };
  std::size_t room = most - standing.running.size();
  for (const model::Execution& execution : standing.waiting) {
    if (!newest.keep_waiting_pipelines && &execution != &newest) {
      tell(execution, engine::Cancel{"spinnaker", std::string(superseded)});
    } else if (room > 0) {
      tell(execution, engine::Start{});
      --room;
    }
  }
  changes.claims.push_back({limit_of(config_id), standing.decided_by, new_word()});
  try {
    auto committing = parts_.store.commit(std::move(changes));
    co_await std::move(committing);
  } catch (const store::ClaimTaken&) {
    co_return false;
  }
  co_return true;
}

Async<void> Starter::recover() {
  return base::until_it_works(parts_.clock, "what waits to start is not known",
                              [this] { return release_all(); });
}

Async<void> Starter::release_all() {
  store::ExecutionQuery query;
  query.type = model::ExecutionType::pipeline;
  query.statuses = {Status::not_started};
  query.limit = most_looked_at;
  const std::vector<model::Execution> waiting =
      co_await parts_.store.executions(std::move(query), model::Detail::outline);
  std::set<std::string> config_ids;
  for (const model::Execution& execution : waiting) {
    if (limited(execution)) config_ids.insert(execution.pipeline_config_id);
  }
  for (const std::string& id : config_ids) release_soon(id);
}

}  // namespace gennaker::pipelines
