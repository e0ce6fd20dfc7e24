#include "rehearsal/script.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "clusters/naming.h"
#include "clusters/nearest_name.h"
#include "clusters/operations.h"
#include "rehearsal/stage_names.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

constexpr std::size_t most_executions = 500;
/// Longer than any test's patience: never.
constexpr milliseconds never = std::chrono::hours(24 * 365 * 200);

constexpr std::string_view judgment_task = "waitForJudgment";

template <class Act>
bool is(const ScriptEntry& entry) {
  return std::holds_alternative<Act>(entry.act);
}

/// Happens by itself, when its time has come, and not because somebody asks.
bool is_event(const ScriptEntry& entry) {
  return is<Judge>(entry) || is<Patch>(entry) || is<CancelIt>(entry) || is<PauseIt>(entry) ||
         is<ResumeIt>(entry) || is<Restart>(entry);
}

bool nobody(const ScriptEntry& entry) {
  const auto* judge = std::get_if<Judge>(&entry.act);
  return judge != nullptr && judge->decision == "nobody";
}

json::object patch_of(const Judge& judge) {
  json::object patch{{"judgmentStatus", judge.decision}};
  if (!judge.input.empty()) patch["judgmentInput"] = judge.input;
  return patch;
}

net::Headers headers_of(const json::object& given) {
  net::Headers headers;
  for (const auto& header : given) headers[std::string(header.key())] = base::plain_text(header.value());
  return headers;
}

std::string cluster_of(const model::Operation& operation) {
  const std::string named = base::string_or(operation.what, "serverGroupName", "");
  if (!named.empty()) return clusters::cluster_name(clusters::parse_name(named));
  if (operation.kind == clusters::create_server_group_kind)
    return clusters::cluster_name(clusters::server_group_spec_of(operation).moniker);
  return base::string_or(operation.what, "name", "");
}

}  // namespace

Script::Script(const PipelineTest& test) : test_(test), uses_(test.script.size()) {}

void Script::attach(World& world, std::string execution_id) {
  world_ = &world;
  execution_id_ = std::move(execution_id);
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const ScriptEntry& entry = test_.script[i];
    if (is_event(entry) && entry.stage.empty()) schedule(entry, uses_[i], entry.after, execution_id_, "");
  }
}

void Script::problem(Place place, std::string what) {
  problems_.push_back({std::move(place), std::move(what), "", ""});
}

std::function<void(std::string)> Script::on_refusal(const ScriptEntry& entry) {
  return [this, &entry](const std::string& message) {
    if (entry.optional) return;
    problem(entry.place, fmt::format("script: {}: was refused: {}", entry.what, message));
  };
}

// ---- what happens by itself ----

void Script::schedule(const ScriptEntry& entry, Use& use, milliseconds in, std::string execution_id,
                      std::string stage_id) {
  if (is<Restart>(entry)) ++restarts_to_come_;
  world_->after(std::max(in, milliseconds(0)),
                [this, &entry, &use, execution_id = std::move(execution_id), stage_id = std::move(stage_id)] {
                  act(entry, use, execution_id, stage_id);
                });
}

void Script::act(const ScriptEntry& entry, Use& use, const std::string& execution_id,
                 const std::string& stage_id) {
  ++use.times;
  if (const auto* judge = std::get_if<Judge>(&entry.act)) {
    world_->tell(execution_id, engine::PatchStage{stage_id, patch_of(*judge), judge->user},
                 on_refusal(entry));
  } else if (const auto* patch = std::get_if<Patch>(&entry.act)) {
    world_->tell(execution_id, engine::PatchStage{stage_id, patch->members, patch->user}, on_refusal(entry));
  } else if (const auto* cancel = std::get_if<CancelIt>(&entry.act)) {
    world_->tell(execution_id, engine::Cancel{cancel->user, cancel->reason}, on_refusal(entry));
  } else if (const auto* pause = std::get_if<PauseIt>(&entry.act)) {
    world_->tell(execution_id, engine::Pause{pause->user}, on_refusal(entry));
  } else if (const auto* resume = std::get_if<ResumeIt>(&entry.act)) {
    world_->tell(execution_id, engine::Resume{resume->user}, on_refusal(entry));
  } else {
    --restarts_to_come_;
    restart(entry, execution_id, std::get<Restart>(entry.act));
  }
}

