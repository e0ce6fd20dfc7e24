#include "bakery/bake_key.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/digest.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/utf8.h"

namespace gennaker::bakery {
namespace {

constexpr std::size_t digest_length = 16;
constexpr std::size_t longest_words = 200;

/// Members by name, without those that say nothing.
json::value in_order(const json::value& value) {
  if (const auto* list = value.if_array()) {
    json::array ordered;
    for (const auto& element : *list) ordered.push_back(in_order(element));
    return ordered;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  std::map<std::string, json::value> members;
  for (const auto& member : *object) {
    if (!member.value().is_null()) members.emplace(member.key(), in_order(member.value()));
  }
  json::object ordered;
  for (auto& [name, member] : members) ordered.emplace(name, std::move(member));
  return ordered;
}

json::object all_of(const BakeInputs& inputs) {
  json::object all = inputs.settings;
  if (!inputs.base_image.empty()) all["baseImage"] = inputs.base_image;
  if (!inputs.attributes.empty()) all["attributes"] = inputs.attributes;
  base::merge_into(all, inputs.provider_inputs);
  return in_order(all).as_object();
}

std::string in_words(std::string_view name, const json::value& value) {
  std::string words = fmt::format("{}: {}", name, base::plain_text(value));
  if (words.size() <= longest_words) return words;
  words.resize(longest_words);
  return words + "...";
}

}  // namespace

BakeKey bake_key(const BakeInputs& inputs) {
  const json::object all = all_of(inputs);
  const std::string digest = base::sha256_hex(base::to_text(all)).substr(0, digest_length);
  BakeKey key{.text = fmt::format("bake:{}:{}:{}:{}:{}:{}", inputs.provider, inputs.account, inputs.region,
                                  inputs.name, inputs.version, digest)};
  key.inputs = {fmt::format("provider: {}", inputs.provider), fmt::format("account: {}", inputs.account),
                fmt::format("region: {}", inputs.region), fmt::format("name: {}", inputs.name)};
  if (!inputs.version.empty()) key.inputs.push_back(fmt::format("version: {}", inputs.version));
  for (const auto& member : all) key.inputs.push_back(in_words(member.key(), member.value()));
  return key;
}

}  // namespace gennaker::bakery
