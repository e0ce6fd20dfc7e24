#include "providers/docker/baking.h"

#include <algorithm>
#include <fstream>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "clusters/operations.h"
#include "providers/docker/references.h"
#include "providers/settings/fields.h"

namespace gennaker::providers::docker {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digest_in_tag = 12;
constexpr std::size_t longest_version = 100;

void check_name(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (fine && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
      std::isalnum(static_cast<unsigned char>(name.back())) != 0) {
    return;
  }
  refuse("name", fmt::format("'{}' is no name of an image; small letters, digits and '._-' make one", name));
}

void check_version(const std::string& version) {
  const bool fine = std::all_of(version.begin(), version.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
  const bool begins_well = !version.empty() && version.front() != '.' && version.front() != '-';
  if (fine && begins_well && version.size() <= longest_version) return;
  refuse("version", fmt::format("'{}' is no tag of an image; letters, digits and '._-' make one", version));
}

fs::path source_of(Fields& settings) {
  const std::string source = settings.text("source").value_or("");
  const std::string field = settings.field("source");
  if (source.empty()) refuse(field, "a folder with a Containerfile is needed");
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) refuse(field, fmt::format("'{}' is not a folder", source));
  return source;
}

std::string containerfile_of(Fields& settings, const fs::path& source) {
  std::error_code ignored;
  if (const auto given = settings.text("containerfile")) {
    if (fs::is_regular_file(source / *given, ignored)) return *given;
    refuse(settings.field("containerfile"), fmt::format("'{}' has no file '{}'", source.native(), *given));
  }
  for (const std::string_view name : {"Containerfile", "Dockerfile"}) {
    if (fs::is_regular_file(source / name, ignored)) return std::string(name);
  }
  refuse(settings.field("source"),
         fmt::format("'{}' holds neither a Containerfile nor a Dockerfile", source.native()));
}

/// One text after the other, told apart.
void add(base::Sha256& digest, std::string_view text) {
  digest.add(fmt::format("{}:", text.size()));
  digest.add(text);
}

void add_file(base::Sha256& digest, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse("settings.source", fmt::format("'{}' cannot be read", path.native()));
  base::Sha256 own;
  std::array<char, 64 * 1024> bytes;
  while (file.read(bytes.data(), bytes.size()) || file.gcount() > 0) {
    own.add(std::string_view(bytes.data(), static_cast<std::size_t>(file.gcount())));
  }
  add(digest, own.hex());
}

/// Names, modes and contents; not times and owners, which differ from one checkout to the next.
void add_tree(base::Sha256& digest, const fs::path& root) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; entry != end; entry.increment(error)) {
    paths.push_back(entry->path());
    if (error) break;
  }
  if (error)
    refuse("settings.source", fmt::format("'{}' cannot be read: {}", root.native(), error.message()));
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const fs::file_status status = fs::symlink_status(path);
    add(digest, path.lexically_relative(root).native());
    add(digest, fmt::format("{:o}", static_cast<unsigned>(status.permissions())));
    if (fs::is_symlink(status)) add(digest, fs::read_symlink(path).native());
    if (fs::is_regular_file(status)) add_file(digest, path);
  }
}

std::string content_of(const Baking& baking) {
  base::Sha256 digest;
  for (const std::string& text : {baking.name, baking.version, baking.containerfile, baking.target}) {
    add(digest, text);
  }
  for (const auto& [name, value] : baking.arguments) {
    add(digest, name);
    add(digest, value);
  }
  add_tree(digest, baking.source);
  return digest.hex();
}

std::string push_of(Fields& settings, const std::string& version) {
  const std::string push = settings.text("push").value_or("");
  if (push.empty()) return "";
  const std::string field = settings.field("push");
  const engine::ImageReference reference = reference_of(field, push);
  if (push.find('@') != std::string::npos) refuse(field, "a tag is needed, not a digest");
  if (!can_be_pulled(push)) refuse(field, fmt::format("'{}' names no registry", push));
  return push.size() == reference.repository.size() ? push + ":" + version : push;
}

std::string reference_for(const Baking& baking) {
  return fmt::format("localhost/{}:{}-{}", baking.name, baking.version,
                     baking.content.substr(0, digest_in_tag));
}

/// What a bake asks for whatever its provider. The build's own arguments win.
void add_asked(Baking& baking, const clusters::BakeSpec& spec) {
  for (const auto& attribute : spec.attributes) {
    baking.arguments.emplace(attribute.key(), base::plain_text(attribute.value()));
  }
  baking.base_image = spec.base_image;
  if (!baking.base_image.empty()) baking.arguments.emplace("BASE_IMAGE", baking.base_image);
  baking.rebake = spec.rebake;
}

}  // namespace

Baking baking_of(const model::Operation& operation) {
  static const json::object none;
  const auto* given = base::find_object(operation.what, "settings");
  Fields settings(given != nullptr ? *given : none, "settings");
  Baking baking{.name = base::string_or(operation.what, "name", ""),
                .version = base::string_or(operation.what, "version", "")};
  check_name(baking.name);
  check_version(baking.version);
  baking.source = source_of(settings);
  baking.containerfile = containerfile_of(settings, baking.source);
  baking.arguments = settings.text_map("arguments");
  baking.target = settings.text("target").value_or("");
  baking.network = settings.text("network").value_or("");
  baking.push = push_of(settings, baking.version);
  settings.refuse_others();
  add_asked(baking, clusters::bake_spec_of(operation));
  baking.content = content_of(baking);
  baking.reference = reference_for(baking);
  return baking;
}

Baking with_base(Baking baking, const std::string& base_image_id) {
  if (base_image_id.empty()) return baking;
  base::Sha256 digest;
  add(digest, baking.content);
  add(digest, base_image_id);
  baking.content = digest.hex();
  baking.reference = reference_for(baking);
  return baking;
}

}  // namespace gennaker::providers::docker
