#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

/// How an expression fails, within this room. Users of the language search for these codes and Java's names
/// for the kinds, so both are kept; nothing of it leaves the room as an exception.
namespace gennaker::expressions {

class Failure : public std::runtime_error {
 public:
  /// `kind`: simple name of the Java exception at the root. `code`: "EL1004E"; empty: none.
  Failure(std::string_view kind, std::string_view code, const std::string& message)
      : std::runtime_error(message), kind_(kind), code_(code) {}

  const std::string& kind() const { return kind_; }
  const std::string& code() const { return code_; }
  /// Where in the expression, from 0; npos: not known.
  std::size_t position() const { return position_; }
  /// For one that was found in a part that starts `offset` after the text's start.
  void move_position(std::size_t offset) {
    if (position_ != npos) position_ += offset;
  }
  void set_position(std::size_t position) {
    if (position_ == npos) position_ = position;
  }
  /// The same failure as it looks from outside a function, constructor or conversion.
  Failure within(std::string_view code) const;
  /// The fully qualified name of the kind.
  std::string java_class() const;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 private:
  std::string kind_, code_;
  std::size_t position_ = npos;
};

/// A failure of the evaluator itself.
Failure spel(std::string_view code, const std::string& message);
/// A failure of the parser.
Failure syntax(std::string_view code, const std::string& message, std::size_t position);
/// A failure of a Java method; carries no code.
Failure java(std::string_view kind, const std::string& message);
/// A failure of one of our own functions.
Failure refused_by_function(const std::string& message);

}  // namespace gennaker::expressions
