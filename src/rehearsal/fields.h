#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/located.h"

namespace gennaker::rehearsal {

/// Which keys a mapping of a test file may have. `name` is its definition's in
/// docs/pipeline-tests.schema.json.
struct Shape {
  std::string_view name;
  std::vector<std::string_view> keys;
};

/// Reads one mapping of a file. Every function throws base::Error `invalid`: "FILE:LINE: FIELD: what is wrong
/// and what would be right". The file's name and the value must outlive it.
class Fields {
 public:
  /// Refuses what is no mapping, and keys that the shape does not have.
  Fields(const std::string& file, std::string path, const Located& at, const Shape& shape);

  /// nullptr: absent.
  const Located* find(std::string_view key) const;
  const Located& required(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  /// A scalar as it is written: `7` is "7".
  std::string text(std::string_view key, std::string_view fallback = "") const;
  bool flag(std::string_view key, bool fallback = false) const;
  /// A whole number of 0 or more, at most `most`.
  std::optional<int> number(std::string_view key, int most = 1'000'000) const;
  std::optional<std::chrono::milliseconds> duration(std::string_view key) const;
  json::object object(std::string_view key) const;
  /// A list of scalars, or one.
  std::vector<std::string> texts(std::string_view key) const;
  std::string one_of(std::string_view key, const std::vector<std::string>& words,
                     std::string_view fallback) const;
  void each_item(std::string_view key,
                 const std::function<void(const Located&, std::string path)>& read) const;
  void each_member(std::string_view key,
                   const std::function<void(const Located::Member&, std::string path)>& read) const;

  Place place() const { return {file_, at_.line}; }
  Place place_of(std::string_view key) const;
  const std::string& file() const { return file_; }
  std::string path_of(std::string_view key) const;
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;
  [[noreturn]] void refuse_all(std::string_view why) const;

 private:
  const std::string& file_;
  std::string path_;
  const Located& at_;
};

[[noreturn]] void refuse_value(const std::string& file, int line, std::string_view path,
                               std::string_view why);
/// Throws as Fields::duration.
std::chrono::milliseconds duration_of(const std::string& file, const std::string& path, const Located& value);

}  // namespace gennaker::rehearsal
