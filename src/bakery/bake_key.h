#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

/// What makes two bakes the same. Source: docs/bakery.md
namespace gennaker::bakery {

namespace json = boost::json;

/// All that decides about the outcome of a bake.
struct BakeInputs {
  std::string provider;
  std::string account;
  std::string region;
  std::string name;
  std::string version;
  std::string base_image;
  json::object attributes;
  json::object settings;
  /// What the provider adds (clusters::CloudProvider::bake_inputs). A member takes the place of the setting
  /// of its name.
  json::object provider_inputs;
};

struct BakeKey {
  std::string text;  ///< "bake:local:prod:local:shop:1.2:0123456789abcdef"
  /// What counted, for people: "version: 1.2", "source: sha256:...". A long one is cut.
  std::vector<std::string> inputs;
};

/// Equal for equal inputs. The order of members does not count, and neither do those that are null.
BakeKey bake_key(const BakeInputs& inputs);

}  // namespace gennaker::bakery
