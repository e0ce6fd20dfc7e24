#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "expressions/evaluator.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {
namespace {

using P = Parameter;
using model::Status;

/// One call, its arguments converted.
struct FunctionCall {
  std::vector<Value>& arguments;
  Session& session;

  const Value& operator[](std::size_t i) const { return arguments[i]; }
  std::string_view text(std::size_t i) const {
    if (arguments[i].is_null()) throw java("NullPointerException", "the argument is null");
    return arguments[i].text();
  }
  /// Of a function that works on the execution: its first argument.
  const model::Execution& execution() const {
    if (arguments[0].object_as<ExecutionObject>() == nullptr)
      throw java("NullPointerException", "there is no execution here");
    return *session.world.execution();
  }
};

struct Function {
  std::string_view name;
  std::vector<Parameter> parameters;
  Value (*run)(const FunctionCall&);
  bool of_execution = false;  ///< its first parameter is the execution
  bool varargs = false;
};

Value text(std::string made) {
  return Value::text(std::move(made));
}

// ---- Numbers and texts ----

Value to_int(const FunctionCall& call) {
  if (call[0].is_null()) throw java("NumberFormatException", "Cannot parse null string");
  const auto number = parse_integer(call[0].text(), 10, INT32_MIN, INT32_MAX);
  if (!number) throw java("NumberFormatException", fmt::format("'{}' is not a whole number", call[0].text()));
  return Value(static_cast<std::int32_t>(*number));
}

Value to_float(const FunctionCall& call) {
  const auto number = parse_float(call.text(0));
  if (!number) throw java("NumberFormatException", fmt::format("'{}' is not a number", call.text(0)));
  return Value(*number);
}

constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? base64_letters[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string from_base64(std::string_view text) {
  const auto refuse = [] { return java("IllegalArgumentException", "this is not Base64"); };
  if (text.ends_with('=') && text.size() % 4 != 0) throw refuse();
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) throw refuse();
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t value = base64_letters.find(c);
    if (value == std::string_view::npos) throw refuse();
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

Value alphanumerical(const FunctionCall& call) {
  std::string kept;
  for (const char c : call.text(0)) {
    if (std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 0x80) kept += c;
  }
  return text(std::move(kept));
}

Value to_json_text(const FunctionCall& call) {
  const auto* wrapped = call[0].object_as<NotEvaluated>();
  std::string written = write_json(wrapped ? wrapped->inner() : call[0]);
  if (!wrapped && written.find("${") != std::string::npos)
    throw refused_by_function(
        "the result holds an expression, ${...}, which would be evaluated again: wrap it, "
        "#toJson(#doNotEval(x))");
  return text(std::move(written));
}

// ---- What the world outside answers ----

std::string fetched(const FunctionCall& call) {
  const json::value& body = call.session.ask({Question::Kind::url, std::string(call.text(0)), ""});
  return from_wire(base::plain_text(body));
}

Value answered(const FunctionCall& call, Question::Kind kind, std::string subject, std::string scope) {
  return wrap(call.session.ask({kind, std::move(subject), std::move(scope)}));
}

Value pipeline_id(const FunctionCall& call, std::string_view application) {
  const std::string name(call[1].is_null() ? std::string_view() : call[1].text());
  if (name.empty()) return {};
  return answered(call, Question::Kind::pipeline_id, name, std::string(application));
}

Value fetch_reference(const FunctionCall& call) {
  if (call[0].is_null() || !call[0].text().starts_with("ref://")) return call[0];
  return answered(call, Question::Kind::artifact, std::string(call[0].text()), "");
}

// ---- Stages ----

const std::string& name_of(const model::Stage& stage) {
  return stage.name.empty() ? stage.type : stage.name;
}

bool is_called(const model::Stage& stage, std::string_view name_or_id) {
  return name_of(stage) == name_or_id || stage.id == name_or_id;
}

const model::Stage* find_stage(const FunctionCall& call) {
  const model::Execution& execution = call.execution();
  if (call[1].is_null()) return nullptr;
  for (const model::Stage& stage : execution.stages) {
    if (is_called(stage, call[1].text())) return &stage;
  }
  return nullptr;
}

std::string shown(const Value& name) {
  return name.is_null() ? "null" : fmt::format("'{}'", name.text());
}

Value stage(const FunctionCall& call) {
  const model::Stage* found = find_stage(call);
  if (found == nullptr)
    throw refused_by_function(fmt::format("there is no stage {} in this execution", shown(call[1])));
  return call.session.world.object_of(*found);
}

Value stage_by_ref_id(const FunctionCall& call) {
  for (const model::Stage& stage : call.execution().stages) {
    if (!call[1].is_null() && stage.ref_id == call[1].text()) return call.session.world.object_of(stage);
  }
  throw refused_by_function(fmt::format("there is no stage with the refId {}", shown(call[1])));
}

Value current_stage(const FunctionCall& call) {
  call.execution();
  if (call.session.world.stage() == nullptr) throw refused_by_function("no stage is being run");
  return call.session.world.object_of(*call.session.world.stage());
}

Value judgment(const FunctionCall& call) {
  for (const model::Stage& stage : call.execution().stages) {
    if (stage.type != "manualJudgment" || call[1].is_null() || name_of(stage) != call[1].text()) continue;
    if (const auto* input = stage.context.if_contains("judgmentInput"); input != nullptr && !input->is_null())
      return wrap(*input);
  }
  throw refused_by_function(fmt::format("there is no judgment {} with an answer", shown(call[1])));
}

/// A member of a map; null when it is not there, or what it is asked of is none.
Value at(const Value& map, std::string_view key) {
  const MapPtr held = map.map();
  return held ? held->find(key).value_or(Value()) : Value();
}

std::vector<Value> list_of(const Value& value) {
  return value.sequence() ? value.sequence()->items() : std::vector<Value>();
}

Value context_member(const FunctionCall& call, const model::Stage& stage, std::string_view key) {
  return call.session.world.context_of(stage)->find(key).value_or(Value());
}

Value manifest_label(const FunctionCall& call) {
  const std::string_view kind = call.text(2), label = call.text(3);
  const model::Execution& execution = call.execution();
  if (kind != "Deployment" && kind != "ReplicaSet")
    throw java("IllegalArgumentException", "only Deployment and ReplicaSet have labels to look up");
  for (const model::Stage& stage : execution.stages) {
    if (name_of(stage) != call.text(1) || stage.type != "deployManifest" || stage.status != Status::succeeded)
      continue;
    Value manifests = context_member(call, stage, "manifests");
    if (const auto* named = stage.context.if_contains("outputs.manifests")) manifests = wrap(*named);
    for (const Value& manifest : list_of(manifests)) {
      if (java_text(at(manifest, "kind")) != kind) continue;
      const Value labels = at(at(at(at(manifest, "spec"), "template"), "metadata"), "labels");
      const Value value = at(labels, label);
      if (value.is_null()) throw refused_by_function(fmt::format("the manifest has no label '{}'", label));
      return value;
    }
    throw refused_by_function(fmt::format("stage '{}' deployed no {}", call.text(1), kind));
  }
  throw refused_by_function(
      fmt::format("there is no deployManifest stage '{}' that has succeeded", call.text(1)));
}

Value service_key(const FunctionCall& call) {
  for (const model::Stage& stage : call.execution().stages) {
    if (stage.type != "createServiceKey" || stage.status != Status::succeeded || call[1].is_null() ||
        !is_called(stage, call[1].text()))
      continue;
    const std::vector<Value> tasks = list_of(context_member(call, stage, "kato.tasks"));
    const std::vector<Value> results =
        tasks.empty() ? std::vector<Value>() : list_of(at(tasks[0], "resultObjects"));
    const Value key = results.empty() ? Value() : at(results[0], "serviceKey");
    if (!key.is_null()) return key;
  }
  return Value(std::make_shared<Map>());
}

Value trigger_artifact(const FunctionCall& call, std::string_view field) {
  const json::array* resolved = base::find_array(call.execution().trigger, "resolvedExpectedArtifacts");
  static const json::array none;
  for (const json::value& expected : resolved ? *resolved : none) {
    const json::object* bound =
        expected.is_object() ? base::find_object(expected.get_object(), "boundArtifact") : nullptr;
    if (bound != nullptr && !call[1].is_null() && base::string_or(*bound, field, "") == call[1].text())
      return make_artifact(Value(std::make_shared<Map>(*bound)));
  }
  throw refused_by_function(
      fmt::format("the trigger has no resolved artifact whose {} is {}", field, shown(call[1])));
}

Value resolved_artifacts(const FunctionCall& call) {
  std::vector<Value> all;
  for (const model::Stage& stage : call.execution().stages) {
    for (const Value& artifact :
         list_of(call.session.world.outputs_of(stage)->find("artifacts").value_or(Value())))
      all.push_back(make_artifact(artifact));
  }
  return make_list(std::move(all));
}

// ---- Deployed server groups ----

bool deploys(const model::Stage& stage) {
  return stage.type == "deploy" || stage.type == "createServerGroup" || stage.type == "cloneServerGroup" ||
         stage.type == "rollingPush";
}

std::vector<Value> deployments_of(const Value& tasks) {
  std::vector<Value> all;
  for (const Value& task : list_of(tasks)) {
    for (const Value& result : list_of(at(task, "resultObjects"))) {
      for (const Value& deployment : list_of(at(result, "deployments"))) all.push_back(deployment);
    }
  }
  return all;
}

std::optional<Value> deployment_of(const FunctionCall& call, const model::Stage& stage) {
  const Value groups = context_member(call, stage, "deploy.server.groups");
  if (groups.is_null()) return std::nullopt;
  Value region = context_member(call, stage, "region");
  if (region.is_null()) {
    const MapPtr zones = context_member(call, stage, "availabilityZones").map();
    if (zones && zones->size() > 0) region = zones->entries().front().key;
  }
  if (region.is_null()) return std::nullopt;
  auto found = std::make_shared<Map>();
  const auto put = [&](std::string_view key, Value value) {
    found->put(Value(Text::borrowed(key)), std::move(value));
  };
  put("account", context_member(call, stage, "account"));
  put("capacity", context_member(call, stage, "capacity"));
  put("parentStage", stage.parent_id.empty() ? Value() : Value(Text::borrowed(stage.parent_id)));
  put("region", region);
  for (const Value& detail : list_of(context_member(call, stage, "deploymentDetails"))) {
    if (!detail.map() || !java_equals(at(detail, "region"), region)) continue;
    for (const Map::Entry& entry : detail.map()->entries()) found->put(entry.key, entry.value);
  }
  const std::vector<Value> names = list_of(at(groups, java_text(region)));
  if (!names.empty()) put("serverGroup", names.front());
  put("deployments", make_list(deployments_of(context_member(call, stage, "kato.tasks"))));
  return Value(std::move(found));
}

Value deployed_server_groups(const FunctionCall& call) {
  const std::vector<Value> wanted = list_of(call[1]);
  std::vector<Value> all;
  for (const model::Stage& stage : call.execution().stages) {
    if (!deploys(stage) || stage.status != Status::succeeded) continue;
    const bool asked = wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const Value& name) {
                         return name.is_text() && is_called(stage, name.text());
                       });
    if (!asked) continue;
    if (auto deployment = deployment_of(call, stage)) all.push_back(std::move(*deployment));
  }
  return make_list(std::move(all));
}

