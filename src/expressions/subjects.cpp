#include "expressions/subjects.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/json.h"
#include "model/ancestors.h"
#include "model/execution_json.h"

namespace gennaker::expressions {
namespace {

using model::Status;

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(Text::borrowed(text));
}

Value time_or_null(const std::optional<base::TimePoint>& time) {
  return time ? Value(base::to_millis(*time)) : Value();
}

Value texts(const std::vector<std::string>& list) {
  std::vector<Value> items;
  for (const std::string& text : list) items.push_back(Value(Text::borrowed(text)));
  return make_set(std::move(items));
}

Value status_value(Status status) {
  return Value(ObjectPtr(std::make_shared<StatusObject>(status)));
}

Value record(std::string type, const json::object& fields, std::vector<std::string_view> names) {
  return Value(ObjectPtr(
      std::make_shared<RecordObject>(std::move(type), std::make_shared<Map>(fields), std::move(names))));
}

Value member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found ? wrap(*found) : Value();
}

/// The members of a stage's context, with a look at what its ancestors put out for those it lacks.
class StageContext final : public Map {
 public:
  StageContext(const model::Execution& execution, const model::Stage& stage)
      : Map(stage.context), execution_(execution), stage_(stage) {}

  std::optional<Value> find(std::string_view key) override {
    if (auto own = Map::find(key)) return own;
    for (const model::Stage* ancestor : model::ancestors(execution_, stage_)) {
      if (const json::value* output = ancestor->outputs.if_contains(key)) return wrap(*output);
    }
    return std::nullopt;
  }

 private:
  const model::Execution& execution_;
  const model::Stage& stage_;
};

const std::vector<std::string_view> artifact_names{"type",      "name",      "version",         "location",
                                                   "reference", "metadata",  "artifactAccount", "provenance",
                                                   "uuid",      "customKind"};

/// Lists stay lists, artifacts in them become objects of the type.
Value artifacts(const json::object& trigger, std::string_view key) {
  std::vector<Value> items;
  if (const json::array* list = base::find_array(trigger, key)) {
    for (const json::value& item : *list) items.push_back(make_artifact(item));
  }
  return make_list(std::move(items));
}

}  // namespace

// ---- Status ----

std::string StatusObject::text() const {
  return std::string(model::to_string(status_));
}

std::optional<Value> StatusObject::property(std::string_view name) const {
  if (name == "complete") return Value(model::is_complete(status_));
  if (name == "halt") return Value(model::is_halt(status_));
  if (name == "successful")
    return Value(status_ == Status::succeeded || status_ == Status::stopped || status_ == Status::skipped);
  if (name == "failure") return Value(model::is_failure(status_));
  if (name == "skipped") return Value(status_ == Status::skipped);
  return std::nullopt;
}

bool StatusObject::equals(const Object& other) const {
  const auto* status = dynamic_cast<const StatusObject*>(&other);
  return status && status->status_ == status_;
}

std::optional<int> StatusObject::compare(const Object& other) const {
  const auto* status = dynamic_cast<const StatusObject*>(&other);
  if (!status) return std::nullopt;
  return static_cast<int>(status_) - static_cast<int>(status->status_);
}

// ---- Records ----

std::optional<Value> RecordObject::property(std::string_view name) const {
  if (std::find(names_.begin(), names_.end(), name) == names_.end()) return std::nullopt;
  if (auto found = fields_->find(name)) return found;
  if (type_ == "Artifact" && name == "customKind") return Value(false);
  if (type_ == "Artifact" && name == "metadata") return Value(std::make_shared<Map>());
  return Value();
}

bool RecordObject::equals(const Object& other) const {
  const auto* record = dynamic_cast<const RecordObject*>(&other);
  return record && record->type_ == type_ && java_equals(Value(record->fields_), Value(fields_));
}

json::value RecordObject::to_json() const {
  json::object object = expressions::to_json(Value(fields_)).as_object();
  if (type_ == "Artifact") {
    object.emplace("customKind", false);
    object.emplace("metadata", json::object());
  }
  return object;
}

