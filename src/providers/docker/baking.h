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
  std::string push;        ///< a reference with a tag; empty: it stays where it is built
  std::string base_image;  ///< what the build argument BASE_IMAGE says; empty: the Containerfile alone does
  bool rebake = false;     ///< nothing that an earlier build left may be used
  std::string content;     ///< a digest of all that it is made of, but for the base image's own
  std::string reference;   ///< "localhost/shop:1.2-0123456789ab"
};

/// Looks at the source too, so it blocks. Throws base::Error `invalid`, naming the field.
Baking baking_of(const model::Operation& operation);

/// The same with what the base image turned out to be in its content and its name; empty: there is none.
Baking with_base(Baking baking, const std::string& base_image_id);

}  // namespace gennaker::providers::docker
