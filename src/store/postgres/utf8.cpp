#include "store/postgres/utf8.h"

#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace gennaker::store::postgres {
namespace {

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

}  // namespace

void append_utf8(std::string& out, std::string_view text) {
  std::size_t clean = 0;  // start of the run that stays as it is
  for (std::size_t at = end_of_ascii(text, 0); at < text.size(); at = end_of_ascii(text, at)) {
    // One byte of its own is the zero byte here.
    if (const std::size_t length = base::length_of_character(text.substr(at)); length > 1) {
      at += length;
      continue;
    }
    out += text.substr(clean, at - clean);
    out += base::replacement_character;
    clean = ++at;
  }
  out += text.substr(clean);
}

}  // namespace gennaker::store::postgres