Value make_artifact(const json::value& artifact) {
  return artifact.is_object() ? record("Artifact", artifact.get_object(), artifact_names) : wrap(artifact);
}

Value make_artifact(const Value& artifact) {
  if (!artifact.map()) return artifact;
  return Value(ObjectPtr(std::make_shared<RecordObject>("Artifact", artifact.map(), artifact_names)));
}

// ---- Stage ----

std::string StageObject::text() const {
  return fmt::format("Stage {{id='{}', executionId='{}'}}", stage_.id,
                     world_.execution() ? world_.execution()->id : "");
}

std::optional<Value> StageObject::property(std::string_view name) const {
  using Get = Value (*)(const StageObject&);
  struct Property {
    std::string_view name;
    Get get;
  };
  static constexpr std::array<Property, 19> properties{{
      {"id", [](const StageObject& s) { return text_or_null(s.stage_.id); }},
      {"refId", [](const StageObject& s) { return text_or_null(s.stage_.ref_id); }},
      {"type", [](const StageObject& s) { return text_or_null(s.stage_.type); }},
      {"name",
       [](const StageObject& s) {
         return text_or_null(s.stage_.name.empty() ? s.stage_.type : s.stage_.name);
       }},
      {"status", [](const StageObject& s) { return status_value(s.stage_.status); }},
      {"startTime", [](const StageObject& s) { return time_or_null(s.stage_.start_time); }},
      {"endTime", [](const StageObject& s) { return time_or_null(s.stage_.end_time); }},
      {"scheduledTime", [](const StageObject& s) { return time_or_null(s.stage_.scheduled_time); }},
      {"startTimeExpiry", [](const StageObject& s) { return time_or_null(s.stage_.start_time_expiry); }},
      {"context", [](const StageObject& s) { return Value(s.world_.context_of(s.stage_)); }},
      {"outputs", [](const StageObject& s) { return Value(s.world_.outputs_of(s.stage_)); }},
      {"tasks",
       [](const StageObject& s) {
         std::vector<Value> items;
         for (const model::Task& task : s.stage_.tasks) {
           auto map = std::make_shared<Map>();
           map->put(Value::text("id"), text_or_null(task.id));
           map->put(Value::text("name"), text_or_null(task.name));
           map->put(Value::text("status"), status_value(task.status));
           map->put(Value::text("startTime"), time_or_null(task.start_time));
           map->put(Value::text("endTime"), time_or_null(task.end_time));
           items.push_back(Value(std::move(map)));
         }
         return make_list(std::move(items));
       }},
      {"parentStageId", [](const StageObject& s) { return text_or_null(s.stage_.parent_id); }},
      {"requisiteStageRefIds", [](const StageObject& s) { return texts(s.stage_.requisites); }},
      {"parent",
       [](const StageObject& s) {
         const model::Stage* parent = s.world_.execution()->find_stage(s.stage_.parent_id);
         return parent ? s.world_.object_of(*parent) : Value();
       }},
      {"topLevelStage",
       [](const StageObject& s) {
         const model::Stage* top = &s.stage_;
         while (const model::Stage* parent = s.world_.execution()->find_stage(top->parent_id)) top = parent;
         return s.world_.object_of(*top);
       }},
      {"hasSucceeded", [](const StageObject& s) { return Value(s.stage_.status == Status::succeeded); }},
      {"hasFailed", [](const StageObject& s) { return Value(s.stage_.status == Status::terminal); }},
      {"execution", [](const StageObject& s) { return s.world_.execution_object(); }},
  }};
  for (const Property& property : properties) {
    if (property.name == name) return property.get(*this);
  }
  return std::nullopt;
}

bool StageObject::equals(const Object& other) const {
  const auto* stage = dynamic_cast<const StageObject*>(&other);
  return stage && stage->stage_.id == stage_.id;
}

