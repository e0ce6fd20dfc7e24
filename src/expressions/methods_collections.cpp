#include <algorithm>
#include <fmt/format.h>

#include "expressions/failure.h"
#include "expressions/methods.h"
#include "model/ancestors.h"

namespace gennaker::expressions {
namespace {

using P = Parameter;

Value int_of(std::size_t number) {
  return Value(static_cast<std::int32_t>(number));
}

std::vector<Value>& items(const Call& c) {
  return c.self.sequence()->items();
}

/// Literals cannot be changed, nor what Java hands out as a view.
std::vector<Value>& changeable(const Call& c) {
  if (c.self.sequence()->immutable())
    throw java("UnsupportedOperationException", "this list cannot be changed");
  c.around.changed.push_back(c.self);
  return items(c);
}

Map& changeable_map(const Call& c) {
  if (c.self.map()->immutable()) throw java("UnsupportedOperationException", "this map cannot be changed");
  c.around.changed.push_back(c.self);
  return *c.self.map();
}

void check_length(std::size_t length) {
  if (length > 1'000'000) throw java("OutOfMemoryError", "the list would be longer than 1,000,000 elements");
}

bool contains(const std::vector<Value>& all, const Value& wanted) {
  return std::any_of(all.begin(), all.end(), [&](const Value& item) { return java_equals(item, wanted); });
}

std::ptrdiff_t first_place(const std::vector<Value>& all, const Value& wanted) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Value& item) { return java_equals(item, wanted); });
  return found == all.end() ? -1 : found - all.begin();
}

bool add(const Call& c, const Value& item) {
  std::vector<Value>& all = changeable(c);
  // Sets and collections are views of maps.
  if (c.self.sequence()->kind() != Sequence::Kind::list)
    throw java("UnsupportedOperationException", "nothing can be added to what is seen of a map");
  check_length(all.size() + 1);
  all.push_back(item);
  return true;
}

