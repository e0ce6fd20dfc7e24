#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/cli.h"

namespace gennaker::cli {

/// What a command touches besides the server; a test gives it its own.
struct Surroundings {
  struct Size {
    int width = 80, height = 24;
  };
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const base::Clock& clock;
  std::function<std::optional<std::string>(const std::string&)> environment;
  bool terminal = false;  ///< stdout is one
  bool utf8 = false;
  bool root = false;
  std::function<Size()> size = [] { return Size(); };
};

/// `arguments` without the program's name.
int run(std::vector<std::string> arguments, Surroundings& around, const Programs& programs);

}  // namespace gennaker::cli
