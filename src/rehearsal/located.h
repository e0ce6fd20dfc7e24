#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::rehearsal {

namespace json = boost::json;

/// Where something is written.
struct Place {
  std::string file;
  int line = 0;  ///< from 1; 0: the file as a whole
};
/// "shop.test.yaml:12"
std::string to_string(const Place& place);

/// A value of a YAML document that knows its line.
struct Located {
  enum class Sort : std::uint8_t { scalar, list, mapping };
  struct Member;

  Sort sort = Sort::scalar;
  bool quoted = false;  ///< a scalar in quotes or as a block: always a text
  int line = 0;
  std::string text;    ///< a scalar as it is written
  json::value scalar;  ///< what it means: null, boolean, number or text
  std::vector<Located> items;
  std::vector<Member> members;

  bool is_null() const { return sort == Sort::scalar && scalar.is_null(); }
  bool is_text() const { return sort == Sort::scalar && scalar.is_string(); }
  bool is_list() const { return sort == Sort::list; }
  bool is_mapping() const { return sort == Sort::mapping; }
  /// A bare word, such as `absent`; in quotes it would be a text like any other.
  bool is_word(std::string_view word) const { return sort == Sort::scalar && !quoted && text == word; }
  /// nullptr: no such member, or no mapping.
  const Located* find(std::string_view key) const;
};

struct Located::Member {
  std::string key;
  int line = 0;
  Located value;
};

/// What a document from outside may be at most; an alias counts as what it stands for.
struct YamlLimits {
  std::size_t bytes = 2 * 1024 * 1024;
  std::size_t values = 200'000;
  std::size_t keys = 5'000;  ///< of one mapping
  int depth = 60;
};

/// Reads one YAML document. Unquoted true, false, null and numbers are what they look like; a number with
/// zeros in front is a text. Throws base::Error `invalid`: "FILE:LINE: what is wrong".
Located parse_yaml(std::string_view text, const std::string& file, YamlLimits limits = {});
/// Refuses, as parse_yaml, a file that is too large, before it is read.
void check_size(std::uintmax_t bytes, const std::string& file, YamlLimits limits = {});
json::value to_json(const Located& value);

}  // namespace gennaker::rehearsal
