#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace gennaker::base {

/// A file that the build put into the binary (cmake/resources.cmake). Both views live as long as the program.
struct Resource {
  std::string_view path;
  std::string_view bytes;
};

/// The files of the built page as "ui/index.html", and the forms of stages, providers, triggers and channels
/// as "stages/wait/schema.json". nullopt: there is none of this name; a build without the page has no "ui/".
std::optional<std::string_view> resource(std::string_view path);

/// All of them, by path.
std::span<const Resource> resources();

}  // namespace gennaker::base
