#include "book.h"

#include <algorithm>

#include "base/json.h"
#include "model/execution_json.h"

namespace gennaker::simulation {
namespace {

namespace json = boost::json;

json::object parsed(const std::string& text) {
  return base::parse_json_object(text, "a row", {.bytes = SIZE_MAX, .depth = 256});
}

}  // namespace

void Book::apply(const store::Changes& changes) {
  for (const store::ExecutionRow& row : changes.executions) {
    Entry& entry = entries_[row.id];
    auto stages = std::move(entry.execution.stages);
    entry.execution = model::execution_from_json(parsed(row.header));
    entry.execution.stages = std::move(stages);
    entry.header = row.header;
    entry.active = row.active;
    entry.has_ended = entry.has_ended || model::is_complete(row.status);
    if (row.active) {
      active_.insert(row.id);
    } else {
      active_.erase(row.id);
    }
  }
  for (const store::StageRow& row : changes.stages) {
    Entry& entry = entries_.at(row.execution_id);
    json::object fields = parsed(row.outline);
    base::merge_into(fields, parsed(row.details));
    model::Stage stage = model::stage_from_json(fields);
    stage.ordinal = row.ordinal;
    entry.outlines[row.id] = row.outline;
    entry.details[row.id] = row.details;
    execution_of_stage_[row.id] = row.execution_id;
    model::Stage* known = entry.execution.find_stage(row.id);
    if (stage.start_time && (known == nullptr || known->start_time != stage.start_time))
      ++entry.starts[row.id];
    if (known == nullptr) {
      entry.execution.stages.push_back(std::move(stage));
    } else {
      *known = std::move(stage);
    }
  }
  for (const std::string& id : changes.removed_stages) {
    const auto owner = execution_of_stage_.find(id);
    if (owner == execution_of_stage_.end()) continue;
    Entry& entry = entries_.at(owner->second);
    std::erase_if(entry.execution.stages, [&](const model::Stage& stage) { return stage.id == id; });
    entry.outlines.erase(id);
    entry.details.erase(id);
    execution_of_stage_.erase(owner);
  }
}

}  // namespace gennaker::simulation
