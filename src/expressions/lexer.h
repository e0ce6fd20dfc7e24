#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::expressions {

struct Token {
  enum class Kind : std::uint8_t {
    name,
    text,     ///< unquoted in `text`
    integer,  ///< digits as written
    long_integer,
    hexadecimal,
    long_hexadecimal,
    real,
    float_real,
    symbol,  ///< as written: "?:", "![" ...
    end,
  };
  Kind kind = Kind::end;
  std::uint32_t position = 0;
  std::string text;
};

/// The last one is `end`. Throws Failure.
std::vector<Token> tokenize(std::string_view text);

}  // namespace gennaker::expressions