const std::vector<Function>& table() {
  static const std::vector<Function> functions{
      {"toInt", {P::string}, to_int},
      {"toFloat", {P::string}, to_float},
      {"toBoolean",
       {P::string},
       [](const FunctionCall& c) {
         return Value(!c[0].is_null() && base::lower_case(c[0].text()) == "true");
       }},
      {"toBase64", {P::string}, [](const FunctionCall& c) { return text(to_base64(to_wire(c.text(0)))); }},
      {"fromBase64",
       {P::string},
       [](const FunctionCall& c) { return text(from_wire(from_base64(c.text(0)))); }},
      {"alphanumerical", {P::string}, alphanumerical},
      {"toJson", {P::object}, to_json_text},
      {"readJson", {P::string}, [](const FunctionCall& c) { return read_json(c.text(0)); }},
      {"readYaml", {P::string}, [](const FunctionCall& c) { return read_yaml(c.text(0), false); }},
      {"readAllYaml", {P::string}, [](const FunctionCall& c) { return read_yaml(c.text(0), true); }},
      {"fromUrl", {P::string}, [](const FunctionCall& c) { return text(fetched(c)); }},
      {"jsonFromUrl", {P::string}, [](const FunctionCall& c) { return read_json(fetched(c)); }},
      {"yamlFromUrl", {P::string}, [](const FunctionCall& c) { return read_yaml(fetched(c), false); }},
      {"propertiesFromUrl", {P::string}, [](const FunctionCall& c) { return read_properties(fetched(c)); }},
      {"doNotEval",
       {P::object},
       [](const FunctionCall& c) { return Value(ObjectPtr(std::make_shared<NotEvaluated>(c[0]))); }},
      {"fetchReference", {P::string}, fetch_reference},
      {"currentUser", {}, [](const FunctionCall& c) { return text(c.session.user()); }},
      {"stage", {P::object, P::string}, stage, true},
      {"stageByRefId", {P::object, P::string}, stage_by_ref_id, true},
      {"stageExists",
       {P::object, P::string},
       [](const FunctionCall& c) { return Value(find_stage(c) != nullptr); },
       true},
      {"currentStage", {P::object}, current_stage, true},
      {"judgment", {P::object, P::string}, judgment, true},
      {"judgement", {P::object, P::string}, judgment, true},
      {"deployedServerGroups", {P::object, P::string}, deployed_server_groups, true, true},
      {"triggerResolvedArtifact",
       {P::object, P::string},
       [](const FunctionCall& c) { return trigger_artifact(c, "name"); },
       true},
      {"triggerResolvedArtifactByType",
       {P::object, P::string},
       [](const FunctionCall& c) { return trigger_artifact(c, "type"); },
       true},
      {"resolvedArtifacts", {P::object}, resolved_artifacts, true},
      {"manifestLabelValue", {P::object, P::string, P::string, P::string}, manifest_label, true},
      {"cfServiceKey", {P::object, P::string}, service_key, true},
      {"pipelineId",
       {P::object, P::string},
       [](const FunctionCall& c) {
         const Value id = pipeline_id(c, c.execution().application);
         if (id.is_null())
           throw refused_by_function(fmt::format("there is no pipeline {} in this application", shown(c[1])));
         return id;
       },
       true},
      {"pipelineIdOrNull",
       {P::object, P::string},
       [](const FunctionCall& c) { return pipeline_id(c, c.execution().application); },
       true},
      {"pipelineIdInApplication",
       {P::object, P::string, P::string},
       [](const FunctionCall& c) {
         c.execution();
         if (c[2].is_null() || c[2].text().empty()) throw refused_by_function("an application is needed");
         return pipeline_id(c, c[2].text());
       },
       true},
      {"applicationMetadata",
       {P::string},
       [](const FunctionCall& c) {
         return answered(c, Question::Kind::application, std::string(c.text(0)), "");
       }},
      {"canaryConfigNameToId",
       {P::string, P::string},
       [](const FunctionCall& c) {
         const Value id =
             answered(c, Question::Kind::canary_config, std::string(c.text(0)), std::string(c.text(1)));
         if (id.is_null())
           throw refused_by_function(fmt::format("there is no canary config {}", shown(c[0])));
         return id;
       }},
  };
  return functions;
}

