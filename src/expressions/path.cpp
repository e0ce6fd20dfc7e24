#include "expressions/path.h"

#include <charconv>
#include <fmt/format.h>

namespace gennaker::expressions {
namespace {

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool in_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9');
}

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  ParsedPath parse() {
    Path path;
    skip_spaces();
    path.root = name();
    if (path.root.empty()) return fail("a name is needed");
    for (skip_spaces(); at_ < text_.size(); skip_spaces()) {
      if (take('.') || take_safe_navigation()) {
        skip_spaces();
        std::string member = name();
        if (member.empty()) return fail("a member's name is needed after '.'");
        path.steps.emplace_back(std::move(member));
      } else if (take('[')) {
        if (!index(path)) return fail("a number or a text in quotes and ']' are needed after '['");
      } else {
        return fail(fmt::format("'{}' is not expected here", text_[at_]));
      }
    }
    return {std::move(path), {}};
  }

 private:
  ParsedPath fail(std::string_view why) const {
    return {std::nullopt, fmt::format("{} at column {} of '{}'", why, at_ + 1, text_)};
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool take_safe_navigation() {
    if (!text_.substr(at_).starts_with("?.")) return false;
    at_ += 2;
    return true;
  }

  std::string name() {
    const std::size_t start = at_;
    if (at_ < text_.size() && starts_name(text_[at_])) {
      while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  bool index(Path& path) {
    skip_spaces();
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
      const char quote = text_[at_++];
      const auto end = text_.find(quote, at_);
      if (end == std::string_view::npos) return false;
      path.steps.emplace_back(std::string(text_.substr(at_, end - at_)));
      at_ = end + 1;
    } else {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
      if (error != std::errc()) return false;
      path.steps.emplace_back(number);
      at_ = static_cast<std::size_t>(end - text_.data());
    }
    skip_spaces();
    return take(']');
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

const json::value* step_into(const json::value& value, const std::variant<std::string, std::int64_t>& step) {
  if (const auto* member = std::get_if<std::string>(&step)) {
    const auto* object = value.if_object();
    return object ? object->if_contains(*member) : nullptr;
  }
  const auto position = std::get<std::int64_t>(step);
  const auto* array = value.if_array();
  if (array == nullptr || position < 0) return nullptr;
  return array->if_contains(static_cast<std::size_t>(position));
}

std::string described(const std::variant<std::string, std::int64_t>& step) {
  if (const auto* member = std::get_if<std::string>(&step)) return fmt::format("'{}'", *member);
  return fmt::format("element {}", std::get<std::int64_t>(step));
}

}  // namespace

ParsedPath parse_path(std::string_view text) {
  return PathParser(text).parse();
}

Found follow(const Path& path, const Root& root) {
  const json::value* value = root.find(path.root);
  if (value == nullptr) return {nullptr, fmt::format("'{}' is not known here", path.root)};
  std::string walked = path.root;
  for (const auto& step : path.steps) {
    const json::value* next = step_into(*value, step);
    if (next == nullptr) return {nullptr, fmt::format("{} is not in '{}'", described(step), walked)};
    walked += fmt::format("[{}]", described(step));
    value = next;
  }
  return {value, {}};
}

}  // namespace gennaker::expressions
