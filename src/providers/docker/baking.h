#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "model/operation.h"

/// What a bake is asked for. Source: README.md, "A bake".
namespace gennaker::providers::docker {

struct Baking {
  std::string name, version;
  std::filesystem::path source;
  std::string containerfile;  ///< its path in `source`
  std::map<std::string, std::string> arguments;
  std::string target, network;
  std::string push;       ///< a reference with a tag; empty: it stays where it is built
  std::string content;    ///< a digest of all that it is made of
  std::string reference;  ///< "localhost/shop:1.2-0123456789ab"
};

/// Looks at the source too, so it blocks. Throws base::Error `invalid`, naming the field.
Baking baking_of(const model::Operation& operation);

}  // namespace gennaker::providers::docker
