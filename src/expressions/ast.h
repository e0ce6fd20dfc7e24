#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expressions/value.h"

namespace gennaker::expressions {

/// One node of a parsed expression. Children come in the order in which they are written.
struct Node {
  enum class Kind : std::uint8_t {
    literal,     ///< value
    list,        ///< items
    map,         ///< key, value, key, value ...
    variable,    ///< #text
    function,    ///< #text(children)
    property,    ///< text
    method,      ///< text(children)
    index,       ///< [child]
    select_all,  ///< .?[child]
    select_first,
    select_last,
    project,     ///< .![child]
    chain,       ///< the first child, then steps from it
    type,        ///< T(text), arrays as text[]
    construct,   ///< new text(children)
    make_array,  ///< new text[child][child], or new text[]{child}
    bean,
    ternary,
    elvis,
    assign,
    logical_or,
    logical_and,
    logical_not,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    instance_of,
    matches,
    between,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    power,
    plus,
    minus,
    increment_before,
    decrement_before,
    increment_after,
    decrement_after,
  };

  explicit Node(Kind k, std::uint32_t at = 0) : kind(k), position(at) {}
  /// Without recursion: a chain of a thousand additions is as deep.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Kind kind;
  std::uint32_t position = 0;  ///< of its first character, counted in bytes from the expression's start
  bool null_safe = false;      ///< a step written with ?.
  bool has_items = false;      ///< make_array: the last child is the list of items
  bool constant = false;       ///< list, map: of literals only, so that nobody may change it
  int dimensions = 0;          ///< make_array: how many are written, lengths or not
  std::string text;
  Value value;
  std::vector<std::unique_ptr<Node>> children;
};
using NodePtr = std::unique_ptr<Node>;

/// Parses one expression, without ${ and }. Throws Failure.
NodePtr parse(std::string_view text);

}  // namespace gennaker::expressions
