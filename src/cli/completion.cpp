#include "cli/completion.h"

#include <fmt/format.h>

#include "cli/commands.h"

namespace gennaker::cli {
namespace {

struct Place {
  std::string path;  ///< "pipeline run"
  const CommandWords* words;
};

void collect(const CommandWords& words, const std::string& path, std::vector<Place>& places) {
  places.push_back({path, &words});
  for (const auto& command : words.commands) {
    collect(command, path.empty() ? command.name : path + " " + command.name, places);
  }
}

std::vector<std::string> words_at(const CommandWords& root, const CommandWords& place) {
  std::vector<std::string> all;
  for (const auto& command : place.commands) all.push_back(command.name);
  all.insert(all.end(), place.values.begin(), place.values.end());
  for (const auto& [option, text] : place.options) all.push_back(option);
  if (&place != &root) {
    for (const auto& [option, text] : root.options) all.push_back(option);
  }
  return all;
}

/// `case` branches that both bash and zsh read: "pipeline run) words='...' ;;"
std::string branches(const CommandWords& root, const std::vector<Place>& places) {
  std::string out;
  for (const auto& place : places) {
    out += fmt::format("    '{}') words='{}' ;;\n", place.path, fmt::join(words_at(root, *place.words), " "));
  }
  return out;
}

std::string known_paths(const std::vector<Place>& places) {
  std::string out;
  for (const auto& place : places) {
    if (!place.path.empty()) out += fmt::format("{}'{}'", out.empty() ? "" : "|", place.path);
  }
  return out;
}

std::string bash(const CommandWords& root, const std::vector<Place>& places) {
  return fmt::format(R"(# bash completion for {0}: source <({0} completion bash)
_{0}() {{
  local at='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{at:+$at }}${{COMP_WORDS[i]}}"
    case "$word" in {1}) at="$word" ;; esac
  done
  case "$at" in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  if [[ ${{#COMPREPLY[@]}} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}")); fi
}}
complete -F _{0} {0}
)",
                     root.name, known_paths(places), branches(root, places));
}

std::string zsh(const CommandWords& root, const std::vector<Place>& places) {
  return fmt::format(R"(#compdef {0}
# zsh completion for {0}: source <({0} completion zsh)
_{0}() {{
  local at='' word choices='' i
  for ((i = 2; i < CURRENT; i++)); do
    word="${{at:+$at }}${{words[i]}}"
    case "$word" in {1}) at="$word" ;; esac
  done
  local words=''
  case "$at" in
{2}  esac
  compadd -- ${{=words}} || _files
}}
compdef _{0} {0}
)",
                     root.name, known_paths(places), branches(root, places));
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// When the words so far are those of `path`, and none of its commands follows.
std::string fish_condition(const Place& place) {
  std::string seen;
  for (std::size_t begin = 0; begin < place.path.size();) {
    const auto end = std::min(place.path.find(' ', begin), place.path.size());
    seen += fmt::format("{}__fish_seen_subcommand_from {}", seen.empty() ? "" : "; and ",
                        place.path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (place.words->commands.empty()) return seen;
  std::vector<std::string> names;
  for (const auto& command : place.words->commands) names.push_back(command.name);
  return fmt::format("{}not __fish_seen_subcommand_from {}", seen.empty() ? "" : seen + "; and ",
                     fmt::join(names, " "));
}

std::string fish(const CommandWords& root, const std::vector<Place>& places) {
  std::string out = fmt::format("# fish completion for {0}: {0} completion fish | source\n", root.name);
  const auto option_line = [&](const std::string& condition, const auto& option) {
    if (!option.first.starts_with("--")) return;
    const auto when = condition.empty() ? "" : fmt::format(" -n {}", quoted(condition));
    out += fmt::format("complete -c {}{} -l {} -d {}\n", root.name, when, option.first.substr(2),
                       quoted(option.second));
  };
  for (const auto& option : root.options) option_line("", option);
  for (const auto& place : places) {
    const auto condition = fish_condition(place);
    for (const auto& command : place.words->commands) {
      out += fmt::format("complete -c {} -f -n {} -a {} -d {}\n", root.name, quoted(condition), command.name,
                         quoted(command.description));
    }
    for (const auto& value : place.words->values) {
      out += fmt::format("complete -c {} -f -n {} -a {}\n", root.name, quoted(condition), value);
    }
    if (place.path.empty()) continue;
    for (const auto& option : place.words->options) option_line(condition, option);
  }
  return out;
}

}  // namespace

std::string completion_script(const CommandWords& root, const std::string& shell) {
  std::vector<Place> places;
  collect(root, "", places);
  if (shell == "bash") return bash(root, places);
  if (shell == "zsh") return zsh(root, places);
  if (shell == "fish") return fish(root, places);
  throw usage_error(fmt::format("completion: '{}' is not known; there is bash, zsh and fish", shell));
}

}  // namespace gennaker::cli
