#include "providers/local/programs.h"

#include <filesystem>
#include <unistd.h>

#include "providers/settings/fields.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string resolve_program(const std::string& program, const std::string& image) {
  const std::string inside = image + "/" + program;
  return !program.starts_with('/') && access(inside.c_str(), X_OK) == 0 ? inside : program;
}

std::string resolve_directory(const std::string& directory, const std::string& image) {
  if (directory.empty()) return image;
  return directory.starts_with('/') ? directory : image + "/" + directory;
}

void check_against_image(const GroupSettings& settings, const std::string& image_id,
                         const std::string& image) {
  const std::string directory = resolve_directory(settings.working_directory, image);
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) {
    refuse("settings.workingDirectory",
           fmt::format("'{}' is not a directory of image '{}'", settings.working_directory, image_id));
  }
  const std::string program = resolve_program(settings.command[0], image);
  const bool is_path = program.find('/') != std::string::npos;
  if (is_path && access(program.c_str(), X_OK) != 0) {
    refuse("settings.command",
           fmt::format("'{}' is not a program of image '{}'", settings.command[0], image_id));
  }
}

}  // namespace gennaker::providers::local
