#include "providers/local/images.h"

#include <cctype>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

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

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  /// With its length, so that two fields cannot be taken for one.
  void add_field(std::string_view text) {
    add(fmt::format("{}:", text.size()));
    add(text);
  }
  std::string hex() {
    unsigned char digest[32];
    EVP_DigestFinal_ex(context_.get(), digest, nullptr);
    std::string text;
    for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

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
    if (fs::is_directory(status)) {
      fs::create_directory(to / relative);
    } else if (fs::is_symlink(status)) {
      check_link(root, relative);
      fs::copy_symlink(from, to / relative);
    } else if (fs::is_regular_file(status)) {
      left -= static_cast<std::int64_t>(fs::file_size(from));
      if (left < 0) refuse("settings.source", fmt::format("holds more than the {} bytes allowed", limit));
      copy_content(from, to / relative);
    } else {
      refuse("settings.source", fmt::format("'{}' is neither file, directory nor link", relative.native()));
    }
  }
}

void fill(const BakeRequest& request, const fs::path& files) {
  std::error_code error;
  const fs::file_status status = fs::status(request.source, error);
  if (request.source.empty()) refuse("settings.source", "a folder or a .tar / .tar.gz is needed");
  if (!fs::exists(status)) refuse("settings.source", fmt::format("'{}' does not exist", request.source));
  if (fs::is_directory(status)) {
    copy_tree(request.source, files, request.limit_bytes);
    return;
  }
  const std::string& name = request.source;
  const bool tarball = name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
  if (!fs::is_regular_file(status) || !tarball) {
    refuse("settings.source", fmt::format("'{}' is neither a folder nor a .tar / .tar.gz", name));
  }
  unpack_tarball(name, files.string(), request.limit_bytes, fmt::format("bake: settings.source: '{}'", name));
  for (const fs::path& relative : tree_of(files)) {
    if (fs::is_symlink(fs::symlink_status(files / relative))) check_link(files, relative);
  }
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

void add_content(Sha256& digest, const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0)
    refuse("settings.source", fmt::format("'{}' is gone", path.native()));
  digest.add(fmt::format("{}:", status.st_size));
  std::vector<char> bytes(256 * 1024);
  for (ssize_t count = 0; (count = read(fd, bytes.data(), bytes.size())) > 0;) {
    digest.add({bytes.data(), static_cast<std::size_t>(count)});
  }
  fchmod(fd, kept_mode(path));
  fsync(fd);
  close(fd);
}

/// Makes everything read-only and durable, and returns the digest.
std::string seal(const BakeRequest& request, const fs::path& files) {
  Sha256 digest;
  digest.add_field(request.name);
  digest.add_field(request.version);
  const std::vector<fs::path> tree = tree_of(files);
  for (const fs::path& relative : tree) {
    const fs::path path = files / relative;
    digest.add_field(relative.native());
    if (fs::is_symlink(fs::symlink_status(path))) {
      digest.add_field("link");
      digest.add_field(fs::read_symlink(path).native());
      continue;
    }
    const mode_t mode = kept_mode(path);
    digest.add_field(fs::is_directory(path) ? "directory" : mode == 0555 ? "program" : "file");
    if (!fs::is_directory(path)) add_content(digest, path);
  }
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

}  // namespace

Baked bake_image(const BakeRequest& request) {
  check_word("name", request.name, true);
  check_word("version", request.version, false);
  make_directories(request.directory);
  const std::string temporary = make_temporary(request.directory);
  try {
    const std::string files = temporary + "/files";
    make_directories(files);
    fill(request, files);
    check_ends_of_links(files);
    return publish(request, temporary, seal(request, files));
  } catch (const fs::filesystem_error& error) {
    remove_tree(temporary);
    refuse("settings.source", error.what());
  } catch (...) {
    remove_tree(temporary);
    throw;
  }
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