json::value StageObject::to_json() const {
  return model::to_json(stage_);
}

// ---- Execution ----

std::string ExecutionObject::text() const {
  return fmt::format("Pipeline {{id='{}'}}", world_.execution()->id);
}

std::optional<Value> ExecutionObject::property(std::string_view name) const {
  const model::Execution& e = *world_.execution();
  if (name == "id") return text_or_null(e.id);
  if (name == "application") return text_or_null(e.application);
  if (name == "name") return text_or_null(e.name);
  if (name == "description") return text_or_null(e.description);
  if (name == "status") return status_value(e.status);
  if (name == "startTime") return time_or_null(e.start_time);
  if (name == "endTime") return time_or_null(e.end_time);
  if (name == "startTimeExpiry") return time_or_null(e.start_time_expiry);
  if (name == "buildTime") return Value(base::to_millis(e.build_time));
  if (name == "stages") return world_.stages();
  if (name == "trigger") return world_.typed_trigger();
  if (name == "authentication") {
    if (e.authentication.empty()) return Value();
    std::vector<Value> accounts;
    if (const auto* list = base::find_array(e.authentication, "allowedAccounts")) {
      for (const json::value& account : *list) accounts.push_back(wrap(account));
    }
    auto fields = std::make_shared<Map>();
    fields->put(Value::text("user"), member(e.authentication, "user"));
    fields->put(Value::text("allowedAccounts"), make_set(std::move(accounts)));
    return Value(
        ObjectPtr(std::make_shared<RecordObject>("AuthenticationDetails", std::move(fields),
                                                 std::vector<std::string_view>{"user", "allowedAccounts"})));
  }
  if (name == "paused") {
    if (e.paused.empty()) return Value();
    return record("PausedDetails", e.paused,
                  {"pausedBy", "resumedBy", "pauseTime", "resumeTime", "paused", "pausedMs"});
  }
  if (name == "canceled") return Value(e.canceled);
  if (name == "canceledBy") return text_or_null(e.canceled_by);
  if (name == "cancellationReason") return text_or_null(e.cancellation_reason);
  if (name == "origin") return text_or_null(e.origin);
  if (name == "pipelineConfigId") return text_or_null(e.pipeline_config_id);
  if (name == "limitConcurrent") return Value(e.limit_concurrent);
  if (name == "keepWaitingPipelines") return Value(e.keep_waiting_pipelines);
  if (name == "maxConcurrentExecutions") return Value(e.max_concurrent_executions);
  if (name == "rootId") return text_or_null(e.root_id);
  if (name == "notifications" || name == "spelEvaluator" || name == "templateVariables" ||
      name == "initialConfig")
    return member(e.extra, name);
  if (name == "context") return world_.merged_outputs();
  return std::nullopt;
}

json::value ExecutionObject::to_json() const {
  return model::to_json(*world_.execution());
}

// ---- World ----

Value World::object_of(const model::Stage& stage) {
  Value& object = objects_[&stage];
  if (object.is_null()) object = Value(ObjectPtr(std::make_shared<StageObject>(*this, stage)));
  return object;
}

Value World::execution_object() {
  if (execution_object_.is_null() && execution_ != nullptr)
    execution_object_ = Value(ObjectPtr(std::make_shared<ExecutionObject>(*this)));
  return execution_object_;
}

Value World::stages() {
  std::vector<Value> items;
  for (const model::Stage& stage : execution_->stages) items.push_back(object_of(stage));
  return make_list(std::move(items));
}

MapPtr World::context_of(const model::Stage& stage) {
  MapPtr& context = contexts_[&stage];
  if (!context) context = std::make_shared<StageContext>(*execution_, stage);
  return context;
}

MapPtr World::outputs_of(const model::Stage& stage) {
  MapPtr& outputs = outputs_[&stage];
  if (!outputs) outputs = std::make_shared<Map>(stage.outputs);
  return outputs;
}

