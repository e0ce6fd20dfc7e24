#include "clients/docker/image_json.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "clients/docker/container_json.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

json::object to_json(const RegistryCredentials& credentials) {
  json::object body;
  const auto set = [&body](std::string_view key, const std::string& text) {
    if (!text.empty()) body[key] = text;
  };
  set("username", credentials.username);
  set("password", credentials.password);
  set("identitytoken", credentials.identity_token);
  set("serveraddress", credentials.registry);
  return body;
}

/// In the alphabet of URLs, as engines want headers.
std::string encoded(const json::object& body) {
  std::string text = base::to_base64(base::to_text(body));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

/// What list and inspect have in common.
Image common(const json::object& object) {
  return {.id = needed_text(object, "Id"),
          .tags = texts(object, "RepoTags"),
          .digests = texts(object, "RepoDigests"),
          .size_bytes = base::whole_number(object, "Size").value_or(0)};
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(Kind::invalid, fmt::format("'{}' cannot be an image: {}; \"registry:5000/team/web:1\" could",
                                         text.substr(0, 200), why));
}

bool is_reference_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("._/:@-").find(c) != std::string_view::npos;
}

void check(std::string_view text) {
  if (text.empty() || text.size() > 500) refuse(text, "its length is not from 1 to 500 characters");
  if (std::isalnum(static_cast<unsigned char>(text.front())) == 0) {
    refuse(text, "it does not begin with a letter or a digit");
  }
  const auto wrong = std::find_if_not(text.begin(), text.end(), is_reference_character);
  if (wrong != text.end()) refuse(text, "it has characters that no reference has");
  // In a URL they would lead elsewhere.
  if (text.find("//") != std::string_view::npos || text.find("..") != std::string_view::npos) {
    refuse(text, "a part of its path is empty or '..'");
  }
}

}  // namespace

ImageReference parse_reference(std::string_view text) {
  check(text);
  auto end = text.find('@');
  if (end == std::string_view::npos) {
    // Before the last slash a colon is a registry's port.
    const auto slash = text.rfind('/');
    end = text.find(':', slash == std::string_view::npos ? 0 : slash);
  }
  if (end == std::string_view::npos) return {.repository = std::string(text), .tag = "latest"};
  ImageReference reference{.repository = std::string(text.substr(0, end)),
                           .tag = std::string(text.substr(end + 1))};
  // Of a tag and a digest the digest counts.
  const auto colon = reference.repository.find(':', reference.repository.rfind('/') + 1);
  if (text[end] == '@' && colon != std::string::npos) reference.repository.resize(colon);
  if (reference.repository.empty()) refuse(text, "nothing stands before the tag");
  if (reference.tag.empty()) refuse(text, "nothing stands after the ':' or '@'");
  return reference;
}

Image image_of(const json::object& inspected) {
  Image image = common(inspected);
  const json::object& config = object_or_empty(inspected, "Config");
  image.labels = text_map(config, "Labels");
  image.created = moment(inspected, "Created");
  image.os = base::string_or(inspected, "Os", "");
  image.architecture = base::string_or(inspected, "Architecture", "");
  image.entrypoint = texts(config, "Entrypoint");
  image.command = texts(config, "Cmd");
  image.environment = texts(config, "Env");
  return image;
}

Image image_of_row(const json::object& row) {
  Image image = common(row);
  image.labels = text_map(row, "Labels");
  if (const auto seconds = base::whole_number(row, "Created"))
    image.created = base::from_millis(1000 * *seconds);
  return image;
}

std::string auth_header(const RegistryCredentials& credentials) {
  return encoded(to_json(credentials));
}

std::string config_header(const std::vector<RegistryCredentials>& credentials) {
  json::object registries;
  for (const auto& one : credentials) registries[one.registry] = to_json(one);
  return encoded(registries);
}

}  // namespace gennaker::clients::docker
