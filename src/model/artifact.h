#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gennaker::model {

namespace json = boost::json;

/// Something that pipelines pass around: an image, a file, a chart. Absent is not the same as empty.
struct Artifact {
  std::optional<std::string> type;  ///< "docker/image", "http/file", "embedded/base64", ...
  std::optional<std::string> name, version, location, reference;
  std::optional<std::string> account, provenance, uuid;
  bool custom_kind = false;
  json::object metadata;  ///< members of the JSON form that are none of the above end up here

  bool operator==(const Artifact&) const = default;
};

/// What a pipeline or stage wants bound before it goes on.
struct ExpectedArtifact {
  std::string id;
  Artifact match;
  bool use_prior = false;  ///< fall back on what the pipeline's last execution had
  bool use_default = false;
  std::optional<Artifact> default_artifact, bound;
  json::object rest;  ///< members that mean nothing to us: `displayName`, ...
};

Artifact artifact_from_json(const json::object& object);
json::object to_json(const Artifact& artifact);
ExpectedArtifact expected_artifact_from_json(const json::object& object);
json::object to_json(const ExpectedArtifact& expected);

/// Members that are no objects are left out; nullptr: none.
std::vector<Artifact> artifacts_from_json(const json::array* list);
std::vector<ExpectedArtifact> expected_artifacts_from_json(const json::array* list);
json::array to_json(const std::vector<Artifact>& artifacts);
json::array to_json(const std::vector<ExpectedArtifact>& expected);

}  // namespace gennaker::model
