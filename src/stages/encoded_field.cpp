#include "stages/encoded_field.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"

namespace gennaker::stages {

std::optional<boost::json::value> encoded_field(const boost::json::object& fields, std::string_view field) {
  const auto* given = fields.if_contains(field);
  if (given == nullptr || given->is_null()) return std::nullopt;
  const auto* text = given->if_string();
  if (text == nullptr) return *given;
  const auto decoded = base::from_base64(*text);
  if (!decoded) {
    throw base::Error(base::Kind::invalid, fmt::format("{}: JSON, or its base64, is needed", field),
                      {{"field", field}});
  }
  return base::parse_json(*decoded, field);
}

std::string encoded_text(const boost::json::object& fields, std::string_view field,
                         const std::string& fallback) {
  const std::string given = base::string_or(fields, field, "");
  if (given.empty()) return fallback;
  const auto decoded = base::from_base64(given);
  if (!decoded || !decoded->starts_with('"')) return given;
  try {
    const boost::json::value value = base::parse_json(*decoded, field);
    return base::plain_text(value);
  } catch (const base::Error&) {
    return given;  // a text that happens to be base64 of something
  }
}

}  // namespace gennaker::stages
