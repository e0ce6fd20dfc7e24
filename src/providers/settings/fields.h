#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

/// Reads the settings that users write for a provider. Whatever is wrong is refused with base::Error
/// `invalid`, whose message names the member ("settings.healthCheck.type").
namespace gennaker::providers {

namespace json = boost::json;
using std::chrono::milliseconds;

inline constexpr int highest_port = 65535;

[[noreturn]] void refuse(std::string_view field, const std::string& why);
void check_no_zero(const std::string& field, std::string_view text);

/// One object of the settings, which knows its name and which members it has been asked for. The object must
/// outlive it.
class Fields {
 public:
  Fields(const json::object& object, std::string name) : object_(object), name_(std::move(name)) {}

  std::string field(std::string_view key) const;
  /// nullptr: absent or null.
  const json::value* get(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> truth(std::string_view key);
  template <class Number>
  void number(std::string_view key, std::int64_t least, std::int64_t most, Number& into) {
    if (const auto number = whole(key, least, most)) into = static_cast<Number>(*number);
  }
  void duration(std::string_view key, std::int64_t least, milliseconds& into);
  std::optional<Fields> object(std::string_view key);
  /// One reader for each object of a list; none when it is absent.
  std::vector<Fields> objects(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  /// Variables or labels by name: a text, a number or true/false each.
  std::map<std::string, std::string> text_map(std::string_view key);
  /// Refuses what nobody asked for: a misspelt member would be ignored in silence.
  void refuse_others() const;

 private:
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t least, std::int64_t most);

  const json::object& object_;
  std::string name_;
  std::set<std::string> known_;
};

/// `command`: argv; a text becomes /bin/sh -c text; empty: there is none.
std::vector<std::string> command_of(Fields& settings);
/// `env`.
std::map<std::string, std::string> environment_of(Fields& settings);
/// A path that can stand in a request line and in HAProxy's file.
std::string check_path_of(Fields& fields, std::string_view key, const std::string& fallback);

}  // namespace gennaker::providers