void Script::restart(const ScriptEntry& entry, const std::string& execution_id, const Restart& restart) {
  const model::Execution* execution = known(execution_id);
  const auto found =
      execution ? stages_called(*execution, restart.stage) : std::vector<const model::Stage*>();
  if (found.size() != 1) {
    problem(entry.place, fmt::format("script: restart: {} is called '{}'",
                                     found.empty() ? "no stage" : "more than one stage", restart.stage));
    return;
  }
  world_->restart(execution_id, engine::RestartStage{found.front()->id, restart.user}, on_refusal(entry));
}

/// Entries that count from a stage's start begin when its first task, or a stage within it, looks first.
void Script::set_off(const runner::TaskContext& context) {
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const ScriptEntry& entry = test_.script[i];
    if (!is_event(entry) || entry.stage.empty() || !free(entry, uses_[i])) continue;
    if (!is_for(entry, context)) continue;
    const model::Stage* stage = called_or_within(context.execution(), context.stage(), entry.stage);
    const auto started = stage->start_time.value_or(context.now());
    if (!uses_[i].stage_starts.insert(fmt::format("{}/{}", stage->id, base::to_millis(started))).second)
      continue;
    if (nobody(entry)) {
      ++uses_[i].times;
      continue;
    }
    schedule(entry, uses_[i], started + entry.after - context.now(), context.execution().id, stage->id);
  }
}

// ---- whom an entry is for ----

template <class Act, class Meant>
std::optional<std::size_t> Script::first(const Meant& meant) const {
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const ScriptEntry& entry = test_.script[i];
    if (is<Act>(entry) && free(entry, uses_[i]) && meant(entry)) return i;
  }
  return std::nullopt;
}

bool Script::free(const ScriptEntry& entry, const Use& use) {
  if (entry.times &&
      std::max<std::size_t>(use.times, use.stage_starts.size()) >= static_cast<std::size_t>(*entry.times))
    return false;
  const auto* respond = std::get_if<Respond>(&entry.act);
  return respond == nullptr || !respond->one_each || use.answered < respond->responses.size();
}

bool Script::is_for(const ScriptEntry& entry, const runner::TaskContext& context) {
  if (!entry.pipeline.empty() && entry.pipeline != context.execution().name) return false;
  if (!entry.task.empty() && entry.task != context.task().name && entry.task != context.task().implementation)
    return false;
  return entry.stage.empty() ||
         called_or_within(context.execution(), context.stage(), entry.stage) != nullptr;
}

bool Script::is_for(const ScriptEntry& entry, const Asking& asking) {
  if (entry.stage.empty() && entry.pipeline.empty()) return true;
  if (asking.execution == nullptr || asking.stage == nullptr) return false;
  if (!entry.pipeline.empty() && entry.pipeline != asking.execution->name) return false;
  return entry.stage.empty() || called_or_within(*asking.execution, *asking.stage, entry.stage) != nullptr;
}

bool Script::is_for(const ScriptEntry& entry, const model::Operation& operation) {
  if (!entry.operation.empty() && entry.operation != operation.kind) return false;
  if (!entry.account.empty() && entry.account != operation.account) return false;
  return entry.cluster.empty() || like(entry.cluster, cluster_of(operation));
}

/// A key names who asks; without one it is the task that looked last, for a task asks before others look.
Script::Asking Script::asking(std::string_view key) const {
  Asker asker = asker_of(key);
  if (asker.stage_id.empty()) asker = last_looker_;
  const model::Execution* execution = known(asker.execution_id);
  return {execution, execution ? execution->find_stage(asker.stage_id) : nullptr};
}