std::vector<Method> make_collection_methods() {
  return {
      {"size", {}, [](const Call& c) { return int_of(c.self.sequence()->size()); }},
      {"isEmpty", {}, [](const Call& c) { return Value(c.self.sequence()->size() == 0); }},
      {"contains", {P::object}, [](const Call& c) { return Value(contains(items(c), c[0])); }},
      {"containsAll",
       {P::collection},
       [](const Call& c) {
         const std::vector<Value> wanted = c.sequence(0)->items();
         return Value(std::all_of(wanted.begin(), wanted.end(),
                                  [&](const Value& one) { return contains(items(c), one); }));
       }},
      {"add", {P::object}, [](const Call& c) { return Value(add(c, c[0])); }},
      {"addAll",
       {P::collection},
       [](const Call& c) {
         changeable(c);
         bool changed = false;
         const std::vector<Value> more = c.sequence(0)->items();
         for (const Value& item : more) changed = add(c, item) || changed;
         return Value(changed);
       }},
      {"remove",
       {P::object},
       [](const Call& c) {
         std::vector<Value>& all = changeable(c);
         const std::ptrdiff_t place = first_place(all, c[0]);
         if (place >= 0) all.erase(all.begin() + place);
         return Value(place >= 0);
       }},
      {"removeAll",
       {P::collection},
       [](const Call& c) {
         const std::vector<Value> doomed = c.sequence(0)->items();
         return Value(
             std::erase_if(changeable(c), [&](const Value& item) { return contains(doomed, item); }) != 0);
       }},
      {"retainAll",
       {P::collection},
       [](const Call& c) {
         const std::vector<Value> kept = c.sequence(0)->items();
         return Value(
             std::erase_if(changeable(c), [&](const Value& item) { return !contains(kept, item); }) != 0);
       }},
      {"clear",
       {},
       [](const Call& c) {
         changeable(c).clear();
         return Value();
       }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
  };
}

std::vector<Method> make_list_methods() {
  std::vector<Method> methods = make_collection_methods();
  const std::vector<Method> more{
      {"indexOf",
       {P::object},
       [](const Call& c) { return Value(static_cast<std::int32_t>(first_place(items(c), c[0]))); }},
      {"lastIndexOf",
       {P::object},
       [](const Call& c) {
         const std::vector<Value>& all = items(c);
         for (std::size_t i = all.size(); i > 0; --i) {
           if (java_equals(all[i - 1], c[0])) return int_of(i - 1);
         }
         return Value(std::int32_t{-1});
       }},
      {"subList",
       {P::int_, P::int_},
       [](const Call& c) {
         const std::vector<Value>& all = items(c);
         const std::int32_t from = c.integer(0), to = c.integer(1);
         if (from < 0 || to > static_cast<std::int32_t>(all.size()))
           throw java("IndexOutOfBoundsException",
                      fmt::format("fromIndex {}, toIndex {}, size {}", from, to, all.size()));
         if (from > to)
           throw java("IllegalArgumentException", fmt::format("fromIndex({}) > toIndex({})", from, to));
         return Value(std::make_shared<Sequence>(Sequence::Kind::list,
                                                 std::vector<Value>(all.begin() + from, all.begin() + to),
                                                 c.self.sequence()->immutable()));
       }},
      {"addAll",
       {P::int_, P::collection},
       [](const Call& c) {
         std::vector<Value>& all = changeable(c);
         const std::int32_t at = c.integer(0);
         if (at < 0 || at > static_cast<std::int32_t>(all.size()))
           throw java("IndexOutOfBoundsException", fmt::format("Index: {}, Size: {}", at, all.size()));
         const std::vector<Value> more = c.sequence(1)->items();
         check_length(all.size() + more.size());
         all.insert(all.begin() + at, more.begin(), more.end());
         return Value(!more.empty());
       }},
      {"add",
       {P::int_, P::object},
       [](const Call& c) {
         std::vector<Value>& all = changeable(c);
         const std::int32_t at = c.integer(0);
         if (at < 0 || at > static_cast<std::int32_t>(all.size()))
           throw java("IndexOutOfBoundsException", fmt::format("Index: {}, Size: {}", at, all.size()));
         all.insert(all.begin() + at, c[1]);
         return Value();
       }},
  };
  methods.insert(methods.end(), more.begin(), more.end());
  return methods;
}

/// Not equals and hashCode: those of the object itself may not be called.
std::vector<Method> make_array_methods() {
  return {
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
  };
}

/// A pair of a map: it shows itself as text and nothing else, since its parts are of no allowed type.
class EntryObject final : public Object {
 public:
  explicit EntryObject(Map::Entry entry) : entry_(std::move(entry)) {}
  std::string_view type() const override { return "Entry"; }
  std::string text() const override { return java_text(entry_.key) + "=" + java_text(entry_.value); }
  json::value to_json() const override {
    return json::object{{java_text(entry_.key), expressions::to_json(entry_.value)}};
  }

 private:
  Map::Entry entry_;
};

Value view(const Call& c, Sequence::Kind kind, std::vector<Value> items) {
  return Value(std::make_shared<Sequence>(kind, std::move(items), c.self.map()->immutable()));
}

std::vector<Method> make_map_methods() {
  return {
      {"size", {}, [](const Call& c) { return int_of(c.self.map()->size()); }},
      {"isEmpty", {}, [](const Call& c) { return Value(c.self.map()->size() == 0); }},
      {"putAll",
       {P::map},
       [](const Call& c) {
         Map& map = changeable_map(c);
         if (c[0].is_null()) throw java("NullPointerException", "a map is needed");
         if (c[0].map() == c.self.map()) return Value();
         for (const Map::Entry& entry : std::vector<Map::Entry>(c[0].map()->entries()))
           map.put(entry.key, entry.value);
         return Value();
       }},
      {"remove",
       {P::object, P::object},
       [](const Call& c) {
         Map& map = changeable_map(c);
         const std::optional<Value> found = map.find(c[0]);
         return Value(found && java_equals(*found, c[1]) && map.erase(c[0]));
       }},
      {"replace",
       {P::object, P::object, P::object},
       [](const Call& c) {
         Map& map = changeable_map(c);
         const std::optional<Value> found = map.find(c[0]);
         const bool fits = found && java_equals(*found, c[1]);
         if (fits) map.put(c[0], c[2]);
         return Value(fits);
       }},
      {"containsKey",
       {P::object},
       [](const Call& c) {
         const auto& entries = c.self.map()->entries();
         return Value(std::any_of(entries.begin(), entries.end(),
                                  [&](const Map::Entry& e) { return java_equals(e.key, c[0]); }));
       }},
      {"containsValue",
       {P::object},
       [](const Call& c) {
         const auto& entries = c.self.map()->entries();
         return Value(std::any_of(entries.begin(), entries.end(),
                                  [&](const Map::Entry& e) { return java_equals(e.value, c[0]); }));
       }},
      {"keySet",
       {},
       [](const Call& c) {
         std::vector<Value> keys;
         for (const Map::Entry& entry : c.self.map()->entries()) keys.push_back(entry.key);
         return view(c, Sequence::Kind::set, std::move(keys));
       }},
      {"values",
       {},
       [](const Call& c) {
         std::vector<Value> values;
         for (const Map::Entry& entry : c.self.map()->entries()) values.push_back(entry.value);
         return view(c, Sequence::Kind::collection, std::move(values));
       }},
      {"entrySet",
       {},
       [](const Call& c) {
         std::vector<Value> entries;
         for (const Map::Entry& entry : c.self.map()->entries()) entries.push_back(make_entry(entry));
         return view(c, Sequence::Kind::set, std::move(entries));
       }},
      {"clear",
       {},
       [](const Call& c) {
         changeable_map(c).clear();
         return Value();
       }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
  };
}

// ---- Stages, executions, statuses ----

const StageObject& stage(const Call& c) {
  return *c.self.object_as<StageObject>();
}

Value property(const Call& c, std::string_view name) {
  return c.self.object()->property(name).value_or(Value());
}

template <std::size_t n>
struct Name {
  char text[n];
  constexpr Name(const char (&source)[n]) { std::copy_n(source, n, text); }
};
template <Name name>
Value get(const Call& c) {
  return property(c, name.text);
}

std::vector<Method> make_stage_methods() {
  return {
      {"getId", {}, get<"id">},
      {"getRefId", {}, get<"refId">},
      {"getType", {}, get<"type">},
      {"getName", {}, get<"name">},
      {"getStatus", {}, get<"status">},
      {"getStartTime", {}, get<"startTime">},
      {"getEndTime", {}, get<"endTime">},
      {"getContext", {}, get<"context">},
      {"getOutputs", {}, get<"outputs">},
      {"getTasks", {}, get<"tasks">},
      {"getParentStageId", {}, get<"parentStageId">},
      {"getRequisiteStageRefIds", {}, get<"requisiteStageRefIds">},
      {"getParent", {}, get<"parent">},
      {"getTopLevelStage", {}, get<"topLevelStage">},
      {"getExecution", {}, get<"execution">},
      {"getHasSucceeded", {}, get<"hasSucceeded">},
      {"getHasFailed", {}, get<"hasFailed">},
      {"ancestors",
       {},
       [](const Call& c) {
         std::vector<Value> found;
         for (const model::Stage* one : model::ancestors(*stage(c).world().execution(), stage(c).stage()))
           found.push_back(stage(c).world().object_of(*one));
         return make_list(std::move(found));
       }},
      {"directAncestors",
       {},
       [](const Call& c) {
         const std::vector<std::string>& wanted = stage(c).stage().requisites;
         std::vector<Value> found;
         for (const model::Stage& one : stage(c).world().execution()->stages) {
           if (std::find(wanted.begin(), wanted.end(), one.ref_id) != wanted.end())
             found.push_back(stage(c).world().object_of(one));
         }
         return make_list(std::move(found));
       }},
      {"directChildren",
       {},
       [](const Call& c) {
         std::vector<Value> found;
         for (const model::Stage& one : stage(c).world().execution()->stages) {
           if (one.parent_id == stage(c).stage().id) found.push_back(stage(c).world().object_of(one));
         }
         return make_list(std::move(found));
       }},
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
  };
}

template <class Matches>
Value find_stage(const Call& c, Matches matches, std::string_view what) {
  World& world = c.self.object_as<ExecutionObject>()->world();
  for (const model::Stage& one : world.execution()->stages) {
    if (matches(one)) return world.object_of(one);
  }
  throw java("IllegalArgumentException", fmt::format("there is no stage {}", what));
}

std::vector<Method> make_execution_methods() {
  return {
      {"getId", {}, get<"id">},
      {"getApplication", {}, get<"application">},
      {"getName", {}, get<"name">},
      {"getStatus", {}, get<"status">},
      {"getStages", {}, get<"stages">},
      {"getTrigger", {}, get<"trigger">},
      {"getContext", {}, get<"context">},
      {"getAuthentication", {}, get<"authentication">},
      {"getStartTime", {}, get<"startTime">},
      {"getEndTime", {}, get<"endTime">},
      {"getBuildTime", {}, get<"buildTime">},
      {"isCanceled", {}, get<"canceled">},
      {"isLimitConcurrent", {}, get<"limitConcurrent">},
      {"isKeepWaitingPipelines", {}, get<"keepWaitingPipelines">},
      {"getOrigin", {}, get<"origin">},
      {"getPipelineConfigId", {}, get<"pipelineConfigId">},
      {"stageById",
       {P::string},
       [](const Call& c) {
         return find_stage(
             c, [&](const model::Stage& s) { return s.id == c.text(0); }, c.text(0));
       }},
      {"stageByRef",
       {P::string},
       [](const Call& c) {
         return find_stage(
             c, [&](const model::Stage& s) { return s.ref_id == c.text(0); }, c.text(0));
       }},
      {"namedStage",
       {P::string},
       [](const Call& c) {
         return find_stage(
             c, [&](const model::Stage& s) { return s.type == c.text(0); }, c.text(0));
       }},
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
  };
}

std::vector<Method> make_status_methods() {
  return {
      {"name", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
      {"isComplete", {}, get<"complete">},
      {"isHalt", {}, get<"halt">},
      {"isSuccessful", {}, get<"successful">},
      {"isFailure", {}, get<"failure">},
      {"isSkipped", {}, get<"skipped">},
      {"ordinal",
       {},
       [](const Call& c) {
         return Value(static_cast<std::int32_t>(c.self.object_as<StatusObject>()->status()));
       }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
  };
}

std::vector<Method> make_plain_methods() {
  return {
      {"toString", {}, [](const Call& c) { return Value::text(java_text(c.self)); }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
  };
}

}  // namespace

Value make_entry(const Map::Entry& entry) {
  return Value(ObjectPtr(std::make_shared<EntryObject>(entry)));
}

Methods sequence_methods(const Sequence& sequence) {
  static const std::vector<Method> of_lists = make_list_methods(), of_collections = make_collection_methods(),
                                   of_arrays = make_array_methods();
  if (sequence.is_array()) return of_arrays;
  return sequence.kind() == Sequence::Kind::list ? of_lists : of_collections;
}

Methods map_methods() {
  static const std::vector<Method> methods = make_map_methods();
  return methods;
}

Methods subject_methods(const Object& object) {
  static const std::vector<Method> of_stages = make_stage_methods(), of_executions = make_execution_methods(),
                                   of_statuses = make_status_methods(), plain = make_plain_methods();
  if (dynamic_cast<const StageObject*>(&object)) return of_stages;
  if (dynamic_cast<const ExecutionObject*>(&object)) return of_executions;
  if (dynamic_cast<const StatusObject*>(&object)) return of_statuses;
  return plain;
}

}  // namespace gennaker::expressions
