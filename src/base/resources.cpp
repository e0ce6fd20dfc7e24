#include "base/resources.h"

#include <algorithm>

namespace gennaker::base {

std::optional<std::string_view> resource(std::string_view path) {
  const auto all = resources();
  const auto found =
      std::lower_bound(all.begin(), all.end(), path,
                       [](const Resource& r, std::string_view wanted) { return r.path < wanted; });
  if (found == all.end() || found->path != path) return std::nullopt;
  return found->bytes;
}

}  // namespace gennaker::base
