#include "model/execution_json.h"

#include "base/json.h"

namespace gennaker::model {
namespace {

using base::bool_or;
using base::find_array;
using base::find_object;
using base::string_or;

// Room for all from the start: an object that grows with each field moves what it has again and again, and
// these are made for every change of an execution.
constexpr std::size_t most_fields_of_a_task = 11, most_fields_of_a_stage = 16, most_fields_of_a_header = 28;

void put(json::object& object, std::string_view key, std::optional<TimePoint> time) {
  if (time) object[key] = base::to_millis(*time);
}

void put(json::object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

std::optional<TimePoint> time_member(const json::object& object, std::string_view key) {
  const auto millis = base::whole_number(object, key);
  if (!millis) return std::nullopt;
  return base::from_millis(*millis);
}

json::object object_member(const json::object& object, std::string_view key) {
  const auto* member = find_object(object, key);
  return member ? *member : json::object{};
}

Status status_member(const json::object& object) {
  return parse_status(string_or(object, "status", "")).value_or(Status::not_started);
}

/// Of a context, the list views keep only the visual group.
json::object outlined(const json::object& context) {
  json::object outline;
  if (const auto* group = context.if_contains("group")) outline["group"] = *group;
  return outline;
}

}  // namespace

json::object to_json(const Task& task) {
  json::object object(most_fields_of_a_task);
  object["id"] = task.id;
  object["name"] = task.name;
  object["implementingClass"] = task.implementation;
  object["status"] = to_string(task.status);
  put(object, "startTime", task.start_time);
  put(object, "endTime", task.end_time);
  object["loopStart"] = task.loop_start;
  object["loopEnd"] = task.loop_end;
  object["stageStart"] = task.id == "1";
  object["stageEnd"] = false;
  if (!task.exception_details.empty()) object["taskExceptionDetails"] = task.exception_details;
  return object;
}

json::object to_json(const Stage& stage, Detail detail) {
  json::object object(most_fields_of_a_stage);
  object["id"] = stage.id;
  object["refId"] = stage.ref_id;
  object["type"] = stage.type;
  object["name"] = stage.name;
  object["status"] = to_string(stage.status);
  put(object, "startTime", stage.start_time);
  put(object, "endTime", stage.end_time);
  put(object, "startTimeExpiry", stage.start_time_expiry);
  put(object, "scheduledTime", stage.scheduled_time);
  object["requisiteStageRefIds"] = json::array(stage.requisites.begin(), stage.requisites.end());
  if (stage.owner) {
    object["syntheticStageOwner"] = *stage.owner == Owner::before ? "STAGE_BEFORE" : "STAGE_AFTER";
    object["parentStageId"] = stage.parent_id;
  }
  json::array tasks;
  if (detail == Detail::full) {
    object["context"] = stage.context;
    object["outputs"] = stage.outputs;
    tasks.reserve(stage.tasks.size());
    for (const Task& task : stage.tasks) tasks.push_back(to_json(task));
    if (!tasks.empty()) tasks.back().as_object()["stageEnd"] = true;
  } else {
    object["context"] = outlined(stage.context);
    object["outputs"] = json::object{};
  }
  object["tasks"] = std::move(tasks);
  if (!stage.last_modified.empty()) object["lastModified"] = stage.last_modified;
  return object;
}

json::object header_to_json(const Execution& execution) {
  json::object object(most_fields_of_a_header + execution.extra.size());
  object["type"] = execution.type == ExecutionType::pipeline ? "PIPELINE" : "ORCHESTRATION";
  object["id"] = execution.id;
  put(object, "rootId", execution.root_id);
  object["application"] = execution.application;
  put(object, "name", execution.name);
  put(object, "description", execution.description);
  put(object, "pipelineConfigId", execution.pipeline_config_id);
  object["buildTime"] = base::to_millis(execution.build_time);
  put(object, "startTime", execution.start_time);
  put(object, "endTime", execution.end_time);
  put(object, "startTimeExpiry", execution.start_time_expiry);
  object["status"] = to_string(execution.status);
  object["canceled"] = execution.canceled;
  put(object, "canceledBy", execution.canceled_by);
  put(object, "cancellationReason", execution.cancellation_reason);
  object["limitConcurrent"] = execution.limit_concurrent;
  object["keepWaitingPipelines"] = execution.keep_waiting_pipelines;
  object["maxConcurrentExecutions"] = execution.max_concurrent_executions;
  if (!execution.paused.empty()) object["paused"] = execution.paused;
  object["trigger"] = execution.trigger;
  object["authentication"] = execution.authentication;
  object["origin"] = execution.origin;
  for (const auto& member : execution.extra) object.insert_or_assign(member.key(), member.value());
  for (const std::string_view list : {"notifications", "systemNotifications"}) {
    if (!object.contains(list)) object[list] = json::array{};
  }
  if (!object.contains("initialConfig")) object["initialConfig"] = json::object{};
  return object;
}

json::object to_json(const Execution& execution, Detail detail) {
  json::object object = header_to_json(execution);
  json::array stages;
  stages.reserve(execution.stages.size());
  for (const Stage& stage : execution.stages) stages.push_back(to_json(stage, detail));
  object["stages"] = std::move(stages);
  return object;
}

json::object with_parents_to_json(const Execution& execution) {
  json::object object = to_json(execution);
  if (execution.parent)
    object["trigger"].as_object()["parentExecution"] = with_parents_to_json(*execution.parent);
  return object;
}

Task task_from_json(const json::object& object) {
  Task task;
  task.id = string_or(object, "id", "");
  task.name = string_or(object, "name", "");
  task.implementation = string_or(object, "implementingClass", task.name);
  task.status = status_member(object);
  task.start_time = time_member(object, "startTime");
  task.end_time = time_member(object, "endTime");
  task.loop_start = bool_or(object, "loopStart", false);
  task.loop_end = bool_or(object, "loopEnd", false);
  task.exception_details = object_member(object, "taskExceptionDetails");
  return task;
}

Stage stage_from_json(const json::object& object) {
  Stage stage;
  stage.id = string_or(object, "id", "");
  stage.ref_id = string_or(object, "refId", "");
  stage.type = string_or(object, "type", "");
  stage.name = string_or(object, "name", stage.type);
  stage.status = status_member(object);
  stage.start_time = time_member(object, "startTime");
  stage.end_time = time_member(object, "endTime");
  stage.start_time_expiry = time_member(object, "startTimeExpiry");
  stage.scheduled_time = time_member(object, "scheduledTime");
  stage.requisites = base::string_list(object, "requisiteStageRefIds");
  stage.context = object_member(object, "context");
  stage.outputs = object_member(object, "outputs");
  if (const auto* tasks = find_array(object, "tasks")) {
    for (const auto& task : *tasks) {
      if (task.is_object()) stage.tasks.push_back(task_from_json(task.get_object()));
    }
  }
  const std::string owner = string_or(object, "syntheticStageOwner", "");
  if (owner == "STAGE_BEFORE") stage.owner = Owner::before;
  if (owner == "STAGE_AFTER") stage.owner = Owner::after;
  stage.parent_id = string_or(object, "parentStageId", "");
  stage.last_modified = object_member(object, "lastModified");
  return stage;
}

Execution execution_from_json(const json::object& object) {
  Execution execution;
  json::object rest = object;
  const auto take = [&](std::string_view key) {
    json::value value;
    if (auto found = rest.find(key); found != rest.end()) {
      value = std::move(found->value());
      rest.stable_erase(found);
    }
    return value;
  };
  const auto text = [&](std::string_view key) {
    const json::value value = take(key);
    return value.is_string() ? std::string(value.get_string()) : std::string();
  };
  const auto time = [&](std::string_view key) -> std::optional<TimePoint> {
    const auto millis = base::whole_number(take(key));
    if (!millis) return std::nullopt;
    return base::from_millis(*millis);
  };
  const auto flag = [&](std::string_view key) {
    const json::value value = take(key);
    return value.is_bool() && value.get_bool();
  };
  const auto members = [&](std::string_view key) {
    json::value value = take(key);
    return value.is_object() ? std::move(value.get_object()) : json::object{};
  };

  execution.type = text("type") == "ORCHESTRATION" ? ExecutionType::orchestration : ExecutionType::pipeline;
  execution.id = text("id");
  execution.root_id = text("rootId");
  execution.application = text("application");
  execution.name = text("name");
  execution.description = text("description");
  execution.pipeline_config_id = text("pipelineConfigId");
  execution.build_time = time("buildTime").value_or(TimePoint{});
  execution.start_time = time("startTime");
  execution.end_time = time("endTime");
  execution.start_time_expiry = time("startTimeExpiry");
  execution.status = parse_status(text("status")).value_or(Status::not_started);
  execution.canceled = flag("canceled");
  execution.canceled_by = text("canceledBy");
  execution.cancellation_reason = text("cancellationReason");
  execution.limit_concurrent = flag("limitConcurrent");
  execution.keep_waiting_pipelines = flag("keepWaitingPipelines");
  execution.max_concurrent_executions =
      static_cast<std::int32_t>(base::whole_number(take("maxConcurrentExecutions")).value_or(0));
  execution.paused = members("paused");
  execution.trigger = members("trigger");
  execution.authentication = members("authentication");
  execution.origin = text("origin");
  const json::value stages = take("stages");
  if (stages.is_array()) {
    for (const auto& stage : stages.get_array()) {
      if (stage.is_object()) execution.stages.push_back(stage_from_json(stage.get_object()));
    }
  }
  execution.extra = std::move(rest);
  return execution;
}

}  // namespace gennaker::model
