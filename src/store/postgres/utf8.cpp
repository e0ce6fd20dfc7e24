#include "store/postgres/utf8.h"

#include <cstdint>
#include <cstring>

namespace gennaker::store::postgres {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

/// Where the first byte is that is zero or not ASCII, from `at` on.
std::size_t end_of_ascii(std::string_view text, std::size_t at) {
  constexpr std::uint64_t high = 0x8080808080808080, ones = 0x0101010101010101;
  while (at + 8 <= text.size()) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    if ((eight & high) != 0 || ((eight - ones) & ~eight & high) != 0) break;
    at += 8;
  }
  while (at < text.size() && static_cast<signed char>(text[at]) > 0) ++at;
  return at;
}

/// Bytes of the character that begins at `at`; 0: there is none.
std::size_t length_of_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if ((lead & 0xf0) == 0xe0) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0, surrogate = lead == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90, beyond = lead == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

void append_utf8(std::string& out, std::string_view text) {
  std::size_t clean = 0;  // start of the run that stays as it is
  for (std::size_t at = end_of_ascii(text, 0); at < text.size(); at = end_of_ascii(text, at)) {
    if (const std::size_t length = length_of_character(text, at); length != 0) {
      at += length;
      continue;
    }
    out += text.substr(clean, at - clean);
    out += replacement;
    clean = ++at;
  }
  out += text.substr(clean);
}

}  // namespace gennaker::store::postgres
