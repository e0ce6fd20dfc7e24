#include "base/json.h"
#include "base/text.h"
#include "store/store.h"

namespace gennaker::store {

ExecutionRow row_of(const model::Execution& execution) {
  return {.id = execution.id,
          .type = execution.type,
          .application = base::lower_case(execution.application),
          .name = execution.name,
          .pipeline_config_id = execution.pipeline_config_id,
          .status = execution.status,
          .build_time = execution.build_time,
          .start_time = execution.start_time,
          .end_time = execution.end_time,
          .correlation_id = base::string_or(execution.trigger, "correlationId", ""),
          .header = base::to_text(model::header_to_json(execution))};
}

StageRow row_of(const model::Execution& execution, const model::Stage& stage) {
  json::object full = model::to_json(stage);
  json::object details;
  for (const std::string_view part : {"context", "outputs", "tasks"}) details[part] = std::move(full[part]);
  return {.execution_id = execution.id,
          .id = stage.id,
          .ordinal = stage.ordinal,
          .outline = base::to_text(model::to_json(stage, model::Detail::outline)),
          .details = base::to_text(details)};
}

}  // namespace gennaker::store
