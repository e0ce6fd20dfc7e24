#include "net/http.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { is_plus, is_space };

std::string decode(std::string_view text, Plus plus) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else if (text[i] == '+' && plus == Plus::is_space) {
      result += ' ';
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

bool NameLess::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

std::optional<std::string> Query::get(std::string_view name) const {
  std::string joined;
  for (const auto& [key, value] : pairs_) {
    if (key != name || value.empty()) continue;
    if (!joined.empty()) joined += ',';
    joined += value;
  }
  if (joined.empty()) return std::nullopt;
  return joined;
}

std::string Query::get_or(std::string_view name, std::string_view fallback) const {
  auto value = get(name);
  return value ? std::move(*value) : std::string(fallback);
}

std::vector<std::string> Query::list(std::string_view name) const {
  std::vector<std::string> result;
  for (const auto& [key, value] : pairs_) {
    if (key != name) continue;
    for (std::size_t begin = 0; begin <= value.size();) {
      const auto end = std::min(value.find(',', begin), value.size());
      if (end > begin) result.push_back(value.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return result;
}

bool Query::flag(std::string_view name, bool fallback) const {
  const auto value = get(name);
  if (!value) return fallback;
  const auto word = lower_case(*value);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  throw base::Error(base::Kind::invalid,
                    fmt::format("parameter '{}': '{}' is neither true nor false", name, *value),
                    {{"field", name}});
}

std::int64_t Query::number(std::string_view name, std::int64_t fallback, std::int64_t low,
                           std::int64_t high) const {
  const auto value = get(name);
  if (!value) return fallback;
  std::int64_t number = 0;
  const auto* end = value->data() + value->size();
  const auto [rest, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc{} && rest == end && number >= low && number <= high) return number;
  throw base::Error(
      base::Kind::invalid,
      fmt::format("parameter '{}': '{}' is not a whole number from {} to {}", name, *value, low, high),
      {{"field", name}});
}

const std::string& Request::parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  BOOST_ASSERT_MSG(found != parameters.end(), "the route has no parameter of this name");
  return found->second;
}

std::string Request::header_or(std::string_view name, std::string_view fallback) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string(fallback) : found->second;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

std::string percent_decode(std::string_view text) {
  return decode(text, Plus::is_plus);
}

Query parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('&', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto value = equals < part.size() ? part.substr(equals + 1) : std::string_view();
    pairs.emplace_back(decode(part.substr(0, equals), Plus::is_space), decode(value, Plus::is_space));
  }
  return Query(std::move(pairs));
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.empty()) return segments;
  segments.reserve(4);
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    segments.push_back(percent_decode(path.substr(begin, end - begin)));
    begin = end + 1;
  }
  return segments;
}

}  // namespace gennaker::net
