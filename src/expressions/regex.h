#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace gennaker::expressions {

/// A regular expression as Java's users write it, run by RE2: time grows with the text's length, whatever the
/// pattern. What RE2 has no means for (look-around, back references) is refused when it is compiled.
class Regex {
 public:
  /// Compiled once and kept, among the last few. Throws Failure (PatternSyntaxException).
  static std::shared_ptr<const Regex> compiled(std::string_view pattern);

  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  /// The whole text.
  bool matches(std::string_view text) const;
  /// `replacement`: $1, ${name}, and \ before what is meant literally. Throws Failure.
  std::string replace(std::string_view text, std::string_view replacement, bool all) const;
  /// Java's split: `limit` 0 drops empty parts at the end.
  std::vector<std::string> split(std::string_view text, int limit) const;

 private:
  std::string expand(std::string_view replacement, const std::vector<std::string_view>& groups) const;
  template <class Each>
  void for_each_match(std::string_view text, Each each) const;

  std::unique_ptr<re2::RE2> part_;
};

}  // namespace gennaker::expressions
