#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

/// Images as plain values, and what is told while they travel.
/// Source: https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Image
namespace gennaker::clients::docker {

/// Podman writes short names in full: an image built as "web:1" is "docker.io/library/web:1" from then on,
/// and is found by either name.
struct Image {
  std::string id;                    ///< "sha256:..."
  std::vector<std::string> tags;     ///< references with a tag; Podman lists some with a digest here too
  std::vector<std::string> digests;  ///< references with a digest
  std::map<std::string, std::string> labels;
  std::optional<base::TimePoint> created;
  std::int64_t size_bytes = 0;
  std::string os, architecture;                               ///< inspect only
  std::vector<std::string> entrypoint, command, environment;  ///< inspect only
};

struct ImageFilter {
  std::vector<std::string> labels = {};  ///< "name" or "name=value"
  std::string reference = {};            ///< a pattern: "registry/team/*"
};

/// "registry:5000/team/web:1" or "...@sha256:...".
struct ImageReference {
  std::string repository;
  std::string tag;  ///< a tag, or a digest "sha256:..."; "latest" where none was named
};
/// Throws base::Error `invalid` for what cannot be a reference (empty, spaces, nothing before or after ':').
ImageReference parse_reference(std::string_view text);

/// For one registry. They are sent to the engine with the one call, which keeps none of it.
struct RegistryCredentials {
  std::string registry = {};  ///< host and port
  std::string username = {}, password = {};
  std::string identity_token = {};  ///< in place of both
};

/// How far a pull or a push is.
struct TransferProgress {
  int layers = 0;                           ///< known so far
  int layers_done = 0;                      ///< transferred, or there already
  std::int64_t bytes = 0, total_bytes = 0;  ///< of the layers whose size was told
  std::string status;                       ///< the engine's last words: "Downloading"
};
/// Called on the executor of the call whenever something has changed. What it throws ends the call.
using OnProgress = std::function<void(const TransferProgress&)>;
using OnLog = std::function<void(std::string_view line)>;

struct BuildOptions {
  std::vector<std::string> tags = {};
  std::string containerfile = "Containerfile";  ///< its path in the context
  std::map<std::string, std::string> arguments = {}, labels = {};
  std::string target = {};  ///< the stage to stop at
  bool use_cache = true;
  bool always_pull = false;
  std::string network = {};  ///< for RUN: "host", "none"; empty: the engine's default
  std::vector<RegistryCredentials> credentials = {};
};

}  // namespace gennaker::clients::docker
