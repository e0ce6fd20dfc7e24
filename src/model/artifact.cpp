#include "model/artifact.h"

#include "base/json.h"

namespace gennaker::model {
namespace {

/// Takes a member out of `rest`; nullopt if it is absent or null.
std::optional<std::string> take_text(json::object& rest, std::string_view key) {
  const auto found = rest.find(key);
  if (found == rest.end()) return std::nullopt;
  const json::value value = std::move(found->value());
  rest.erase(found);
  if (value.is_null()) return std::nullopt;
  return base::plain_text(value);
}

bool take_flag(json::object& rest, std::string_view key) {
  const bool value = base::bool_or(rest, key, false);
  rest.erase(key);
  return value;
}

std::optional<Artifact> take_artifact(json::object& rest, std::string_view key) {
  std::optional<Artifact> artifact;
  const auto* object = base::find_object(rest, key);
  if (object != nullptr && !object->empty()) artifact = artifact_from_json(*object);
  rest.erase(key);
  return artifact;
}

void put(json::object& object, std::string_view key, const std::optional<std::string>& text) {
  if (text) object[key] = *text;
}

}  // namespace

Artifact artifact_from_json(const json::object& object) {
  json::object rest = object;
  Artifact artifact;
  artifact.type = take_text(rest, "type");
  artifact.custom_kind = take_flag(rest, "customKind");
  artifact.name = take_text(rest, "name");
  artifact.version = take_text(rest, "version");
  artifact.location = take_text(rest, "location");
  artifact.reference = take_text(rest, "reference");
  artifact.account = take_text(rest, "artifactAccount");
  artifact.provenance = take_text(rest, "provenance");
  artifact.uuid = take_text(rest, "uuid");
  if (const auto* metadata = base::find_object(rest, "metadata")) artifact.metadata = *metadata;
  rest.erase("metadata");
  rest.erase("kind");  // an old word of the page for what it shows
  base::merge_into(artifact.metadata, rest);
  return artifact;
}

json::object to_json(const Artifact& artifact) {
  json::object object;
  put(object, "type", artifact.type);
  object["customKind"] = artifact.custom_kind;
  put(object, "name", artifact.name);
  put(object, "version", artifact.version);
  put(object, "location", artifact.location);
  put(object, "reference", artifact.reference);
  object["metadata"] = artifact.metadata;
  put(object, "artifactAccount", artifact.account);
  put(object, "provenance", artifact.provenance);
  put(object, "uuid", artifact.uuid);
  return object;
}

ExpectedArtifact expected_artifact_from_json(const json::object& object) {
  ExpectedArtifact expected;
  expected.rest = object;
  expected.id = take_text(expected.rest, "id").value_or("");
  expected.match = take_artifact(expected.rest, "matchArtifact").value_or(Artifact{});
  expected.use_prior = take_flag(expected.rest, "usePriorArtifact");
  expected.use_default = take_flag(expected.rest, "useDefaultArtifact");
  expected.default_artifact = take_artifact(expected.rest, "defaultArtifact");
  expected.bound = take_artifact(expected.rest, "boundArtifact");
  return expected;
}

json::object to_json(const ExpectedArtifact& expected) {
  json::object object = expected.rest;
  object["id"] = expected.id;
  object["matchArtifact"] = to_json(expected.match);
  object["usePriorArtifact"] = expected.use_prior;
  object["useDefaultArtifact"] = expected.use_default;
  if (expected.default_artifact) object["defaultArtifact"] = to_json(*expected.default_artifact);
  if (expected.bound) object["boundArtifact"] = to_json(*expected.bound);
  return object;
}

std::vector<Artifact> artifacts_from_json(const json::array* list) {
  std::vector<Artifact> artifacts;
  if (list == nullptr) return artifacts;
  for (const json::value& entry : *list) {
    if (const auto* object = entry.if_object()) artifacts.push_back(artifact_from_json(*object));
  }
  return artifacts;
}

std::vector<ExpectedArtifact> expected_artifacts_from_json(const json::array* list) {
  std::vector<ExpectedArtifact> all;
  if (list == nullptr) return all;
  for (const json::value& entry : *list) {
    if (const auto* object = entry.if_object()) all.push_back(expected_artifact_from_json(*object));
  }
  return all;
}

json::array to_json(const std::vector<Artifact>& artifacts) {
  json::array list;
  for (const Artifact& artifact : artifacts) list.push_back(to_json(artifact));
  return list;
}

json::array to_json(const std::vector<ExpectedArtifact>& expected) {
  json::array list;
  for (const ExpectedArtifact& one : expected) list.push_back(to_json(one));
  return list;
}

}  // namespace gennaker::model
