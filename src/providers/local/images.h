#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/infrastructure.h"

/// Images: immutable directories named by their content. Everything here blocks: call it on a pool.
namespace gennaker::providers::local {

struct BakeRequest {
  std::string account;
  std::string directory;  ///< of the account's images
  std::string name;
  std::string version;
  std::string source;      ///< a folder, or a .tar / .tar.gz
  std::string base_image;  ///< an image's id, whose files lie beneath those of the source; empty: none
  std::int64_t limit_bytes = 0;
  base::TimePoint now{};
};

struct Baked {
  model::Image image;
  bool previously_baked = false;
};

/// Copies the source. The id is made of name, version and a digest of the sorted tree (names, modes,
/// contents), so that the same gives the same. Throws base::Error `invalid` naming the field: `name`,
/// `version`, `settings.source` (missing, of another sort, over the limit, a link that leaves it, a device).
/// `say` is told what happens, line by line.
Baked bake_image(const BakeRequest& request, const std::function<void(std::string_view)>& say = {});

/// Of the source alone, as the bake would find it: of a folder its tree, of a tarball its bytes. Throws
/// base::Error `invalid` naming `settings.source`.
std::string digest_of_source(const BakeRequest& request);

/// Those that are complete. What a crash left behind half-done is removed.
std::vector<model::Image> load_images(const std::string& account, const std::string& directory);

/// What the name of a directory begins with that is no image yet, or no more.
inline constexpr std::string_view unfinished_image = ".baking-";

/// Where an image's files are.
std::string image_files(const std::string& directory, const std::string& image_id);

}  // namespace gennaker::providers::local