MapPtr World::trigger() {
  if (trigger_) return trigger_;
  if (execution_->parent) {
    joined_trigger_ = execution_->trigger;
    joined_trigger_["parentExecution"] = model::with_parents_to_json(*execution_->parent);
  }
  trigger_ = std::make_shared<Map>(execution_->parent ? joined_trigger_ : execution_->trigger);
  return trigger_;
}

Value World::typed_trigger() {
  static const std::array<std::string_view, 27> known{"type",
                                                      "user",
                                                      "correlationId",
                                                      "parameters",
                                                      "notifications",
                                                      "rebake",
                                                      "dryRun",
                                                      "strategy",
                                                      "master",
                                                      "job",
                                                      "buildNumber",
                                                      "buildInfo",
                                                      "properties",
                                                      "propertyFile",
                                                      "account",
                                                      "repository",
                                                      "tag",
                                                      "hash",
                                                      "source",
                                                      "project",
                                                      "branch",
                                                      "slug",
                                                      "action",
                                                      "parentExecution",
                                                      "parentPipelineStageId",
                                                      "parentStage",
                                                      "resolvedExpectedArtifacts"};
  const json::object& raw = execution_->trigger;
  auto fields = std::make_shared<Map>();
  std::vector<std::string_view> names(known.begin(), known.end());
  for (const std::string_view name : known) {
    if (auto found = trigger()->find(name)) fields->put(Value(Text::borrowed(name)), *found);
  }
  fields->put(Value::text("artifacts"), artifacts(raw, "artifacts"));
  names.push_back("artifacts");
  auto other = std::make_shared<Map>();
  for (const auto& [key, value] : raw) {
    if (std::find(known.begin(), known.end(), key) == known.end() && key != "artifacts")
      other->put(Value(Text::borrowed(key)), wrap(value));
  }
  fields->put(Value::text("other"), Value(std::move(other)));
  names.push_back("other");
  return Value(ObjectPtr(std::make_shared<RecordObject>("Trigger", std::move(fields), std::move(names))));
}

/// The outputs of all top-level stages in their order: lists of the same name are joined, else the later
/// wins.
Value World::merged_outputs() {
  auto merged = std::make_shared<Map>();
  for (const model::Stage& stage : execution_->stages) {
    if (stage.synthetic()) continue;
    for (const Map::Entry& entry : outputs_of(stage)->entries()) {
      const std::optional<Value> before = merged->find(entry.key);
      if (!before || !before->sequence() || !entry.value.sequence()) {
        merged->put(entry.key, entry.value);
        continue;
      }
      std::vector<Value> joined = before->sequence()->items();
      for (const Value& item : entry.value.sequence()->items()) {
        const bool there =
            std::any_of(joined.begin(), joined.end(), [&](const Value& v) { return java_equals(v, item); });
        if (!there) joined.push_back(item);
      }
      merged->put(entry.key, make_list(std::move(joined)));
    }
  }
  return Value(std::move(merged));
}

/// Of several commits the first that is on a branch of its own.
Value World::scm_info() {
  if (execution_ == nullptr) return {};
  const json::object* build = stage_ ? base::find_object(stage_->context, "buildInfo") : nullptr;
  const json::array* commits = build ? base::find_array(*build, "scm") : nullptr;
  if (commits == nullptr) {
    build = base::find_object(execution_->trigger, "buildInfo");
    commits = build ? base::find_array(*build, "scm") : nullptr;
  }
  if (commits == nullptr || commits->empty()) return {};
  const json::value* chosen = &commits->front();
  if (commits->size() > 1) {
    for (const json::value& commit : *commits) {
      if (!commit.is_object()) continue;
      const std::string branch = base::string_or(commit.get_object(), "branch", "");
      if (branch == "master" || branch == "develop") continue;
      chosen = &commit;
      break;
    }
  }
  if (!chosen->is_object()) return {};
  return record("SourceControl", chosen->get_object(), {"name", "branch", "sha1"});
}

}  // namespace gennaker::expressions
