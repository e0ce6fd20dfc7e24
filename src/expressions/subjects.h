#pragma once

#include <map>

#include "expressions/value.h"
#include "model/execution.h"

/// Executions, stages and triggers as expressions see them: views of model values, made when asked for.
namespace gennaker::expressions {

class World;

class StageObject final : public Object {
 public:
  StageObject(World& world, const model::Stage& stage) : world_(world), stage_(stage) {}
  const model::Stage& stage() const { return stage_; }
  World& world() const { return world_; }
  std::string_view type() const override { return "Stage"; }
  std::string text() const override;
  std::optional<Value> property(std::string_view name) const override;
  bool equals(const Object& other) const override;
  json::value to_json() const override;

 private:
  World& world_;
  const model::Stage& stage_;
};

class ExecutionObject final : public Object {
 public:
  explicit ExecutionObject(World& world) : world_(world) {}
  World& world() const { return world_; }
  std::string_view type() const override { return "Execution"; }
  std::string text() const override;
  std::optional<Value> property(std::string_view name) const override;
  json::value to_json() const override;

 private:
  World& world_;
};

/// A status; equals its name.
class StatusObject final : public Object {
 public:
  explicit StatusObject(model::Status status) : status_(status) {}
  model::Status status() const { return status_; }
  std::string_view type() const override { return "ExecutionStatus"; }
  std::string text() const override;
  bool converts_to_text() const override { return true; }
  std::optional<Value> property(std::string_view name) const override;
  bool equals(const Object& other) const override;
  std::optional<int> compare(const Object& other) const override;

 private:
  model::Status status_;
};

/// A Java object made of JSON: an artifact, a typed trigger, a commit. Only the named properties can be read;
/// one that is absent is null.
class RecordObject final : public Object {
 public:
  RecordObject(std::string type, MapPtr fields, std::vector<std::string_view> names)
      : type_(std::move(type)), fields_(std::move(fields)), names_(std::move(names)) {}
  std::string_view type() const override { return type_; }
  const MapPtr& fields() const { return fields_; }
  std::optional<Value> property(std::string_view name) const override;
  bool equals(const Object& other) const override;
  json::value to_json() const override;

 private:
  std::string type_;
  MapPtr fields_;
  std::vector<std::string_view> names_;
};

Value make_artifact(const json::value& artifact);
Value make_artifact(const Value& artifact);

/// What one evaluation works on, and what it has already looked up: whoever finds a list twice finds the same
/// one.
class World {
 public:
  World(const model::Execution* execution, const model::Stage* stage)
      : execution_(execution), stage_(stage) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const model::Execution* execution() const { return execution_; }
  /// The one that is being run; nullptr outside of one.
  const model::Stage* stage() const { return stage_; }

  Value object_of(const model::Stage& stage);
  Value execution_object();
  Value stages();
  /// A stage's own context; what it lacks comes from its ancestors' outputs.
  MapPtr context_of(const model::Stage& stage);
  MapPtr outputs_of(const model::Stage& stage);
  MapPtr trigger();
  Value typed_trigger();
  Value merged_outputs();
  Value scm_info();

 private:
  const model::Execution* execution_;
  const model::Stage* stage_;
  std::map<const model::Stage*, Value> objects_;
  std::map<const model::Stage*, MapPtr> contexts_, outputs_;
  Value execution_object_;
  json::object joined_trigger_;  ///< with the parent, where it is there
  MapPtr trigger_;
};

}  // namespace gennaker::expressions