const model::Execution* Script::known(const std::string& execution_id) const {
  const auto found = views_.find(execution_id);
  return found == views_.end() ? nullptr : &found->second.execution();
}

// ---- tasks ----

std::optional<runner::TaskResult> Script::instead_of(const runner::TaskContext& context,
                                                     const runner::Task&) {
  if (over_limits(context)) return runner::failed(context, "the test was given up");
  note_look(context);
  set_off(context);
  if (auto result = replaced(context)) return result;
  if (context.task().implementation == judgment_task) ask_for_judgment(context);
  return std::nullopt;
}

bool Script::over_limits(const runner::TaskContext& context) {
  const model::Execution* seen = known(context.execution().id);
  if (seen != &context.execution()) views_.insert_or_assign(context.execution().id, context);
  const bool circles = ++looks_ > test_.most_looks, crowd = views_.size() > most_executions;
  if (!circles && !crowd) return false;
  if (problems_.empty()) {
    problem(test_.place,
            circles ? fmt::format("the pipeline goes round in circles: tasks have looked {} times, last '{}' "
                                  "of stage '{}', after {} of virtual time",
                                  test_.most_looks, context.task().name,
                                  path_of(context.execution(), context.stage()),
                                  to_text(context.now() - test_.at))
                    : fmt::format("pipelines start each other without end: {} executions, the last of '{}'",
                                  most_executions, context.execution().name));
  }
  return true;
}

void Script::note_look(const runner::TaskContext& context) {
  const model::Execution& execution = context.execution();
  last_looker_ = {execution.id, context.stage().id, context.task().id};
  tasks_seen_[context.stage().name].insert(context.task().name);
  for (const model::Stage* stage = &context.stage(); stage != nullptr;
       stage = execution.find_stage(stage->parent_id)) {
    const auto [known, is_new] = looks_of_.try_emplace(stage->id, Looks{looks_, looks_});
    known->second.last = looks_;
    if (!stage->synthetic()) break;
  }
}

std::optional<runner::TaskResult> Script::replaced(const runner::TaskContext& context) {
  const auto found = first<Replace>([&](const ScriptEntry& entry) { return is_for(entry, context); });
  if (!found) return std::nullopt;
  const ScriptEntry& entry = test_.script[*found];
  const Replace& given = std::get<Replace>(entry.act);
  const auto left = context.task().start_time.value_or(context.now()) + entry.after - context.now();
  if (left > milliseconds(0)) return runner::again({.after = left, .waiting_for = "the script"});
  ++uses_[*found].times;
  runner::TaskResult result =
      given.error.empty() ? runner::TaskResult{} : runner::failed(context, given.error);
  result.status = given.status;
  base::merge_into(result.context, given.context);
  result.outputs = given.outputs;
  return result;
}

/// Nobody would ever come.
void Script::ask_for_judgment(const runner::TaskContext& context) {
  if (!asked_for_judgment_.insert(context.stage().id).second) return;
  const bool answered = std::any_of(test_.script.begin(), test_.script.end(), [&](const ScriptEntry& entry) {
    const bool patches = is<Judge>(entry) || is<Patch>(entry) || is<CancelIt>(entry);
    return patches && is_for(entry, context);
  });
  if (answered) return;
  const std::string name = path_of(context.execution(), context.stage());
  problem(test_.place, fmt::format("stage '{}' asks for a judgment, and the script has none; add\n"
                                   "  - {{stage: \"{}\", judge: continue}}\n"
                                   "or stop, or nobody if the question is to stay open",
                                   name, name));
}

// ---- operations and calls ----

Outside::OperationAnswer Script::on_operation(const model::Operation& operation) {
  const Asking from = asking(operation.key);
  const auto meant = [&](const ScriptEntry& entry) {
    return is_for(entry, operation) && is_for(entry, from);
  };
  set_health(operation, first<Healthy>(meant));
  OperationAnswer answer;
  const auto found = first<Operate>(meant);
  if (!found) return answer;
  const ScriptEntry& entry = test_.script[*found];
  const Operate& given = std::get<Operate>(entry.act);
  ++uses_[*found].times;
  answer.after = entry.after;
  answer.answer = given.answer;
  if (!given.failure.empty())
    answer.failure = std::make_exception_ptr(base::Error(given.kind, given.failure));
  return answer;
}

