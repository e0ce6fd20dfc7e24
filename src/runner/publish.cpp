#include "runner/publish.h"

#include "base/json.h"
#include "base/text.h"
#include "model/execution_json.h"

namespace gennaker::runner {
namespace {

namespace json = boost::json;

/// What a list of executions shows: the header without what can be large.
json::object feed_header(const model::Execution& execution) {
  json::object header = model::header_to_json(execution);
  for (const std::string_view large : {"trigger", "authentication", "initialConfig", "notifications",
                                       "systemNotifications", "templateVariables"}) {
    header.erase(large);
  }
  return header;
}

json::object feed_stage(const model::Stage& stage) {
  json::object outline = model::to_json(stage, model::Detail::outline);
  outline.erase("tasks");
  outline.erase("outputs");
  if (const auto* waiting_for = stage.context.if_contains("waitingFor")) outline["waitingFor"] = *waiting_for;
  return outline;
}

store::FeedEntry feed_entry(const model::Execution& execution, json::array stages, json::array removed,
                            base::TimePoint now) {
  const json::object body{{"execution", feed_header(execution)},
                          {"stages", std::move(stages)},
                          {"removedStages", std::move(removed)}};
  return {.at = now,
          .kind = "execution",
          .application = base::lower_case(execution.application),
          .subject = execution.id,
          .body = base::to_text(body)};
}

}  // namespace

void add_changes(store::Changes& changes, const model::Execution& execution, const engine::Outcome& outcome,
                 base::TimePoint now) {
  if (!outcome.execution_changed && outcome.changed_stages.empty() && outcome.removed_stages.empty()) return;
  json::array stages, removed;
  for (const std::string& id : outcome.removed_stages) {
    changes.removed_stages.push_back(id);
    removed.push_back(json::value(id));
  }
  for (const std::string& id : outcome.changed_stages) {
    const model::Stage* stage = execution.find_stage(id);
    if (stage == nullptr) continue;
    changes.stages.push_back(store::row_of(execution, *stage));
    stages.push_back(feed_stage(*stage));
  }
  // The header's `active` column depends on the stages, so the row goes along when the execution nears its
  // end.
  if (outcome.execution_changed || model::is_complete(execution.status)) {
    changes.executions.push_back(store::row_of(execution));
  }
  changes.feed.push_back(feed_entry(execution, std::move(stages), std::move(removed), now));
}

void add_all(store::Changes& changes, const model::Execution& execution, base::TimePoint now) {
  engine::Outcome everything;
  everything.execution_changed = true;
  for (const model::Stage& stage : execution.stages) everything.changed_stages.push_back(stage.id);
  add_changes(changes, execution, everything, now);
}

}  // namespace gennaker::runner
