#include "runner/task.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/stage.h"

namespace gennaker::runner {

const json::value* TaskContext::value(std::string_view key) const {
  if (const auto* own = stage_->context.if_contains(key)) return own;
  for (const model::Stage* ancestor : engine::ancestors(*execution_, *stage_)) {
    if (const auto* output = ancestor->outputs.if_contains(key)) return output;
  }
  return nullptr;
}

std::string TaskContext::text(std::string_view key, std::string_view fallback) const {
  const auto* found = value(key);
  return found && !found->is_null() ? base::plain_text(*found) : std::string(fallback);
}

std::string TaskContext::required_text(std::string_view key) const {
  std::string found = text(key);
  if (!found.empty()) return found;
  throw base::Error(base::Kind::invalid,
                    fmt::format("stage '{}' ({}): {}: a value is needed", stage_->ref_id, stage_->type, key),
                    {{"stage", stage_->ref_id}, {"field", key}});
}

std::string TaskContext::key(std::string_view step) const {
  // The start time tells a restart from a repeated attempt: only a restart sets it anew.
  const auto started = stage_->start_time ? base::to_millis(*stage_->start_time) : 0;
  return fmt::format("{}/{}/{}/{}/{}", execution_->id, stage_->id, started, task_.id, step);
}

std::string TaskContext::user() const {
  return engine::user_of(*execution_, *stage_);
}

TaskResult succeeded(json::object context, json::object outputs) {
  return {.status = model::Status::succeeded, .context = std::move(context), .outputs = std::move(outputs)};
}

TaskResult failed(const TaskContext& context, std::string_view message) {
  json::object details{{"error", "Unexpected Task Failure"}, {"errors", json::array{message}}};
  json::object exception{{"timestamp", base::to_millis(context.now())},
                         {"exceptionType", "TaskFailure"},
                         {"operation", context.task().name},
                         {"shouldRetry", false},
                         {"details", std::move(details)}};
  return {.status = model::Status::terminal, .context = {{"exception", std::move(exception)}}};
}

TaskResult again(Again wish, json::object context) {
  return {.status = model::Status::running, .context = std::move(context), .again = std::move(wish)};
}

TaskResult operate(model::Operation operation) {
  return {.status = model::Status::running, .operation = std::move(operation)};
}

std::string unknown(std::string_view what, const TaskContext& context) {
  return fmt::format("{}{} of stage '{}'{}", unknown_begin, what, context.stage().name, unknown_end);
}

bool has_unknown(const json::value& value) {
  if (const auto* text = value.if_string())
    return std::string_view(*text).find(unknown_begin) != std::string_view::npos;
  if (const auto* list = value.if_array()) return std::any_of(list->begin(), list->end(), has_unknown);
  const auto* object = value.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [](const auto& member) {
           return has_unknown(member.value()) ||
                  std::string_view(member.key()).find(unknown_begin) != std::string_view::npos;
         });
}

void TaskCatalog::add(std::string name, std::unique_ptr<Task> task) {
  tasks_.insert_or_assign(std::move(name), std::move(task));
}

void TaskCatalog::replace_each(const std::function<std::unique_ptr<Task>(std::unique_ptr<Task>)>& around) {
  for (auto& [name, task] : tasks_) task = around(std::move(task));
}

Task* TaskCatalog::find(std::string_view name) const {
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second.get();
}

}  // namespace gennaker::runner
