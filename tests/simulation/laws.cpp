#include "laws.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "clusters/health.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "engine/engine.h"
#include "engine/rollup.h"
#include "rehearsal/world.h"

namespace gennaker::simulation {

using model::Stage;
using model::Status;

namespace {

std::string told(const model::Execution& execution) {
  return fmt::format("execution {} ({}, {})", execution.id, execution.name,
                     model::to_string(execution.status));
}

std::string told(const Stage& stage) {
  return fmt::format("stage '{}' ({}, {})", stage.ref_id, stage.type, model::to_string(stage.status));
}

std::string told_stages(const model::Execution& execution) {
  std::string text;
  for (const Stage& stage : execution.stages)
    text += fmt::format("{} <- [{}]; ", told(stage), fmt::join(stage.requisites, " "));
  return text;
}

std::string waiting_for(const Stage& stage) {
  return base::string_or(stage.context, "waitingFor", "");
}

std::size_t most_running(const model::Execution& execution) {
  if (execution.pipeline_config_id.empty()) return 0;
  if (execution.limit_concurrent) return 1;
  return static_cast<std::size_t>(std::max(execution.max_concurrent_executions, 0));
}

bool runs(const model::Execution& execution) {
  return execution.status == Status::running || execution.status == Status::paused;
}

/// The words of the last restart of a stage, of an execution that waits for one.
std::string restart_of(const Stage& stage) {
  const auto* details = base::find_object(stage.context, "restartDetails");
  return details == nullptr ? "" : base::to_text(*details);
}

}  // namespace

std::string begins_too_early(const model::Execution& execution, const Stage& stage) {
  for (const Stage& other : execution.stages) {
    const bool required =
        other.parent_id == stage.parent_id && other.owner == stage.owner &&
        std::find(stage.requisites.begin(), stage.requisites.end(), other.ref_id) != stage.requisites.end();
    if (required && !model::lets_downstream_start(other.status))
      return fmt::format("{}: {} starts, and it requires {}", told(execution), told(stage), told(other));
  }
  if (stage.owner != model::Owner::after) return "";
  const Stage* parent = execution.find_stage(stage.parent_id);
  for (const model::Task& task : parent->tasks) {
    if (task.status == Status::running)
      return fmt::format("{}: {} starts behind {}, whose task {} runs", told(execution), told(stage),
                         told(*parent), task.name);
  }
  return "";
}

Laws::Laws(const base::VirtualClock& clock,
           const std::vector<std::unique_ptr<clusters::SimulatedCloud>>& clouds,
           std::function<int(const std::string&)> server_of)
    : clock_(clock), clouds_(clouds), server_of_(std::move(server_of)) {}

void Laws::law(bool holds, std::string_view law, std::string what) {
  if (!holds && !broken_) broken_ = Broken{std::string(law), std::move(what)};
}

// ---- What happens ----

void Laws::committed(const store::Changes& changes) {
  for (const store::Claim& claim : changes.claims) locks_[claim.name] = claim.holder;
  leaves_an_ending_only_by_a_restart(changes);
  std::vector<std::string> created;
  for (const store::ExecutionRow& row : changes.executions) {
    if (book_.find(row.id) == nullptr) created.push_back(row.id);
  }
  book_.apply(changes);
  for (const store::ExecutionRow& row : changes.executions) {
    changed_.insert(row.id);
    if (!row.active) {
      for (auto& [server, beliefs] : beliefs_) beliefs.contexts.erase(row.id);
    }
    for (auto& [token, awaited] : awaited_tokens_) {
      awaited.seen |= row.header.find(token) != std::string::npos;
      awaited.ended |= !row.active && awaited.execution_id == row.id;
    }
  }
  for (const store::StageRow& row : changes.stages) {
    changed_.insert(row.execution_id);
    for (auto& [token, awaited] : awaited_tokens_)
      awaited.seen |= row.details.find(token) != std::string::npos;
  }
  keeps_the_limit(changes);
  starts_once_for_a_correlation_id(created);
  stores_all_or_nothing(changes);
}

int Laws::serving() const {
  int serving = 0;
  for (const model::ServerGroup& group : clouds_.front()->now().server_groups) {
    if (group.moniker.cluster != guarded_cluster || group.disabled) continue;
    serving += clusters::count_instances(group).up;
  }
  return serving;
}

void Laws::before_operation() {
  effects_before_ = clouds_.front()->effects().size();
  serving_then_ = serving();
}

void Laws::after_operation(const model::Operation& operation) {
  keeps_the_guarded_cluster_serving(operation);
  if (clouds_.front()->effects().size() == effects_before_) return;
  takes_effect_once(operation);
  acts_under_the_lock(operation);
}

void Laws::looks(int server, const runner::TaskContext& context) {
  const std::string& id = context.execution().id;
  Beliefs& beliefs = beliefs_[server];
  beliefs.asked.insert(fmt::format("{}/{}/{}", id, context.stage().id, context.task().id));
  beliefs.contexts.insert_or_assign(id, context);
  begins_inside_its_window(context);
}

void Laws::planned(const engine::StageView& stage) {
  starts_behind_its_requisites(stage.execution(), stage.stage());
}

void Laws::asked(int server, const Command& command) {
  awaited_tokens_.emplace(command.token, Awaited{server, command.execution_id, false, false});
}

void Laws::acknowledged(const Command& command) {
  keeps_what_was_acknowledged(command);
}

void Laws::started(const std::string& execution_id) {
  law(book_.find(execution_id) != nullptr, "7: nothing acknowledged is lost",
      fmt::format("the start of execution {} was answered, and it is not stored", execution_id));
}

void Laws::process_died(int server) {
  std::erase_if(awaited_tokens_, [&](const auto& one) { return one.second.server == server; });
  lost_its_lease(server);
}

void Laws::lost_its_lease(int server) {
  beliefs_.erase(server);
  changed_.insert(book_.active().begin(), book_.active().end());
}

void Laws::at_rest() {
  for (const std::string& id : changed_) {
    const Book::Entry* entry = book_.find(id);
    if (entry == nullptr) continue;
    believes_what_is_stored(*entry);
    if (!entry->active) continue;
    ends_or_waits_for_something_named(*entry);
  }
  changed_.clear();
  for (const std::string& id : book_.active()) {
    const Book::Entry& entry = *book_.find(id);
    acts_on_what_it_waited_for(entry);
    waits_only_while_others_run(entry);
  }
}

void Laws::at_the_end() {
  for (const std::string& id : book_.active()) {
    const Book::Entry& entry = *book_.find(id);
    std::string open;
    for (const Stage& stage : entry.execution.stages) {
      if (stage.status == Status::running || stage.status == Status::paused)
        open += fmt::format("; {}: {}", told(stage), waiting_for(stage));
    }
    law(false, "1: what was accepted ends", told(entry.execution) + " does not end" + open);
  }
  follows_every_ending();
}

// ---- The laws ----

void Laws::ends_or_waits_for_something_named(const Book::Entry& entry) {
  constexpr std::string_view name = "1: what was accepted ends, or waits for something named";
  const model::Execution& execution = entry.execution;
  law(!model::is_complete(execution.status), name,
      told(execution) + " has ended, and something of it goes on");
  if (execution.status != Status::running) return;
  bool anything = false;
  for (const Stage& stage : execution.stages) {
    for (const model::Task& task : stage.tasks) {
      if (task.status != Status::running) continue;
      anything = true;
      const std::set<std::string>& asked = beliefs_[server_of_(execution.id)].asked;
      law(asked.contains(fmt::format("{}/{}/{}", execution.id, stage.id, task.id)), name,
          fmt::format("{}: {}: task {} is RUNNING and nobody runs it", told(execution), told(stage),
                      task.name));
      law(!waiting_for(stage).empty(), name,
          fmt::format("{}: {}: task {} waits and does not say for what", told(execution), told(stage),
                      task.name));
    }
    law(!stage.context.contains("_openQuestions"), name,
        fmt::format("{}: {} asks, and nobody looks for an answer", told(execution), told(stage)));
  }
  law(anything, name, told(execution) + ": no task of it is RUNNING: " + told_stages(execution));
  law(!execution.canceled, name, told(execution) + " was cancelled and goes on");
}

void Laws::acts_on_what_it_waited_for(const Book::Entry& entry) {
  constexpr std::string_view name = "1: nobody waits for what is there";
  const model::Execution& execution = entry.execution;
  if (execution.status != Status::running) return;
  for (const Stage& stage : execution.stages) {
    if (stage.status != Status::running || waiting_for(stage).starts_with("another try")) continue;
    const auto is_running = [&](std::string_view implementation) {
      return std::any_of(stage.tasks.begin(), stage.tasks.end(), [&](const model::Task& task) {
        return task.implementation == implementation && task.status == Status::running;
      });
    };
    const std::string judgment = base::string_or(stage.context, "judgmentStatus", "");
    law(!is_running("waitForJudgment") || judgment.empty(), name,
        fmt::format("{}: {} was judged and waits for a judgment", told(execution), told(stage)));
    law(!is_running("wait") || !base::bool_or(stage.context, "skipRemainingWait", false), name,
        fmt::format("{}: {} was to be skipped and waits", told(execution), told(stage)));
    if (!is_running("monitorPipeline")) continue;
    const Book::Entry* child = book_.find(base::string_or(stage.context, "executionId", ""));
    law(child == nullptr || child->active, name,
        fmt::format("{}: {} waits for a child that has ended", told(execution), told(stage)));
  }
}

void Laws::waits_only_while_others_run(const Book::Entry& entry) {
  constexpr std::string_view name = "1: what waits to start does so because others run";
  const model::Execution& execution = entry.execution;
  if (execution.status != Status::not_started) return;
  const std::size_t most = most_running(execution);
  std::size_t running = 0;
  for (const std::string& id : book_.active()) {
    const model::Execution& other = book_.find(id)->execution;
    if (other.pipeline_config_id == execution.pipeline_config_id && runs(other)) ++running;
  }
  law(most > 0 && running >= most, name,
      fmt::format("{} waits, and {} of at most {} run", told(execution), running, most));
}

void Laws::starts_behind_its_requisites(const model::Execution& execution, const Stage& stage) {
  std::string why = begins_too_early(execution, stage);
  law(why.empty(), "2: a stage runs when what it requires has ended well", std::move(why));
}

void Laws::takes_effect_once(const model::Operation& operation) {
  constexpr std::string_view name = "3: an operation takes effect at most once for its key";
  law(clouds_.front()->operations_run_twice() == 0, name, operation.key + " was carried out twice");
  // Who asked is told by the stored execution, not by the key: a key that is new for an attempt hides
  // nothing.
  const rehearsal::Asker by = rehearsal::asker_of(operation.key);
  const Book::Entry* entry = book_.find(by.execution_id);
  if (entry == nullptr) return law(false, name, fmt::format("nobody asked for {}", operation.key));
  const auto starts = entry->starts.find(by.stage_id);
  const int allowed = starts == entry->starts.end() ? 1 : std::max(starts->second, 1);
  const int times = ++effects_[fmt::format("{}/{}/{} {} {}", by.execution_id, by.stage_id, by.task_id,
                                           operation.kind, base::to_text(operation.what))];
  law(times <= allowed, name,
      fmt::format("{} {} took effect {} times and its stage began {} times, the last as {}", operation.kind,
                  base::to_text(operation.what), times, allowed, operation.key));
}

void Laws::keeps_the_guarded_cluster_serving(const model::Operation& operation) {
  law(serving_then_ == 0 || serving() > 0, "4: a guarded cluster keeps enabled, healthy capacity",
      fmt::format("{} {} took the last of {}", operation.kind, base::to_text(operation.what),
                  guarded_cluster));
}

/// Of all that act on one cluster, one has its lock, or acts for the one who has it.
void Laws::acts_under_the_lock(const model::Operation& operation) {
  const clusters::ServerGroupRef group = clusters::server_group_of(operation);
  std::string cluster = clusters::parse_name(group.name).cluster;
  if (operation.kind == clusters::create_server_group_kind)
    cluster = clusters::cluster_name(clusters::server_group_spec_of(operation).moniker);
  if (cluster.empty()) return;
  const std::string lock = fmt::format("lock/{}/{}/{}", operation.account, group.region, cluster);
  const auto found = locks_.find(lock);
  const std::string holder = found == locks_.end() ? "" : found->second.substr(0, found->second.find('/'));
  std::string acting = operation.key.substr(0, operation.key.find('/'));
  while (acting != holder && !acting.empty()) {
    const Book::Entry* entry = book_.find(acting);
    acting = entry == nullptr ? "" : base::string_or(entry->execution.trigger, "parentExecutionId", "");
  }
  if (!acting.empty()) return;
  const rehearsal::Asker by = rehearsal::asker_of(operation.key);
  const Book::Entry* entry = book_.find(by.execution_id);
  const Stage* stage = entry == nullptr ? nullptr : entry->execution.find_stage(by.stage_id);
  law(false, "5: two that hold one cluster's lock never overlap",
      fmt::format("{} takes effect ({}), and {} is held by '{}'", operation.key,
                  stage == nullptr ? "of no stage" : told(*stage) + base::to_text(stage->context), lock,
                  holder));
}

void Laws::begins_inside_its_window(const runner::TaskContext& context) {
  const model::Execution& execution = context.execution();
  const Stage* top = &context.stage();
  const Stage* child = nullptr;
  while (top != nullptr && top->synthetic()) {
    child = top;
    top = execution.find_stage(top->parent_id);
  }
  if (top == nullptr || !base::bool_or(top->context, "restrictExecutionDuringTimeWindow", false)) return;
  if (child != nullptr && child->type == engine::execution_window_type) return;
  const std::int64_t began = top->start_time ? base::to_millis(*top->start_time) : 0;
  if (!begun_.insert(fmt::format("{}/{}/{}", execution.id, top->id, began)).second) return;
  constexpr std::string_view name = "6: no stage begins outside its execution window";
  for (const Stage& window : execution.stages) {
    if (window.parent_id != top->id || window.type != engine::execution_window_type) continue;
    law(model::lets_downstream_start(window.status), name,
        fmt::format("{}: {} begins, and its {} has not ended", told(execution), told(*top), told(window)));
    if (base::bool_or(window.context, "skipRemainingWait", false) || window.status == Status::skipped) return;
    const base::TimePoint at = window.end_time.value_or(base::TimePoint{});
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(at.time_since_epoch()).count();
    // Every window of the simulation is from 3:00 to 5:00 UTC, the last minute included.
    const auto minute_of_day = minutes % (24 * 60);
    law(minute_of_day >= 180 && minute_of_day <= 300, name,
        fmt::format("{}: {} began at {:02}:{:02}", told(execution), told(*top), minute_of_day / 60,
                    minute_of_day % 60));
    return;
  }
  law(false, name, fmt::format("{}: {} begins without its window", told(execution), told(*top)));
}

void Laws::keeps_what_was_acknowledged(const Command& command) {
  const auto found = awaited_tokens_.find(command.token);
  const bool seen = found != awaited_tokens_.end() && found->second.seen;
  const Book::Entry* entry = book_.find(command.execution_id);
  // Somebody else's was there before, or it came when there was nothing to cancel any more.
  const bool ended = found != awaited_tokens_.end() && found->second.ended;
  const bool moot = command.kind == Command::Kind::cancel && entry != nullptr &&
                    (ended || entry->execution.canceled || model::is_complete(entry->execution.status));
  constexpr std::array<std::string_view, 5> words{"cancel", "pause", "resume", "patch", "restart"};
  law(seen || moot, "7: nothing acknowledged is lost",
      fmt::format("the command {} ({}) to {}, stage {}, was answered, and its effect is not stored",
                  words.at(static_cast<std::size_t>(command.kind)), command.token,
                  entry ? told(entry->execution) : command.execution_id, command.stage_id));
}

/// Configuration "follower" has a trigger that waits for "followed" to succeed.
void Laws::follows_every_ending() {
  std::set<std::string> followed;
  for (const auto& [id, entry] : book_.all()) {
    const json::object& trigger = entry.execution.trigger;
    if (entry.execution.pipeline_config_id == "follower")
      followed.insert(base::string_or(trigger, "parentExecutionId", ""));
  }
  for (const auto& [id, entry] : book_.all()) {
    if (entry.execution.pipeline_config_id != "followed" || entry.execution.status != Status::succeeded)
      continue;
    law(followed.contains(id), "7: nothing acknowledged is lost",
        told(entry.execution) + " has ended, and the pipeline that follows it was not started");
  }
}

void Laws::leaves_an_ending_only_by_a_restart(const store::Changes& changes) {
  constexpr std::string_view name = "10: an ending is left by a restart alone";
  const auto status_of = [](const std::string& text) {
    const json::object row = base::parse_json_object(text, "a row", {.bytes = SIZE_MAX, .depth = 256});
    return model::parse_status(base::string_or(row, "status", "")).value_or(Status::running);
  };
  std::set<std::string> restarted;
  for (const store::StageRow& row : changes.stages) {
    const Book::Entry* entry = book_.find(row.execution_id);
    const Stage* before = entry == nullptr ? nullptr : entry->execution.find_stage(row.id);
    if (before == nullptr) continue;
    const json::object details = base::parse_json_object(row.details, "a row", {.bytes = SIZE_MAX});
    const auto* context = base::find_object(details, "context");
    const auto* restart = context == nullptr ? nullptr : base::find_object(*context, "restartDetails");
    if (restart == nullptr || base::to_text(*restart) == restart_of(*before)) continue;
    restarted.insert(row.execution_id);
    begins_anew_what_is_behind(entry->execution, *before, changes);
  }
  // Several events may share a commit: what counts is the last row of each.
  std::map<std::string, const store::StageRow*> stages;
  std::map<std::string, const store::ExecutionRow*> executions;
  for (const store::StageRow& row : changes.stages) stages[row.id] = &row;
  for (const store::ExecutionRow& row : changes.executions) executions[row.id] = &row;
  for (const auto& [id, last] : stages) {
    const store::StageRow& row = *last;
    const Book::Entry* entry = book_.find(row.execution_id);
    const Stage* before = entry == nullptr ? nullptr : entry->execution.find_stage(row.id);
    if (before == nullptr || !model::is_complete(before->status)) continue;
    law(status_of(row.outline) == before->status || restarted.contains(row.execution_id), name,
        fmt::format("{}: {} becomes {}", told(entry->execution), told(*before),
                    model::to_string(status_of(row.outline))));
  }
  for (const auto& [id, last] : executions) {
    const store::ExecutionRow& row = *last;
    const Book::Entry* entry = book_.find(row.id);
    if (entry == nullptr || !model::is_complete(entry->execution.status)) continue;
    const bool waits = row.header.find("\"waitingRestart\"") != std::string::npos;
    law(row.status == entry->execution.status || restarted.contains(row.id) || waits, name,
        fmt::format("{} becomes {}", told(entry->execution), model::to_string(row.status)));
  }
}

void Laws::begins_anew_what_is_behind(const model::Execution& execution, const Stage& restarted,
                                      const store::Changes& changes) {
  std::set<std::string> written, behind{restarted.ref_id};
  for (const store::StageRow& row : changes.stages) written.insert(row.id);
  for (bool grew = true; grew;) {
    grew = false;
    for (const Stage& stage : execution.stages) {
      const bool follows = std::any_of(stage.requisites.begin(), stage.requisites.end(),
                                       [&](const std::string& ref) { return behind.contains(ref); });
      if (stage.synthetic() || !follows || !behind.insert(stage.ref_id).second) continue;
      grew = true;
      law(!model::is_complete(stage.status) || written.contains(stage.id),
          "10: an ending is left by a restart alone",
          fmt::format("{}: {} is restarted, and {} behind it keeps its ending", told(execution),
                      told(restarted), told(stage)));
    }
  }
}

void Laws::believes_what_is_stored(const Book::Entry& entry) {
  const auto& contexts = beliefs_[server_of_(entry.execution.id)].contexts;
  const auto found = contexts.find(entry.execution.id);
  if (found == contexts.end()) return;
  constexpr std::string_view name = "11: what is believed is stored";
  const model::Execution& believed = found->second.execution();
  law(store::row_of(believed).header == entry.header, name,
      fmt::format("{}: the server believes {}\nstored is {}", told(entry.execution),
                  store::row_of(believed).header, entry.header));
  law(believed.stages.size() == entry.execution.stages.size(), name,
      fmt::format("{}: the server believes in {} stages, stored are {}", told(entry.execution),
                  believed.stages.size(), entry.execution.stages.size()));
  for (const Stage& stage : believed.stages) {
    const store::StageRow row = store::row_of(believed, stage);
    const auto outline = entry.outlines.find(stage.id);
    const auto details = entry.details.find(stage.id);
    const bool same =
        outline != entry.outlines.end() && outline->second == row.outline && details->second == row.details;
    law(same, name,
        fmt::format("{}: {}: the server believes {} {}\nstored is {} {}", told(entry.execution), told(stage),
                    row.outline, row.details, outline == entry.outlines.end() ? "nothing" : outline->second,
                    details == entry.details.end() ? "" : details->second));
  }
}

void Laws::keeps_the_limit(const store::Changes& changes) {
  for (const store::ExecutionRow& row : changes.executions) {
    const model::Execution& execution = book_.find(row.id)->execution;
    const std::size_t most = most_running(execution);
    if (most == 0 || !runs(execution)) continue;
    std::size_t running = 0;
    for (const std::string& id : book_.active()) {
      const model::Execution& other = book_.find(id)->execution;
      if (other.pipeline_config_id == execution.pipeline_config_id && runs(other)) ++running;
    }
    law(running <= most, "12: no more run at once than the pipeline allows",
        fmt::format("{} runs, and with it {} of at most {}", told(execution), running, most));
  }
}

void Laws::starts_once_for_a_correlation_id(const std::vector<std::string>& created) {
  const auto correlation_of = [](const model::Execution& execution) {
    return base::string_or(execution.trigger, "correlationId", "");
  };
  for (const std::string& created_id : created) {
    const model::Execution& execution = book_.find(created_id)->execution;
    const std::string correlation = correlation_of(execution);
    if (correlation.empty() || model::is_complete(execution.status)) continue;
    for (const std::string& id : book_.active()) {
      // The restart of an old one may come between a start's look and its commit.
      if (book_.find(id)->has_ended) continue;
      const model::Execution& other = book_.find(id)->execution;
      const bool same = id != created_id && other.type == execution.type &&
                        !model::is_complete(other.status) && correlation_of(other) == correlation;
      law(!same, "13: one correlation id, one execution at a time",
          fmt::format("{} and {} both have '{}'", created_id, told(other), correlation));
    }
  }
}

/// A row of each table is enough: what tears a commit tears it between tables.
void Laws::stores_all_or_nothing(const store::Changes& changes) {
  for (const store::StageRow& row : changes.stages) {
    const Book::Entry* entry = book_.find(row.execution_id);
    law(entry != nullptr && !entry->header.empty(), "14: a commit is all or nothing",
        fmt::format("stage {} is stored without its execution", row.id));
  }
}

}  // namespace gennaker::simulation