/// For the instances that the operation starts: each operation sets it anew.
void Script::set_health(const model::Operation& operation, std::optional<std::size_t> entry) {
  clusters::SimulatedCloud* cloud = world_->cloud(operation.account);
  const bool starts_instances = operation.kind == clusters::create_server_group_kind ||
                                operation.kind == clusters::resize_server_group_kind;
  if (cloud == nullptr || !starts_instances) return;
  cloud->set_time_to_healthy(milliseconds(0));
  if (!entry) return;
  ++uses_[*entry].times;
  cloud->set_time_to_healthy(std::get<Healthy>(test_.script[*entry].act).after.value_or(never));
}

Outside::CallAnswer Script::on_call(const net::ClientRequest& request) {
  const auto key = request.headers.find("Idempotency-Key");
  const Asking from =
      asking(key == request.headers.end() ? std::string_view() : std::string_view(key->second));
  const auto found = first<Respond>([&](const ScriptEntry& entry) {
    if (!entry.url.empty() && !like(entry.url, request.url)) return false;
    if (!entry.method.empty() && base::lower_case(entry.method) != base::lower_case(request.method))
      return false;
    return is_for(entry, from);
  });
  if (!found) return unanswered(request, from);
  const ScriptEntry& entry = test_.script[*found];
  const Respond& respond = std::get<Respond>(entry.act);
  Use& use = uses_[*found];
  const auto& response = respond.responses[respond.one_each ? use.answered : 0];
  ++use.answered;
  ++use.times;
  CallAnswer answer{.after = entry.after + response.after};
  if (!response.failure.empty()) {
    answer.failure =
        std::make_exception_ptr(base::Error(base::Kind::unavailable, response.failure, {{"sent", false}}));
  }
  answer.response = {
      .status = response.status, .headers = headers_of(response.headers), .body = response.body};
  return answer;
}

Outside::CallAnswer Script::unanswered(const net::ClientRequest& request, const Asking& asking) {
  const std::string name = asking.stage == nullptr ? "?" : path_of(*asking.execution, *asking.stage);
  problem(test_.place, fmt::format("stage '{}' calls {} {}, and nothing in the script answers; add\n"
                                   "  - {{stage: \"{}\", respond: {{status: 200, body: {{}}}}}}",
                                   name, request.method, request.url, name));
  CallAnswer answer;
  answer.failure =
      std::make_exception_ptr(base::Error(base::Kind::invalid, "the test's script has no answer"));
  return answer;
}

std::vector<Difference> Script::unused() const {
  std::vector<Difference> unused;
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const ScriptEntry& entry = test_.script[i];
    if (entry.optional) continue;
    const auto* respond = std::get_if<Respond>(&entry.act);
    std::string why;
    if (uses_[i].times == 0) {
      why = "was never used";
      const auto seen = tasks_seen_.find(entry.stage);
      if (!entry.task.empty() && seen != tasks_seen_.end())
        why += fmt::format("; the tasks of that stage: {}", fmt::join(seen->second, ", "));
      if (!entry.stage.empty() && seen == tasks_seen_.end()) {
        std::vector<std::string> names;
        for (const auto& [name, tasks] : tasks_seen_) names.push_back(name);
        why +=
            fmt::format("; no stage '{}' has run{}", entry.stage, clusters::suggestion(entry.stage, names));
      }
    } else if (respond != nullptr && respond->one_each && uses_[i].answered < respond->responses.size()) {
      why =
          fmt::format("only {} of {} responses were asked for", uses_[i].answered, respond->responses.size());
    }
    if (why.empty()) continue;
    unused.push_back({entry.place, fmt::format("script: {}: {}", entry.what, why), "", ""});
  }
  return unused;
}

}  // namespace gennaker::rehearsal
