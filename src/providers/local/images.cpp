#include "providers/local/images.h"

#include <cctype>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "providers/local/image_tags.h"
#include "providers/local/tarball.h"
#include "providers/shim/files.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view description_file = "image.json";

[[noreturn]] void refuse(std::string_view field, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("bake: {}: {}", field, why), {{"field", field}});
}

/// With its length, so that two fields cannot be taken for one.
void add_field(base::Sha256& digest, std::string_view text) {
  digest.add(fmt::format("{}:", text.size()));
  digest.add(text);
}

/// Paths below `root`, relative, in one order for all machines.
std::vector<fs::path> tree_of(const fs::path& root) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    paths.push_back(entry.path().lexically_relative(root));
  }
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return paths;
}

void check_link(const fs::path& root, const fs::path& relative) {
  const fs::path target = fs::read_symlink(root / relative);
  const fs::path place = (relative.parent_path() / target).lexically_normal();
  if (target.is_absolute() || (!place.empty() && *place.begin() == "..")) {
    refuse("settings.source",
           fmt::format("the link '{}' leads out of it, to '{}'; make it relative and inside",
                       relative.native(), target.native()));
  }
}

/// Takes the place of what lies there.
void make_room(const fs::path& place) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(place, error))) remove_tree(place.string());
}

void copy_content(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error)
    refuse("settings.source", fmt::format("'{}' cannot be read: {}", from.native(), error.message()));
}

/// Copies a folder and refuses what an image may not hold.
void copy_tree(const fs::path& root, const fs::path& to, std::int64_t limit) {
  std::int64_t left = limit;
  for (const fs::path& relative : tree_of(root)) {
    const fs::path from = root / relative;
    const fs::file_status status = fs::symlink_status(from);
    const fs::path place = to / relative;
    if (!fs::is_directory(status) || !fs::is_directory(fs::symlink_status(place))) make_room(place);
    if (fs::is_directory(status)) {
      fs::create_directory(place);
    } else if (fs::is_symlink(status)) {
      check_link(root, relative);
      fs::copy_symlink(from, place);
    } else if (fs::is_regular_file(status)) {
      left -= static_cast<std::int64_t>(fs::file_size(from));
      if (left < 0) refuse("settings.source", fmt::format("holds more than the {} bytes allowed", limit));
      copy_content(from, place);
    } else {
      refuse("settings.source", fmt::format("'{}' is neither file, directory nor link", relative.native()));
    }
  }
}

enum class Source { folder, tarball };

Source look_at_source(const BakeRequest& request) {
  std::error_code error;
  const std::string& name = request.source;
  const fs::file_status status = fs::status(name, error);
  if (name.empty()) refuse("settings.source", "a folder or a .tar / .tar.gz is needed");
  if (!fs::exists(status)) refuse("settings.source", fmt::format("'{}' does not exist", name));
  if (fs::is_directory(status)) return Source::folder;
  const bool tarball = name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
  if (fs::is_regular_file(status) && tarball) return Source::tarball;
  refuse("settings.source", fmt::format("'{}' is neither a folder nor a .tar / .tar.gz", name));
}

void unpack(const BakeRequest& request, const fs::path& files) {
  unpack_tarball(request.source, files.string(), request.limit_bytes,
                 fmt::format("bake: settings.source: '{}'", request.source));
  for (const fs::path& relative : tree_of(files)) {
    if (fs::is_symlink(fs::symlink_status(files / relative))) check_link(files, relative);
  }
}

/// `unpacked`: a directory that may be used, and goes with the bake.
void fill(const BakeRequest& request, const fs::path& files, const fs::path& unpacked) {
  const Source source = look_at_source(request);
  if (!request.base_image.empty()) {
    copy_tree(image_files(request.directory, request.base_image), files, request.limit_bytes);
  }
  if (source == Source::folder) return copy_tree(request.source, files, request.limit_bytes);
  if (request.base_image.empty()) return unpack(request, files);
  fs::create_directory(unpacked);
  unpack(request, unpacked);
  copy_tree(unpacked, files, request.limit_bytes);
  remove_tree(unpacked.string());
}

