#include <algorithm>

#include "base/json.h"
#include "base/json_list.h"
#include "base/text.h"
#include "model/execution_text.h"
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
  ExecutionRow row{.id = execution.id,
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
                   .header = ""};
  model::append_header(row.header, execution);
  return row;
}

StageRow row_of(const model::Execution& execution, const model::Stage& stage) {
  StageRow row{.execution_id = execution.id,
               .id = stage.id,
               .ordinal = stage.ordinal,
               .outline = "",
               .details = "{\"context\":"};
  model::append_outline(row.outline, stage);
  base::append_text(row.details, stage.context);
  row.details += ",\"outputs\":";
  base::append_text(row.details, stage.outputs);
  row.details += ",\"tasks\":";
  base::append_list(row.details, stage.tasks, model::append_task);
  row.details += '}';
  return row;
}

}  // namespace gennaker::store
