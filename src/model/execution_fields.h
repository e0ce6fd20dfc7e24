#pragma once

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "model/execution.h"

/// The fields of tasks, stages and executions as the API shows them: described once, for whoever makes an
/// object of them and for whoever writes their text. A sink has `put(key, value)` for texts, truth values,
/// whole numbers, JSON, lists of texts and lists of tasks.
namespace gennaker::model::fields {

/// How much is told: all; the shape of the graph; or, of a change, what is not large.
enum class Extent { full, outline, news };

template <class Sink>
void put_if_set(Sink& sink, std::string_view key, std::optional<TimePoint> time) {
  if (time) sink.put(key, base::to_millis(*time));
}

template <class Sink>
void put_if_set(Sink& sink, std::string_view key, const std::string& text) {
  if (!text.empty()) sink.put(key, text);
}

template <class Sink>
void put_if_set(Sink& sink, std::string_view key, const json::object& object) {
  if (!object.empty()) sink.put(key, object);
}

/// Of a context, the list views keep only the visual group.
inline json::object outlined(const json::object& context) {
  json::object outline;
  if (const auto* group = context.if_contains("group")) outline["group"] = *group;
  return outline;
}

/// `is_last`: of those that are shown with their stage; a task that stands alone is not.
template <class Sink>
void describe(Sink& sink, const Task& task, bool is_last) {
  sink.put("id", task.id);
  sink.put("name", task.name);
  sink.put("implementingClass", task.implementation);
  sink.put("status", to_string(task.status));
  put_if_set(sink, "startTime", task.start_time);
  put_if_set(sink, "endTime", task.end_time);
  sink.put("loopStart", task.loop_start);
  sink.put("loopEnd", task.loop_end);
  sink.put("stageStart", task.id == "1");
  sink.put("stageEnd", is_last);
  put_if_set(sink, "taskExceptionDetails", task.exception_details);
}

template <class Sink>
void describe(Sink& sink, const Stage& stage, Extent extent) {
  sink.put("id", stage.id);
  sink.put("refId", stage.ref_id);
  sink.put("type", stage.type);
  sink.put("name", stage.name);
  sink.put("status", to_string(stage.status));
  put_if_set(sink, "startTime", stage.start_time);
  put_if_set(sink, "endTime", stage.end_time);
  put_if_set(sink, "startTimeExpiry", stage.start_time_expiry);
  put_if_set(sink, "scheduledTime", stage.scheduled_time);
  sink.put("requisiteStageRefIds", stage.requisites);
  if (stage.owner) {
    sink.put("syntheticStageOwner", *stage.owner == Owner::before ? "STAGE_BEFORE" : "STAGE_AFTER");
    sink.put("parentStageId", stage.parent_id);
  }
  if (extent == Extent::full) {
    sink.put("context", stage.context);
    sink.put("outputs", stage.outputs);
    sink.put("tasks", stage.tasks);
  } else {
    sink.put("context", outlined(stage.context));
  }
  if (extent == Extent::outline) {
    sink.put("outputs", json::object{});
    sink.put("tasks", std::vector<Task>{});
  }
  if (extent == Extent::news) {
    if (const auto* waiting_for = stage.context.if_contains("waitingFor"))
      sink.put("waitingFor", *waiting_for);
  }
  put_if_set(sink, "lastModified", stage.last_modified);
}

/// The execution's own members, without `stages`.
template <class Sink>
void describe(Sink& sink, const Execution& execution, Extent extent) {
  const bool large_too = extent != Extent::news;
  sink.put("type", execution.type == ExecutionType::pipeline ? "PIPELINE" : "ORCHESTRATION");
  sink.put("id", execution.id);
  put_if_set(sink, "rootId", execution.root_id);
  sink.put("application", execution.application);
  put_if_set(sink, "name", execution.name);
  put_if_set(sink, "description", execution.description);
  put_if_set(sink, "pipelineConfigId", execution.pipeline_config_id);
  sink.put("buildTime", base::to_millis(execution.build_time));
  put_if_set(sink, "startTime", execution.start_time);
  put_if_set(sink, "endTime", execution.end_time);
  put_if_set(sink, "startTimeExpiry", execution.start_time_expiry);
  sink.put("status", to_string(execution.status));
  sink.put("canceled", execution.canceled);
  put_if_set(sink, "canceledBy", execution.canceled_by);
  put_if_set(sink, "cancellationReason", execution.cancellation_reason);
  sink.put("limitConcurrent", execution.limit_concurrent);
  sink.put("keepWaitingPipelines", execution.keep_waiting_pipelines);
  sink.put("maxConcurrentExecutions", execution.max_concurrent_executions);
  put_if_set(sink, "paused", execution.paused);
  if (large_too) {
    sink.put("trigger", execution.trigger);
    sink.put("authentication", execution.authentication);
  }
  sink.put("origin", execution.origin);
  constexpr std::string_view large[] = {"initialConfig", "notifications", "systemNotifications",
                                        "templateVariables"};
  for (const auto& member : execution.extra) {
    const std::string_view key = member.key();
    const bool is_large = std::find(std::begin(large), std::end(large), key) != std::end(large);
    if (large_too || !is_large) sink.put(key, member.value());
  }
  if (!large_too) return;
  for (const std::string_view list : {"notifications", "systemNotifications"}) {
    if (!execution.extra.contains(list)) sink.put(list, json::array{});
  }
  if (!execution.extra.contains("initialConfig")) sink.put("initialConfig", json::object{});
}

}  // namespace gennaker::model::fields
