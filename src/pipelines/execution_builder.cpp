#include "pipelines/execution_builder.h"

#include <algorithm>

#include "base/ids.h"
#include "base/json.h"

namespace gennaker::pipelines {
namespace {

bool has_ref(const json::value& stage) {
  const auto* ref_id = stage.get_object().if_contains("refId");
  return ref_id != nullptr && !ref_id->is_null();
}

model::Stage build_stage(json::object fields, base::TimePoint now, base::Random& random) {
  model::Stage stage;
  stage.id = base::new_ulid(now, random);
  stage.type = base::string_or(fields, "type", "");
  const std::string provider = base::string_or(fields, "providerType", "");
  if (!provider.empty() && provider != "aws" && provider != "titus") stage.type += "_" + provider;
  stage.name = base::string_or(fields, "name", stage.type);
  if (const auto* ref_id = fields.if_contains("refId"); ref_id && !ref_id->is_null()) {
    stage.ref_id = base::plain_text(*ref_id);
  }
  stage.requisites = base::string_list(fields, "requisiteStageRefIds");
  if (const auto expiry = base::whole_number(fields, "startTimeExpiry")) {
    stage.start_time_expiry = base::from_millis(*expiry);
  }
  for (const std::string_view own : {"type", "name", "refId", "requisiteStageRefIds", "startTimeExpiry"}) {
    fields.erase(own);
  }
  stage.context = std::move(fields);
  return stage;
}

std::vector<model::Stage> build_stages(const json::array* configured, base::TimePoint now,
                                       base::Random& random) {
  std::vector<model::Stage> stages;
  if (configured == nullptr) return stages;
  const bool linear = std::none_of(configured->begin(), configured->end(), has_ref);
  for (const auto& fields : *configured) {
    model::Stage stage = build_stage(fields.get_object(), now, random);
    stage.ordinal = static_cast<std::int32_t>(stages.size());
    if (linear) {
      stage.ref_id = std::to_string(stages.size());
      stage.requisites.clear();
      if (!stages.empty()) stage.requisites.push_back(stages.back().ref_id);
    }
    stages.push_back(std::move(stage));
  }
  return stages;
}

json::object authentication_of(const json::object& trigger) {
  return {{"user", base::string_or(trigger, "user", "anonymous")}, {"allowedAccounts", json::array{}}};
}

}  // namespace

model::Execution build_pipeline_execution(const json::object& config, json::object trigger,
                                          std::string execution_id, base::TimePoint now,
                                          base::Random& random) {
  model::Execution execution;
  execution.id = std::move(execution_id);
  execution.root_id = execution.id;
  execution.application = base::string_or(config, "application", "");
  execution.name = base::string_or(config, "name", "");
  execution.pipeline_config_id = base::string_or(config, "id", "");
  execution.build_time = now;
  execution.limit_concurrent = base::bool_or(config, "limitConcurrent", false);
  execution.keep_waiting_pipelines = base::bool_or(config, "keepWaitingPipelines", false);
  execution.max_concurrent_executions = static_cast<std::int32_t>(std::clamp<std::int64_t>(
      base::whole_number(config, "maxConcurrentExecutions").value_or(0), 0, 1'000'000));
  if (const auto expiry = base::whole_number(config, "startTimeExpiry")) {
    execution.start_time_expiry = base::from_millis(*expiry);
  }
  execution.authentication = authentication_of(trigger);
  execution.trigger = std::move(trigger);
  for (const std::string_view kept : {"notifications", "spelEvaluator", "templateVariables", "source"}) {
    if (const auto* value = config.if_contains(kept)) execution.extra[kept] = *value;
  }
  execution.stages = build_stages(base::find_array(config, "stages"), now, random);
  return execution;
}

model::Execution build_orchestration(const json::object& request, std::string execution_id,
                                     base::TimePoint now, base::Random& random) {
  model::Execution execution;
  execution.type = model::ExecutionType::orchestration;
  execution.id = std::move(execution_id);
  execution.application = base::string_or(request, "application", "");
  execution.description = base::string_or(request, "description", base::string_or(request, "name", ""));
  execution.build_time = now;
  if (const auto* trigger = base::find_object(request, "trigger")) execution.trigger = *trigger;
  if (!execution.trigger.contains("type")) execution.trigger["type"] = "manual";
  execution.authentication = authentication_of(execution.trigger);
  execution.stages = build_stages(base::find_array(request, "job"), now, random);
  return execution;
}

}  // namespace gennaker::pipelines