/// A link may also lead out by way of other links: what counts is where it ends.
void check_ends_of_links(const fs::path& files) {
  const fs::path root = fs::canonical(files);
  for (const fs::path& relative : tree_of(files)) {
    if (!fs::is_symlink(fs::symlink_status(files / relative))) continue;
    const fs::path end = fs::weakly_canonical(root / relative).lexically_relative(root);
    if (!end.empty() && *end.begin() == "..") {
      refuse("settings.source", fmt::format("the link '{}' leads out of it", relative.native()));
    }
  }
}

/// Executable or not is all that is kept of a mode: the rest differs between a checkout and a tarball.
mode_t kept_mode(const fs::path& path) {
  struct stat status {};
  lstat(path.c_str(), &status);
  return S_ISDIR(status.st_mode) || (status.st_mode & 0100) != 0 ? 0555 : 0444;
}

enum class Content { read, seal };

void add_content(base::Sha256& digest, const fs::path& path, Content what) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) close(fd);
    refuse("settings.source", fmt::format("'{}' cannot be read: {}", path.native(), why));
  }
  digest.add(fmt::format("{}:", status.st_size));
  std::vector<char> bytes(256 * 1024);
  for (ssize_t count = 0; (count = read(fd, bytes.data(), bytes.size())) > 0;) {
    digest.add({bytes.data(), static_cast<std::size_t>(count)});
  }
  if (what == Content::seal) {
    fchmod(fd, kept_mode(path));
    fsync(fd);
  }
  close(fd);
}

/// Names, what is a program and what is not, and contents.
void add_tree(base::Sha256& digest, const fs::path& root, const std::vector<fs::path>& tree, Content what) {
  for (const fs::path& relative : tree) {
    const fs::path path = root / relative;
    add_field(digest, relative.native());
    const fs::file_status status = fs::symlink_status(path);
    if (fs::is_symlink(status)) {
      add_field(digest, "link");
      add_field(digest, fs::read_symlink(path).native());
      continue;
    }
    const mode_t mode = kept_mode(path);
    add_field(digest, fs::is_directory(status) ? "directory" : mode == 0555 ? "program" : "file");
    if (fs::is_regular_file(status)) add_content(digest, path, what);
  }
}

/// Makes everything read-only and durable, and returns the digest.
std::string seal(const BakeRequest& request, const fs::path& files, const std::vector<fs::path>& tree) {
  base::Sha256 digest;
  add_field(digest, request.name);
  add_field(digest, request.version);
  add_tree(digest, files, tree, Content::seal);
  for (auto relative = tree.rbegin(); relative != tree.rend(); ++relative) {
    const fs::path path = files / *relative;
    if (fs::is_symlink(fs::symlink_status(path)) || !fs::is_directory(path)) continue;
    sync_directory(path.string());
    chmod(path.c_str(), 0555);
  }
  sync_directory(files.string());
  chmod(files.c_str(), 0555);
  return digest.hex();
}

void check_word(std::string_view field, const std::string& word, bool needed) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-+~").find(c) != std::string::npos;
  };
  if (word.empty() && !needed) return;
  if (word.empty()) refuse(field, "is needed");
  if (word.size() > 100 || word[0] == '.' || !std::all_of(word.begin(), word.end(), fits)) {
    refuse(
        field,
        fmt::format("'{}' may hold letters, digits and '._-+~', 100 at most, and not begin with '.'", word));
  }
}

json::object describe(const model::Image& image, const std::string& digest) {
  return {{"id", image.id},
          {"name", image.name},
          {"version", image.version},
          {"digest", "sha256:" + digest},
          {"created", base::to_millis(image.created_time)}};
}

std::optional<model::Image> load_image(const std::string& account, const std::string& directory,
                                       const std::string& id) {
  const auto document = read_json_file(fmt::format("{}/{}/{}", directory, id, description_file));
  if (!document) return std::nullopt;
  return model::Image{.id = base::string_or(*document, "id", id),
                      .name = base::string_or(*document, "name", ""),
                      .account = account,
                      .region = "local",
                      .version = base::string_or(*document, "version", ""),
                      .created_time = base::from_millis(base::whole_number(*document, "created").value_or(0)),
                      .tags = load_image_tags(directory, id)};
}

