#include "expressions/regex.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <re2/re2.h>

#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {
namespace {

constexpr std::size_t kept_patterns = 64;

Failure refused(std::string_view pattern, std::string_view why) {
  return java("PatternSyntaxException", fmt::format("the pattern '{}' cannot be used: {}", pattern, why));
}

/// Writes a Java pattern in RE2's words.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      if (pattern_.substr(at_).starts_with("\\Q")) {
        quoted();
      } else if (pattern_[at_] == '\\') {
        escape(false);
      } else if (pattern_[at_] == '[') {
        character_class();
      } else if (pattern_[at_] == '(') {
        group();
      } else if (pattern_[at_] == '.') {
        out_ += dot_matches_all_ ? "." : "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]";
        ++at_;
      } else {
        quantifier_or_literal();
      }
    }
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }

  void quoted() {
    at_ += 2;
    const std::size_t end = pattern_.find("\\E", at_);
    out_ += re2::RE2::QuoteMeta(
        std::string(pattern_.substr(at_, end == std::string_view::npos ? end : end - at_)));
    at_ = end == std::string_view::npos ? pattern_.size() : end + 2;
  }

  /// {2} {2,} {2,5}; with anything else in it, '{' is an error in Java and a character in RE2.
  void check_repetition() {
    const std::string_view inside = pattern_.substr(at_ + 1, pattern_.find('}', at_) - at_ - 1);
    const std::size_t comma = inside.find(',');
    const auto all_digits = [](std::string_view text) {
      return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    const std::string_view least = inside.substr(0, comma);
    const std::string_view most = comma == std::string_view::npos ? "" : inside.substr(comma + 1);
    if (least.empty() || !all_digits(least) || !all_digits(most) ||
        pattern_.find('}', at_) == std::string_view::npos)
      throw refused(pattern_, "'{' begins a repetition, {2,5}: write \\{ for the character");
  }

  void quantifier_or_literal() {
    const char c = pattern_[at_];
    if (c == '{') check_repetition();
    const bool quantifies = c == '*' || c == '+' || c == '?' || c == '}';
    if (quantifies && peek(1) == '+')
      throw refused(pattern_,
                    "possessive quantifiers (*+ ++ ?+) are not supported: write them without the second +");
    out_ += c;
    ++at_;
  }

  void group() {
    out_ += '(';
    ++at_;
    if (peek() != '?') return;
    const std::string_view rest = pattern_.substr(at_ + 1);
    if (rest.starts_with("=") || rest.starts_with("!") || rest.starts_with("<=") || rest.starts_with("<!"))
      throw refused(
          pattern_,
          "look-ahead and look-behind, (?= (?! (?<= (?<!, are not supported: match the text around it too, "
          "and keep it with a group");
    if (rest.starts_with(">"))
      throw refused(pattern_, "independent groups, (?>, are not supported: write (?:");
    if (rest.starts_with("<")) {
      out_ += "?P";
      ++at_;
      return;
    }
    out_ += '?';
    ++at_;
    flags();
  }

  void flags() {
    bool on = true;
    while (std::isalpha(static_cast<unsigned char>(peek())) || peek() == '-') {
      const char c = peek();
      if (c == '-') on = false;
      if (c == 's') dot_matches_all_ = on;
      if (c == 'x' || c == 'd' || c == 'U')
        throw refused(pattern_, fmt::format("the flag (?{}) is not supported", c));
      if (c != 'u') out_ += c;  // all cases are Unicode's
      ++at_;
    }
  }

  void character_class() {
    out_ += '[';
    ++at_;
    if (peek() == '^') {
      out_ += '^';
      ++at_;
    }
    bool first = true;
    while (at_ < pattern_.size() && (pattern_[at_] != ']' || first)) {
      first = false;
      if (pattern_[at_] == '[' || pattern_.substr(at_).starts_with("&&"))
        throw refused(pattern_,
                      "classes within classes ([a-z&&[^b]], [a[b]]) are not supported: write one class");
      if (pattern_[at_] == '\\') {
        escape(true);
      } else {
        out_ += pattern_[at_++];
      }
    }
    if (at_ >= pattern_.size()) throw refused(pattern_, "a class, [...], has no end");
    out_ += ']';
    ++at_;
  }

  void escape(bool in_class) {
    const char c = peek(1);
    const auto put = [&](std::string_view in_brackets) {
      out_ += in_class ? std::string(in_brackets) : fmt::format("[{}]", in_brackets);
      at_ += 2;
    };
    if (at_ + 1 >= pattern_.size()) throw refused(pattern_, "a backslash stands at the end");
    if (c == 's') return put("\\t\\n\\x0b\\f\\r ");
    if (c == 'h') return put(" \\t\\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}");
    if (c == 'S' && !in_class) {
      out_ += "[^\\t\\n\\x0b\\f\\r ]";
      at_ += 2;
    } else if (c == 'R' && !in_class) {
      out_ += "(?:\\r\\n|[\\n\\x0b\\f\\r\\x{85}\\x{2028}\\x{2029}])";
      at_ += 2;
    } else if (c == 'Z' && !in_class) {
      out_ += "(?:\\r?\\n)?\\z";
      at_ += 2;
    } else if (c == 'e') {
      out_ += "\\x1b";
      at_ += 2;
    } else if (c == 'u') {
      out_ += fmt::format("\\x{{{}}}", pattern_.substr(at_ + 2, 4));
      at_ = std::min(at_ + 6, pattern_.size());
    } else if (c == 'p' || c == 'P') {
      property(in_class);
    } else if ((std::isdigit(static_cast<unsigned char>(c)) && c != '0') || c == 'k') {
      throw refused(pattern_, "back references, \\1, are not supported: write out what is repeated");
    } else {
      out_ += pattern_.substr(at_, 2);
      at_ += 2;
    }
  }

  void property(bool in_class) {
    struct Named {
      std::string_view java, re2;
    };
    static constexpr std::array<Named, 18> names{{{"Lower", "a-z"},
                                                  {"Upper", "A-Z"},
                                                  {"ASCII", "\\x00-\\x7f"},
                                                  {"Alpha", "a-zA-Z"},
                                                  {"Digit", "0-9"},
                                                  {"Alnum", "a-zA-Z0-9"},
                                                  {"Punct", "!-/:-@\\[-`{-~"},
                                                  {"Graph", "!-~"},
                                                  {"Print", " -~"},
                                                  {"Blank", " \\t"},
                                                  {"Cntrl", "\\x00-\\x1f\\x7f"},
                                                  {"XDigit", "0-9a-fA-F"},
                                                  {"Space", "\\t\\n\\x0b\\f\\r "},
                                                  {"IsAlphabetic", "\\p{L}\\p{Nl}"},
                                                  {"javaLowerCase", "\\p{Ll}"},
                                                  {"javaUpperCase", "\\p{Lu}"},
                                                  {"IsLetter", "\\p{L}"},
                                                  {"IsDigit", "\\p{Nd}"}}};
    const bool negated = peek(1) == 'P';
    const bool braces = peek(2) == '{';
    const std::size_t end = braces ? pattern_.find('}', at_) : at_ + 2;
    if (end >= pattern_.size()) throw refused(pattern_, "\\p has no name");
    std::string name(braces ? pattern_.substr(at_ + 3, end - at_ - 3) : pattern_.substr(at_ + 2, 1));
    at_ = end + 1;
    for (const Named& named : names) {
      if (named.java != name) continue;
      if (in_class && negated)
        throw refused(pattern_, fmt::format("\\P{{{}}} within a class is not supported", name));
      out_ += in_class ? std::string(named.re2) : fmt::format("[{}{}]", negated ? "^" : "", named.re2);
      return;
    }
    if (name.starts_with("Is")) name = name.substr(2);
    out_ += fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
  bool dot_matches_all_ = false;
};

std::unique_ptr<re2::RE2> compile(const std::string& translated, std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  auto compiled = std::make_unique<re2::RE2>(translated, options);
  if (!compiled->ok()) throw refused(pattern, compiled->error());
  return compiled;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::shared_ptr<const Regex> Regex::compiled(std::string_view pattern) {
  thread_local std::deque<std::pair<std::string, std::shared_ptr<const Regex>>> kept;
  const auto found =
      std::find_if(kept.begin(), kept.end(), [&](const auto& one) { return one.first == pattern; });
  if (found != kept.end()) return found->second;
  auto made = std::make_shared<const Regex>(pattern);
  kept.emplace_front(std::string(pattern), made);
  if (kept.size() > kept_patterns) kept.pop_back();
  return made;
}

Regex::Regex(std::string_view pattern) {
  const std::string translated = Translator(pattern).run();
  part_ = compile(translated, pattern);
}

Regex::~Regex() = default;

bool Regex::matches(std::string_view text) const {
  return re2::RE2::FullMatch(piece(text), *part_);
}

/// Each gets the groups, the whole match first; it says whether to go on.
template <class Each>
void Regex::for_each_match(std::string_view text, Each each) const {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(part_->NumberOfCapturingGroups()) + 1);
  std::vector<std::string_view> views(groups.size());
  std::size_t from = 0;
  while (from <= text.size() && part_->Match(piece(text), from, text.size(), re2::RE2::UNANCHORED,
                                             groups.data(), static_cast<int>(groups.size()))) {
    for (std::size_t i = 0; i < groups.size(); ++i)
      views[i] = groups[i].data() == nullptr ? std::string_view()
                                             : std::string_view(groups[i].data(), groups[i].size());
    if (!each(views)) return;
    from = static_cast<std::size_t>(views[0].data() - text.data()) + views[0].size();
    if (!views[0].empty()) continue;
    // An empty match is not found twice: on by one character.
    ++from;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80) ++from;
  }
}

