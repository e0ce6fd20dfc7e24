#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Bytes as texts.
namespace gennaker::base {

/// With padding, without line breaks.
std::string to_base64(std::string_view bytes);
/// Accepts the URL alphabet too, missing padding and white space; nullopt for anything else.
std::optional<std::string> from_base64(std::string_view text);

/// Lower case, two digits a byte.
std::string to_hex(std::string_view bytes);

/// The raw bytes of the HMAC. `digest`: "sha256", "sha512" or "sha1"; nullopt for any other.
std::optional<std::string> hmac(std::string_view digest, std::string_view key, std::string_view bytes);

}  // namespace gennaker::base