/// Gives the filled directory its name, unless the same content has it already.
Baked publish(const BakeRequest& request, const std::string& temporary, const std::string& digest) {
  Baked baked;
  const std::string label = request.version.empty() ? request.name : request.name + "-" + request.version;
  const std::string id = fmt::format("{}-{}", label, digest.substr(0, 12));
  if (const auto known = load_image(request.account, request.directory, id)) {
    remove_tree(temporary);
    return {.image = *known, .previously_baked = true};
  }
  baked.image = {.id = id,
                 .name = request.name,
                 .account = request.account,
                 .region = "local",
                 .version = request.version,
                 .created_time = request.now};
  write_atomically(fmt::format("{}/{}", temporary, description_file),
                   base::to_pretty_text(describe(baked.image, digest)));
  const std::string final_name = request.directory + "/" + id;
  remove_tree(final_name);  // a directory without its description was never finished
  std::error_code error;
  fs::rename(temporary, final_name, error);
  if (error) throw base::Error(base::Kind::unavailable, fmt::format("{}: {}", final_name, error.message()));
  sync_directory(request.directory);
  chmod(final_name.c_str(), 0555);
  return baked;
}

/// A new directory that load_images takes for unfinished.
std::string make_temporary(const std::string& directory) {
  std::string path = fmt::format("{}/{}XXXXXX", directory, unfinished_image);
  if (mkdtemp(path.data()) == nullptr) {
    throw base::Error(base::Kind::unavailable, fmt::format("{}: {}", directory, std::strerror(errno)));
  }
  return path;
}

using Say = std::function<void(std::string_view)>;

void describe_files(const fs::path& files, const std::vector<fs::path>& tree, const Say& say) {
  std::size_t count = 0;
  std::uintmax_t bytes = 0;
  for (const fs::path& relative : tree) {
    if (!fs::is_regular_file(fs::symlink_status(files / relative))) continue;
    ++count;
    bytes += fs::file_size(files / relative);
  }
  say(fmt::format("Files: {}, with {} bytes", count, bytes));
}

Baked make_image(const BakeRequest& request, const std::string& temporary, const Say& say) {
  const std::string files = temporary + "/files";
  make_directories(files);
  if (!request.base_image.empty()) say(fmt::format("Base image: {}", request.base_image));
  say(fmt::format("Source: {}", request.source));
  fill(request, files, temporary + "/source");
  check_ends_of_links(files);
  const std::vector<fs::path> tree = tree_of(files);
  describe_files(files, tree, say);
  const std::string digest = seal(request, files, tree);
  say(fmt::format("Digest: sha256:{}", digest));
  return publish(request, temporary, digest);
}

}  // namespace

Baked bake_image(const BakeRequest& request, const Say& say) {
  check_word("name", request.name, true);
  check_word("version", request.version, false);
  make_directories(request.directory);
  const std::string temporary = make_temporary(request.directory);
  try {
    return make_image(
        request, temporary, say ? say : [](std::string_view) {});
  } catch (const fs::filesystem_error& error) {
    remove_tree(temporary);
    refuse("settings.source", error.what());
  } catch (...) {
    remove_tree(temporary);
    throw;
  }
}

std::string digest_of_source(const BakeRequest& request) {
  const Source source = look_at_source(request);
  base::Sha256 digest;
  try {
    if (source == Source::folder) {
      add_tree(digest, request.source, tree_of(request.source), Content::read);
    } else {
      add_content(digest, request.source, Content::read);
    }
  } catch (const fs::filesystem_error& error) {
    refuse("settings.source", error.what());
  }
  return digest.hex();
}

std::vector<model::Image> load_images(const std::string& account, const std::string& directory) {
  std::vector<model::Image> images;
  for (const std::string& name : names_in(directory)) {
    if (name.starts_with(unfinished_image)) {
      remove_tree(directory + "/" + name);
    } else if (auto image = load_image(account, directory, name)) {
      images.push_back(std::move(*image));
    }
  }
  return images;
}

std::string image_files(const std::string& directory, const std::string& image_id) {
  return fmt::format("{}/{}/files", directory, image_id);
}

}  // namespace gennaker::providers::local
