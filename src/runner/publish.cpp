#include "runner/publish.h"

#include "base/json.h"
#include "base/json_list.h"
#include "base/text.h"
#include "model/execution_text.h"

namespace gennaker::runner {
namespace {

using Stages = std::vector<const model::Stage*>;

store::FeedEntry feed_entry(const model::Execution& execution, const Stages& changed,
                            const std::vector<std::string>& removed, base::TimePoint now) {
  std::string body = "{\"execution\":";
  model::append_news(body, execution);
  body += ",\"stages\":";
  base::append_list(body, changed,
                    [](std::string& out, const model::Stage* stage) { model::append_news(out, *stage); });
  body += ",\"removedStages\":";
  base::append_list(body, removed, base::append_quoted);
  body += '}';
  return {.at = now,
          .kind = "execution",
          .application = base::lower_case(execution.application),
          .subject = execution.id,
          .body = std::move(body)};
}

void add(store::Changes& changes, const model::Execution& execution, const Stages& changed,
         const engine::Outcome& outcome, base::TimePoint now) {
  for (const std::string& id : outcome.removed_stages) changes.removed_stages.push_back(id);
  for (const model::Stage* stage : changed) changes.stages.push_back(store::row_of(execution, *stage));
  // The header's `active` column depends on the stages, so the row goes along when the execution nears its
  // end.
  if (outcome.execution_changed || model::is_complete(execution.status)) {
    changes.executions.push_back(store::row_of(execution));
  }
  changes.feed.push_back(feed_entry(execution, changed, outcome.removed_stages, now));
}

}  // namespace

void add_changes(store::Changes& changes, const model::Execution& execution, const engine::Outcome& outcome,
                 base::TimePoint now) {
  if (!outcome.execution_changed && outcome.changed_stages.empty() && outcome.removed_stages.empty()) return;
  Stages changed;
  for (const std::string& id : outcome.changed_stages) {
    if (const model::Stage* stage = execution.find_stage(id)) changed.push_back(stage);
  }
  add(changes, execution, changed, outcome, now);
}

void add_all(store::Changes& changes, const model::Execution& execution, base::TimePoint now) {
  engine::Outcome everything;
  everything.execution_changed = true;
  Stages all;
  for (const model::Stage& stage : execution.stages) all.push_back(&stage);
  add(changes, execution, all, everything, now);
}

}  // namespace gennaker::runner
