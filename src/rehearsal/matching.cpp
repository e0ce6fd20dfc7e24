#include "rehearsal/matching.h"

#include <array>
#include <fmt/format.h>
#include <re2/re2.h>

#include "base/json.h"

namespace gennaker::rehearsal {
namespace {

constexpr std::array<std::string_view, 6> matchers{"matches", "contains", "atLeast",
                                                   "atMost",  "anyOf",    "exactly"};

bool is_matcher(const Located& value) {
  if (!value.is_mapping() || value.members.empty() || value.members.size() > 2) return false;
  for (const auto& member : value.members) {
    const bool bound = member.key == "atLeast" || member.key == "atMost";
    if (value.members.size() == 2 && !bound) return false;
    if (std::find(matchers.begin(), matchers.end(), member.key) == matchers.end()) return false;
  }
  return true;
}

std::optional<double> number_of(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  return std::nullopt;
}

bool same_scalar(const json::value& expected, const json::value& actual) {
  if (expected.is_number() && actual.is_number()) return number_of(expected) == number_of(actual);
  return expected == actual;
}

bool contains(const Located& part, const json::value& actual) {
  if (const auto* text = actual.if_string())
    return part.sort == Located::Sort::scalar && std::string_view(*text).find(part.text) != std::string::npos;
  const auto* list = actual.if_array();
  if (list == nullptr) return false;
  return std::any_of(list->begin(), list->end(), [&](const json::value& one) { return agrees(part, &one); });
}

bool any_of(const Located& choices, const json::value& actual) {
  return std::any_of(choices.items.begin(), choices.items.end(),
                     [&](const Located& choice) { return agrees(choice, &actual); });
}

bool passes(const Located::Member& matcher, const json::value& actual) {
  if (matcher.key == "matches")
    return RE2::PartialMatch(base::plain_text(actual), RE2(matcher.value.text, RE2::Quiet));
  if (matcher.key == "contains") return contains(matcher.value, actual);
  if (matcher.key == "anyOf") return any_of(matcher.value, actual);
  if (matcher.key == "exactly") return to_json(matcher.value) == actual;
  const auto bound = number_of(matcher.value.scalar), number = number_of(actual);
  if (!bound || !number) return false;
  return matcher.key == "atLeast" ? *number >= *bound : *number <= *bound;
}

bool passes_all(const Located& matcher, const json::value* actual) {
  if (actual == nullptr) return false;
  return std::all_of(matcher.members.begin(), matcher.members.end(),
                     [&](const auto& member) { return passes(member, *actual); });
}

/// The usual surprise: 7 and "7".
std::string_view hint(const Located& expected, const json::value* actual) {
  if (actual == nullptr || expected.sort != Located::Sort::scalar) return "";
  const bool text = expected.scalar.is_string();
  if (actual->is_string() && !text && actual->get_string() == expected.text)
    return " (a text: put it in quotes)";
  if (!actual->is_string() && text && base::plain_text(*actual) == expected.text)
    return " (no text: leave the quotes out)";
  return "";
}

void differ(const Located& expected, const json::value* actual, const std::string& file,
            const std::string& path, std::vector<Difference>& differences) {
  std::string found = actual ? shown(*actual) : "absent";
  found += hint(expected, actual);
  differences.push_back({{file, expected.line}, path, shown(expected), std::move(found)});
}

void compare_mapping(const Located& expected, const json::value* actual, const std::string& file,
                     const std::string& path, std::vector<Difference>& differences) {
  const auto* object = actual ? actual->if_object() : nullptr;
  if (object == nullptr) return differ(expected, actual, file, path, differences);
  for (const auto& member : expected.members) {
    compare(member.value, object->if_contains(member.key), file, fmt::format("{}.{}", path, member.key),
            differences);
  }
}

void compare_list(const Located& expected, const json::value* actual, const std::string& file,
                  const std::string& path, std::vector<Difference>& differences) {
  const auto* list = actual ? actual->if_array() : nullptr;
  if (list == nullptr || list->size() != expected.items.size())
    return differ(expected, actual, file, path, differences);
  for (std::size_t i = 0; i < list->size(); ++i)
    compare(expected.items[i], &(*list)[i], file, fmt::format("{}[{}]", path, i), differences);
}

std::string shortened(std::string text) {
  constexpr std::size_t longest = 300;
  if (text.size() <= longest) return text;
  std::size_t end = longest - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // whole characters
  return text.substr(0, end) + "...";
}

}  // namespace

void compare(const Located& expected, const json::value* actual, const std::string& file,
             const std::string& path, std::vector<Difference>& differences) {
  bool fine = false;
  if (expected.is_word("absent")) {
    fine = actual == nullptr;
  } else if (expected.is_word("present")) {
    fine = actual != nullptr;
  } else if (is_matcher(expected)) {
    fine = passes_all(expected, actual);
  } else if (expected.is_mapping()) {
    return compare_mapping(expected, actual, file, path, differences);
  } else if (expected.is_list()) {
    return compare_list(expected, actual, file, path, differences);
  } else {
    fine = actual != nullptr && same_scalar(expected.scalar, *actual);
  }
  if (!fine) differ(expected, actual, file, path, differences);
}

bool agrees(const Located& expected, const json::value* actual) {
  std::vector<Difference> differences;
  compare(expected, actual, "", "", differences);
  return differences.empty();
}

std::optional<BadMatcher> bad_matcher(const Located& expected) {
  if (is_matcher(expected)) {
    for (const auto& [key, line, value] : expected.members) {
      if (key == "exactly") return std::nullopt;
      const bool scalar = value.sort == Located::Sort::scalar;
      if (key == "matches" && !scalar) return BadMatcher{line, "matches: a regular expression is needed"};
      if (key == "matches") {
        const RE2 expression(value.text, RE2::Quiet);
        if (!expression.ok()) return BadMatcher{line, fmt::format("matches: {}", expression.error())};
      }
      if ((key == "atLeast" || key == "atMost") && !value.scalar.is_number())
        return BadMatcher{line, key + ": a number is needed"};
      if (key == "anyOf" && !value.is_list()) return BadMatcher{line, "anyOf: a list is needed"};
    }
  }
  for (const Located& item : expected.items) {
    if (auto bad = bad_matcher(item)) return bad;
  }
  for (const auto& member : expected.members) {
    if (auto bad = bad_matcher(member.value)) return bad;
  }
  return std::nullopt;
}

bool like(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string shown(const json::value& value) {
  return shortened(base::to_text(value));
}

std::string shown(const Located& value) {
  if (value.sort == Located::Sort::scalar && !value.quoted && value.scalar.is_string())
    return shortened(value.text);
  return shown(to_json(value));
}

}  // namespace gennaker::rehearsal