const Function* find(std::string_view name) {
  for (const Function& function : table()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

void convert_all(const Function& function, std::vector<Value>& arguments) {
  const std::size_t fixed = function.parameters.size() - (function.varargs ? 1 : 0);
  for (std::size_t i = 0; i < fixed; ++i) {
    if (suits(arguments[i], function.parameters[i]) == Suits::not_at_all)
      throw Failure("ConverterNotFoundException", "EL1001E",
                    fmt::format("EL1001E: #{} does not take a value of type {}", function.name,
                                type_name(arguments[i])));
    arguments[i] = convert(arguments[i], function.parameters[i]);
  }
  if (!function.varargs) return;
  std::vector<Value> rest(arguments.begin() + static_cast<std::ptrdiff_t>(fixed), arguments.end());
  if (rest.size() == 1 && rest[0].sequence()) rest = std::vector<Value>(rest[0].sequence()->items());
  for (Value& one : rest) one = convert(one, function.parameters.back());
  arguments.resize(fixed);
  arguments.push_back(make_list(std::move(rest)));
}

}  // namespace

bool is_function(std::string_view name) {
  return find(name) != nullptr;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const Function& function : table()) names.push_back(function.name);
  return names;
}

const std::vector<std::string_view>& functions_of_the_execution() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> found;
    for (const Function& function : table()) {
      if (function.of_execution) found.push_back(function.name);
    }
    return found;
  }();
  return names;
}

Value call_function(std::string_view name, std::vector<Value> arguments, Session& session) {
  const Function& function = *find(name);
  const std::size_t wanted = function.parameters.size();
  const bool fits = function.varargs ? arguments.size() + 1 >= wanted : arguments.size() == wanted;
  if (!fits) {
    const std::size_t own = function.of_execution ? 1 : 0;
    throw spel("EL1014E",
               fmt::format("#{} takes {} argument{}, not {}", name, wanted - own,
                           wanted - own == 1 ? "" : "s", arguments.size() - std::min(own, arguments.size())));
  }
  convert_all(function, arguments);
  try {
    return function.run({arguments, session});
  } catch (const Failure& failure) {
    throw failure.within("EL1023E");
  }
}

}  // namespace gennaker::expressions
