#include "base/encoding.h"

#include <array>
#include <cstdint>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace gennaker::base {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// -1: no letter of the alphabet.
int value_of(char letter) {
  if (letter == '-') letter = '+';
  if (letter == '_') letter = '/';
  const auto at = letters.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool white(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t offset) -> std::uint32_t {
      return at + offset < bytes.size() ? static_cast<unsigned char>(bytes[at + offset]) : 0;
    };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t i = 0; i < 4; ++i) {
      const bool padding = at + i > bytes.size();
      text += padding ? '=' : letters[group >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  bool ended = false;
  std::size_t count = 0;
  for (const char c : text) {
    if (white(c)) continue;
    if (c == '=') {
      ended = true;
      continue;
    }
    const int value = value_of(c);
    if (value < 0 || ended) return std::nullopt;
    ++count;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  if (count % 4 == 1) return std::nullopt;
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<std::string> hmac(std::string_view digest, std::string_view key, std::string_view bytes) {
  const EVP_MD* algorithm = digest == "sha256"   ? EVP_sha256()
                            : digest == "sha512" ? EVP_sha512()
                            : digest == "sha1"   ? EVP_sha1()
                                                 : nullptr;
  if (algorithm == nullptr) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(algorithm, key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size);
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

}  // namespace gennaker::base
