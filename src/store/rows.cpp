#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/store.h"

namespace gennaker::store {
namespace {

bool is_active(const model::Execution& execution) {
  if (!model::is_complete(execution.status)) return true;
  return std::any_of(execution.stages.begin(), execution.stages.end(), [](const model::Stage& stage) {
    return std::any_of(stage.tasks.begin(), stage.tasks.end(), [](const model::Task& task) {
      return task.status == model::Status::running || task.status == model::Status::paused;
    });
  });
}

}  // namespace

ExecutionRow row_of(const model::Execution& execution) {
  return {.id = execution.id,
          .type = execution.type,
          .application = base::lower_case(execution.application),
          .name = execution.name,
          .pipeline_config_id = execution.pipeline_config_id,
          .status = execution.status,
          .active = is_active(execution),
          .build_time = execution.build_time,
          .start_time = execution.start_time,
          .end_time = execution.end_time,
          .correlation_id = base::string_or(execution.trigger, "correlationId", ""),
          .header = base::to_text(model::header_to_json(execution))};
}

StageRow row_of(const model::Execution& execution, const model::Stage& stage) {
  // Written from the stage as it is: a copy of a large context costs as much as its text.
  std::string details = "{\"context\":";
  base::append_text(details, stage.context);
  details += ",\"outputs\":";
  base::append_text(details, stage.outputs);
  details += ",\"tasks\":[";
  for (const model::Task& task : stage.tasks) {
    if (&task != &stage.tasks.front()) details += ',';
    base::append_text(details, model::to_json(task));
  }
  details += "]}";
  return {.execution_id = execution.id,
          .id = stage.id,
          .ordinal = stage.ordinal,
          .outline = base::to_text(model::to_json(stage, model::Detail::outline)),
          .details = std::move(details)};
}

}  // namespace gennaker::store
