#include "expressions/lexer.h"

#include <array>
#include <fmt/format.h>

#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {
namespace {

// Longest first.
constexpr std::array<std::string_view, 37> symbols{
    "![", "?[", "^[", "$[", "?:", "?.", "==", "!=", "<=", ">=", "&&", "||", "++",
    "--", "(",  ")",  "[",  "]",  "{",  "}",  ",",  ".",  ":",  "?",  "=",  "<",
    ">",  "!",  "+",  "-",  "*",  "/",  "%",  "^",  "#",  "@",  "&"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (true) {
      skip_blanks();
      if (at_ >= text_.size()) break;
      take_one();
    }
    tokens_.push_back({Token::Kind::end, position(at_), ""});
    return std::move(tokens_);
  }

 private:
  static std::uint32_t position(std::size_t at) { return static_cast<std::uint32_t>(at); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  void take_one() {
    const char c = text_[at_];
    if (is_name_start()) {
      take_name();
    } else if (is_digit(c)) {
      take_number();
    } else if (c == '\'' || c == '"') {
      take_text(c);
    } else {
      take_symbol();
    }
  }

  /// Java letters of the Basic Multilingual Plane; '$' only where no "$[" begins, as for every symbol.
  bool is_name_start() const {
    const char c = peek();
    if (c == '$') return peek(1) != '[';
    if (static_cast<unsigned char>(c) < 0x80) return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
    return is_letter(point_at(at_));
  }

  char32_t point_at(std::size_t at) const {
    const auto first = static_cast<unsigned char>(text_[at]);
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    const std::u32string points = to_points(text_.substr(at, length));
    return points.empty() ? U'\0' : points[0];
  }

  static bool is_letter(char32_t point) {
    return point < 0x10000 && !(point >= 0xd800 && point < 0xe000) && is_java_letter(point);
  }

  void take_name() {
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x80) {
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '$') break;
        ++at_;
      } else {
        if (!is_letter(point_at(at_))) break;
        ++at_;
        while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
      }
    }
    push(Token::Kind::name, start);
  }

  void take_text(char quote) {
    const std::size_t start = at_++;
    std::string text;
    while (true) {
      if (at_ >= text_.size()) {
        const bool single = quote == '\'';
        throw syntax(single ? "EL1046E" : "EL1045E", "a text without its closing quote", start);
      }
      const char c = text_[at_++];
      if (c != quote) {
        text += c;
      } else if (peek() == quote) {
        text += quote;
        ++at_;
      } else {
        break;
      }
    }
    tokens_.push_back({Token::Kind::text, position(start), std::move(text)});
  }

  void take_number() {
    const std::size_t start = at_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) return take_hexadecimal(start);
    skip_digits();
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      skip_digits();
    }
    // 5.toString() is a number and a method.
    if (peek() == 'l' || peek() == 'L') {
      if (real) throw syntax("EL1048E", "a real cannot have the suffix L", start);
      push(Token::Kind::long_integer, start);
      ++at_;
      return;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      ++at_;
      at_ += sign;
      if (at_ >= text_.size())
        throw java("ArrayIndexOutOfBoundsException", "digits are missing after the exponent");
      // Whatever stands there belongs to the number, which is then none.
      skip_one();
      skip_digits();
      real = true;
    }
    const char suffix = peek();
    if (suffix == 'f' || suffix == 'F' || suffix == 'd' || suffix == 'D') {
      push(suffix == 'f' || suffix == 'F' ? Token::Kind::float_real : Token::Kind::real, start);
      ++at_;
      return;
    }
    push(real ? Token::Kind::real : Token::Kind::integer, start);
  }

  void take_hexadecimal(std::size_t start) {
    at_ += 2;
    while (std::isxdigit(static_cast<unsigned char>(peek()))) ++at_;
    const bool is_long = peek() == 'l' || peek() == 'L';
    if (at_ == start + 2)
      throw syntax(is_long ? "EL1036E" : "EL1035E", "digits are missing behind 0x", start);
    if (is_long) {
      push(Token::Kind::long_hexadecimal, start);
      ++at_;
    } else {
      push(Token::Kind::hexadecimal, start);
    }
  }

  void skip_one() {
    const std::size_t start = at_++;
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
    // Only the first half of a character beyond the Basic Multilingual Plane belongs to it.
    if (at_ - start == 4) throw unknown_character(start);
  }

  Failure unknown_character(std::size_t at) const {
    return syntax("EL1082E",
                  fmt::format("the character '{}' has no meaning here",
                              text_.substr(at, std::min<std::size_t>(4, text_.size() - at))),
                  at);
  }

  void skip_digits() {
    while (is_digit(peek())) ++at_;
  }

  void take_symbol() {
    for (const std::string_view symbol : symbols) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      at_ += symbol.size();
      push(Token::Kind::symbol, at_ - symbol.size());
      return;
    }
    if (peek() == '|') throw syntax("EL1069E", "'|' is missing: or is written ||", at_);
    if (peek() == '\\') throw syntax("EL1065E", "a backslash has no place here", at_);
    throw unknown_character(at_);
  }

  void push(Token::Kind kind, std::size_t start) {
    tokens_.push_back({kind, position(start), std::string(text_.substr(start, at_ - start))});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace gennaker::expressions
