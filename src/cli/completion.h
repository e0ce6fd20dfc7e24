#pragma once

#include <string>
#include <vector>

namespace gennaker::cli {

/// The words of the command line, as far as a shell completes them.
struct CommandWords {
  std::string name, description;
  std::vector<std::pair<std::string, std::string>> options;  ///< "--name" and what it does
  std::vector<std::string> values;                           ///< of a positional argument
  std::vector<CommandWords> commands;
};

/// A script for `bash`, `zsh` or `fish`. Throws usage_error for another shell.
std::string completion_script(const CommandWords& root, const std::string& shell);

}  // namespace gennaker::cli