std::string Regex::replace(std::string_view text, std::string_view replacement, bool all) const {
  std::string out;
  std::size_t copied = 0;
  for_each_match(text, [&](const std::vector<std::string_view>& groups) {
    const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    out += text.substr(copied, start - copied);
    out += expand(replacement, groups);
    copied = start + groups[0].size();
    if (out.size() > 10'000'000) throw java("OutOfMemoryError", "the text after the replacement is too long");
    return all;
  });
  return out + std::string(text.substr(copied));
}

std::string Regex::expand(std::string_view replacement, const std::vector<std::string_view>& groups) const {
  std::string out;
  const auto digit = [&](std::size_t at) {
    return at < replacement.size() && std::isdigit(static_cast<unsigned char>(replacement[at]))
               ? replacement[at] - '0'
               : -1;
  };
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '\\') {
      if (++i >= replacement.size())
        throw java("IllegalArgumentException", "character to be escaped is missing");
      out += replacement[i];
    } else if (c != '$') {
      out += c;
    } else if (replacement.substr(i).starts_with("${")) {
      const std::size_t end = replacement.find('}', i);
      if (end == std::string_view::npos) throw java("IllegalArgumentException", "a group's name has no end");
      const auto& names = part_->NamedCapturingGroups();
      const auto named = names.find(std::string(replacement.substr(i + 2, end - i - 2)));
      if (named == names.end())
        throw java("IllegalArgumentException",
                   fmt::format("there is no group '{}'", replacement.substr(i + 2, end - i - 2)));
      out += groups[static_cast<std::size_t>(named->second)];
      i = end;
    } else {
      if (digit(i + 1) < 0) throw java("IllegalArgumentException", "a group's number must stand behind $");
      auto group = static_cast<std::size_t>(digit(++i));
      if (group >= groups.size())
        throw java("IndexOutOfBoundsException", fmt::format("there is no group {}", group));
      // More digits count as long as there is such a group.
      while (digit(i + 1) >= 0 && group * 10 + static_cast<std::size_t>(digit(i + 1)) < groups.size())
        group = group * 10 + static_cast<std::size_t>(digit(++i));
      out += groups[group];
    }
  }
  return out;
}

std::vector<std::string> Regex::split(std::string_view text, int limit) const {
  std::vector<std::string> parts;
  std::size_t index = 0;
  bool found = false;
  for_each_match(text, [&](const std::vector<std::string_view>& groups) {
    const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    if (limit > 0 && parts.size() + 1 >= static_cast<std::size_t>(limit)) return false;
    // No empty text in front of a match without width.
    if (start == 0 && groups[0].empty()) return true;
    parts.emplace_back(text.substr(index, start - index));
    index = start + groups[0].size();
    found = true;
    return true;
  });
  if (!found) return {std::string(text)};
  parts.emplace_back(text.substr(index));
  while (limit == 0 && !parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

}  // namespace gennaker::expressions
