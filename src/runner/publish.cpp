#include "runner/publish.h"

#include "base/json.h"
#include "base/text.h"
#include "model/execution_text.h"

namespace gennaker::runner {
namespace {

/// A JSON list, of which each element is appended as text.
class List {
 public:
  std::string& next() {
    text_ += separator_;
    separator_ = ',';
    return text_;
  }
  std::string end() && { return separator_ == '[' ? "[]" : std::move(text_) + "]"; }

 private:
  std::string text_;
  char separator_ = '[';
};

store::FeedEntry feed_entry(const model::Execution& execution, List stages, List removed,
                            base::TimePoint now) {
  std::string body = "{\"execution\":";
  model::append_news(body, execution);
  body += ",\"stages\":" + std::move(stages).end();
  body += ",\"removedStages\":" + std::move(removed).end() + "}";
  return {.at = now,
          .kind = "execution",
          .application = base::lower_case(execution.application),
          .subject = execution.id,
          .body = std::move(body)};
}

using Stages = std::vector<const model::Stage*>;

void add(store::Changes& changes, const model::Execution& execution, const Stages& changed,
         const engine::Outcome& outcome, base::TimePoint now) {
  List stages, removed;
  for (const std::string& id : outcome.removed_stages) {
    changes.removed_stages.push_back(id);
    base::append_quoted(removed.next(), id);
  }
  for (const model::Stage* stage : changed) {
    changes.stages.push_back(store::row_of(execution, *stage));
    model::append_news(stages.next(), *stage);
  }
  // The header's `active` column depends on the stages, so the row goes along when the execution nears its
  // end.
  if (outcome.execution_changed || model::is_complete(execution.status)) {
    changes.executions.push_back(store::row_of(execution));
  }
  changes.feed.push_back(feed_entry(execution, std::move(stages), std::move(removed), now));
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
