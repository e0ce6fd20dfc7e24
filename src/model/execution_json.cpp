#include "model/execution_json.h"

#include "base/json.h"
#include "model/execution_fields.h"

namespace gennaker::model {
namespace {

using base::bool_or;
using base::find_array;
using base::find_object;
using base::string_or;

// Room for all from the start: an object that grows with each field moves what it has again and again.
constexpr std::size_t most_fields_of_a_task = 11, most_fields_of_a_stage = 16, most_fields_of_a_header = 28;

/// A sink (execution_fields.h).
class ToObject {
 public:
  explicit ToObject(std::size_t most_fields) : object_(most_fields) {}

  template <class Value>
  void put(std::string_view key, const Value& value) {
    object_[key] = value;
  }
  void put(std::string_view key, const std::vector<std::string>& texts) {
    object_[key] = json::array(texts.begin(), texts.end());
  }
  void put(std::string_view key, const std::vector<Task>& tasks) {
    json::array list;
    list.reserve(tasks.size());
    for (const Task& task : tasks) {
      ToObject object(most_fields_of_a_task);
      fields::describe(object, task, &task == &tasks.back());
      list.push_back(object.take());
    }
    object_[key] = std::move(list);
  }
  json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

std::optional<TimePoint> time_member(const json::object& object, std::string_view key) {
  const auto millis = base::whole_number(object, key);
  if (!millis) return std::nullopt;
  return base::from_millis(*millis);
}

json::object object_member(const json::object& object, std::string_view key) {
  const auto* member = find_object(object, key);
  return member ? *member : json::object{};
}

/// The same, taken out: what is read from the store can be large.
json::object take_object(json::object& object, std::string_view key) {
  auto* member = object.if_contains(key);
  return member != nullptr && member->is_object() ? std::move(member->get_object()) : json::object{};
}

Status status_member(const json::object& object) {
  return parse_status(string_or(object, "status", "")).value_or(Status::not_started);
}

}  // namespace

json::object to_json(const Task& task) {
  ToObject object(most_fields_of_a_task);
  fields::describe(object, task, false);
  return object.take();
}

json::object to_json(const Stage& stage, Detail detail) {
  ToObject object(most_fields_of_a_stage);
  fields::describe(object, stage, detail == Detail::full ? fields::Extent::full : fields::Extent::outline);
  return object.take();
}

json::object header_to_json(const Execution& execution) {
  ToObject object(most_fields_of_a_header + execution.extra.size());
  fields::describe(object, execution, fields::Extent::full);
  return object.take();
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

Stage stage_from_json(json::object object) {
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
  stage.context = take_object(object, "context");
  stage.outputs = take_object(object, "outputs");
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

Execution execution_from_json(json::object rest) {
  Execution execution;
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
  json::value stages = take("stages");
  if (stages.is_array()) {
    for (auto& stage : stages.get_array()) {
      if (stage.is_object()) execution.stages.push_back(stage_from_json(std::move(stage.get_object())));
    }
  }
  execution.extra = std::move(rest);
  return execution;
}

}  // namespace gennaker::model
