#include "providers/local/image_tags.h"

#include <filesystem>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "providers/local/images.h"
#include "providers/shim/files.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

std::string tags_file(const std::string& images, const std::string& image_id) {
  return fmt::format("{}-tags/{}.json", images, image_id);
}

}  // namespace

json::object load_image_tags(const std::string& images, const std::string& image_id) {
  return read_json_file(tags_file(images, image_id)).value_or(json::object{});
}

void save_image_tags(const std::string& images, const std::string& image_id, const json::object& tags) {
  make_directories(images + "-tags");
  write_atomically(tags_file(images, image_id), base::to_pretty_text(tags));
}

void remove_image(const std::string& images, const std::string& image_id) {
  // Out of sight first: half an image must not be taken for a whole one.
  const std::string removed = fmt::format("{}/{}removed-{}", images, unfinished_image, image_id);
  std::error_code error;
  fs::rename(fmt::format("{}/{}", images, image_id), removed, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw base::Error(base::Kind::unavailable, fmt::format("{}: {}", removed, error.message()));
  remove_tree(removed);
  fs::remove(tags_file(images, image_id), error);
}

}  // namespace gennaker::providers::local
