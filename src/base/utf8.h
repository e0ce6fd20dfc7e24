#pragma once

#include <cstddef>
#include <string_view>

namespace gennaker::base {

/// Stands for what cannot be read: U+FFFD.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// Bytes of the UTF-8 character that `text` begins with, 1 to 4; 0: it begins with none, or is empty. Neither
/// halves of surrogate pairs nor longer forms than need be are characters.
std::size_t length_of_character(std::string_view text);

}  // namespace gennaker::base
