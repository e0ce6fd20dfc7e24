#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "expressions/ast.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/lexer.h"

namespace gennaker::expressions {
namespace {

using Kind = Node::Kind;

// Brackets and operators within each other; more would need a large stack and no person has written it.
constexpr int deepest = 200;

NodePtr make(Kind kind, std::uint32_t position) {
  return std::make_unique<Node>(kind, position);
}

template <class... Children>
NodePtr make(Kind kind, std::uint32_t position, Children... children) {
  NodePtr node = std::make_unique<Node>(kind, position);
  (node->children.push_back(std::move(children)), ...);
  return node;
}

/// Precedence climbing, one function a level; what each accepts, and with which code it refuses, is what
/// users of Spinnaker know. Absence is a null pointer, as `T()` and `1 +` are told apart by it.
class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokenize(text)) {}

  NodePtr run() {
    NodePtr node = expression();
    if (!node) throw ran_out(0);
    if (!at_end())
      throw syntax("EL1041E", fmt::format("'{}' is more than one expression", token().text),
                   token().position);
    return node;
  }

 private:
  struct Depth {
    int& depth;
    Depth(int& counter, std::uint32_t position) : depth(counter) {
      if (++depth > deepest) {
        --depth;
        throw syntax("EL1079E", fmt::format("nested deeper than {} levels", deepest), position);
      }
    }
    ~Depth() { --depth; }
  };

  // ---- Tokens ----

  const Token& token() const { return tokens_[at_]; }
  const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool at_end() const { return token().kind == Token::Kind::end; }
  bool sees(std::string_view symbol) const {
    return token().kind == Token::Kind::symbol && token().text == symbol;
  }
  bool sees_word(std::string_view word) const {
    return token().kind == Token::Kind::name && base::lower_case(token().text) == word;
  }
  /// Names that are operators in other words: not all that take a name take these.
  bool is_operator_word() const {
    static constexpr std::string_view words[] = {"div", "eq", "ge", "gt", "le", "lt", "mod", "ne", "not"};
    return std::any_of(std::begin(words), std::end(words), [&](auto word) { return sees_word(word); });
  }
  bool take(std::string_view symbol) {
    if (!sees(symbol)) return false;
    ++at_;
    return true;
  }
  void need(std::string_view symbol) {
    if (at_end()) throw ran_out(token().position);
    if (!take(symbol)) throw unexpected(symbol);
  }

  static Failure ran_out(std::size_t position) {
    return syntax("EL1044E", "the expression ends too early", position);
  }
  /// Where the grammar has no check of its own, and the tree cannot be built.
  static Failure missing(std::string_view where) {
    return java("IllegalArgumentException", fmt::format("nothing stands {}", where));
  }
  Failure unexpected(std::string_view wanted) const {
    return syntax("EL1043E", fmt::format("'{}' stands where '{}' is needed", token().text, wanted),
                  token().position);
  }

  // ---- From the loosest operator to the tightest ----

  NodePtr expression() {
    const Depth depth(depth_, token().position);
    NodePtr node = logical_or();
    const std::uint32_t position = token().position;
    if (take("=")) {
      NodePtr value = logical_or();
      if (!value) throw missing("behind '='");
      return make(Kind::assign, position, or_null(std::move(node)), std::move(value));
    }
    if (take("?:")) return make(Kind::elvis, position, or_null(std::move(node)), or_null(expression()));
    if (take("?")) {
      NodePtr yes = expression();
      need(":");
      NodePtr no = expression();
      if (!yes || !no) throw missing("on one side of '? :'");
      return make(Kind::ternary, position, or_null(std::move(node)), std::move(yes), std::move(no));
    }
    return node;
  }

  NodePtr or_null(NodePtr node) { return node ? std::move(node) : make(Kind::literal, token().position); }

  NodePtr logical_or() {
    NodePtr left = logical_and();
    while (sees_word("or") || sees("||"))
      left = binary(Kind::logical_or, std::move(left), &Parser::logical_and);
    return left;
  }

  NodePtr logical_and() {
    NodePtr left = relation();
    while (sees_word("and") || sees("&&"))
      left = binary(Kind::logical_and, std::move(left), &Parser::relation);
    return left;
  }

  NodePtr relation() {
    NodePtr left = sum();
    const std::optional<Kind> kind = relational();
    return kind ? binary(*kind, std::move(left), &Parser::sum) : std::move(left);
  }

  std::optional<Kind> relational() const {
    struct Form {
      std::string_view symbol, word;
      Kind kind;
    };
    static constexpr Form forms[] = {{"==", "eq", Kind::equal},
                                     {"!=", "ne", Kind::not_equal},
                                     {"<", "lt", Kind::less},
                                     {"<=", "le", Kind::less_equal},
                                     {">", "gt", Kind::greater},
                                     {">=", "ge", Kind::greater_equal},
                                     {"", "instanceof", Kind::instance_of},
                                     {"", "matches", Kind::matches},
                                     {"", "between", Kind::between}};
    for (const Form& form : forms) {
      if (sees_word(form.word) || (!form.symbol.empty() && sees(form.symbol))) return form.kind;
    }
    return std::nullopt;
  }

  NodePtr sum() {
    NodePtr left = product();
    while (sees("+") || sees("-") || sees("++")) {
      const Token& written = token();
      ++at_;
      NodePtr right = product();
      if (!right)
        throw syntax("EL1042E", fmt::format("nothing stands behind '{}'", written.text), written.position);
      // a++ ++ b: the second is read as an operator, and does nothing.
      if (written.text == "++") continue;
      if (!left) throw missing(fmt::format("before '{}'", written.text));
      left = make(written.text == "+" ? Kind::add : Kind::subtract, written.position, std::move(left),
                  std::move(right));
    }
    return left;
  }

  NodePtr product() {
    NodePtr left = power();
    while (true) {
      if (sees("*")) {
        left = binary(Kind::multiply, std::move(left), &Parser::power);
      } else if (sees("/") || sees_word("div")) {
        left = binary(Kind::divide, std::move(left), &Parser::power);
      } else if (sees("%") || sees_word("mod")) {
        left = binary(Kind::modulo, std::move(left), &Parser::power);
      } else {
        return left;
      }
    }
  }

  NodePtr power() {
    NodePtr left = unary();
    const std::uint32_t position = token().position;
    if (take("^")) {
      NodePtr right = unary();
      if (!right) throw syntax("EL1042E", "nothing stands behind '^'", position);
      if (!left) throw missing("before '^'");
      return make(Kind::power, position, std::move(left), std::move(right));
    }
    if (left && take("++")) return make(Kind::increment_after, position, std::move(left));
    if (left && take("--")) return make(Kind::decrement_after, position, std::move(left));
    return left;
  }

  NodePtr unary() {
    std::optional<Kind> kind;
    if (sees("+")) kind = Kind::plus;
    if (sees("-")) kind = Kind::minus;
    if (sees("!") || sees_word("not")) kind = Kind::logical_not;
    if (sees("++")) kind = Kind::increment_before;
    if (sees("--")) kind = Kind::decrement_before;
    if (!kind) return primary();
    const std::uint32_t position = token().position;
    const Depth depth(depth_, position);
    ++at_;
    NodePtr operand = unary();
    const bool counts = *kind == Kind::increment_before || *kind == Kind::decrement_before;
    if (!operand) throw counts ? missing("behind the operator") : ran_out(position);
    return make(*kind, position, std::move(operand));
  }

  NodePtr binary(Kind kind, NodePtr left, NodePtr (Parser::*operand)()) {
    const Token& written = token();
    ++at_;
    NodePtr right = (this->*operand)();
    if (!left)
      throw syntax("EL1070E", fmt::format("nothing stands before '{}'", written.text), written.position);
    if (!right)
      throw syntax("EL1042E", fmt::format("nothing stands behind '{}'", written.text), written.position);
    return make(kind, written.position, std::move(left), std::move(right));
  }

  // ---- Chains: a start and steps from it ----

  NodePtr primary() {
    NodePtr first = start();
    std::vector<NodePtr> steps;
    while (NodePtr next = step()) steps.push_back(std::move(next));
    if (!first || steps.empty()) return first;
    NodePtr chain = make(Kind::chain, first->position);
    chain->children.push_back(std::move(first));
    for (NodePtr& next : steps) chain->children.push_back(std::move(next));
    return chain;
  }

  NodePtr step() {
    if (sees(".") || sees("?.")) return dotted();
    return sees("[") ? index() : nullptr;
  }

  NodePtr dotted() {
    const Token& dot = token();
    const bool null_safe = dot.text == "?.";
    ++at_;
    NodePtr node;
    if (token().kind == Token::Kind::name) {
      node = name_or_method();
    } else if (sees("#")) {
      node = variable_or_function();
    } else if (sees("[")) {
      node = index();
    } else {
      node = projection_or_selection();
    }
    if (!node && at_end()) throw ran_out(dot.position);
    if (!node)
      throw syntax("EL1049E", fmt::format("'{}' cannot stand behind '{}'", token().text, dot.text),
                   dot.position);
    node->null_safe = null_safe;
    return node;
  }

  NodePtr start() {
    const Token& first = token();
    switch (first.kind) {
      case Token::Kind::end:
        return nullptr;
      case Token::Kind::name:
        return word();
      case Token::Kind::text:
        ++at_;
        return literal(first, Value::text(first.text));
      case Token::Kind::symbol:
        return started_by_symbol();
      default:
        ++at_;
        return literal(first, number(first));
    }
  }

  NodePtr started_by_symbol() {
    if (sees("(")) return parenthesised();
    if (sees("#")) return variable_or_function();
    if (sees("@") || sees("&")) return bean();
    if (sees("[")) return index();
    if (sees("{")) return list_or_map();
    return projection_or_selection();
  }

  static NodePtr literal(const Token& written, Value value) {
    NodePtr node = make(Kind::literal, written.position);
    node->value = std::move(value);
    return node;
  }

  static Value number(const Token& written) {
    const bool hexadecimal =
        written.kind == Token::Kind::hexadecimal || written.kind == Token::Kind::long_hexadecimal;
    const std::string_view digits =
        hexadecimal ? std::string_view(written.text).substr(2) : std::string_view(written.text);
    const int radix = hexadecimal ? 16 : 10;
    switch (written.kind) {
      case Token::Kind::real:
        if (const auto value = parse_double(written.text)) return Value(*value);
        throw no_exponent();
      case Token::Kind::float_real:
        if (const auto value = parse_float(written.text)) return Value(*value);
        throw no_exponent();
      case Token::Kind::long_integer:
      case Token::Kind::long_hexadecimal:
        if (const auto value = parse_integer(digits, radix, INT64_MIN, INT64_MAX)) return Value(*value);
        throw out_of_range(written, "EL1036E", "a long");
      default:
        if (const auto value = parse_integer(digits, radix, INT32_MIN, INT32_MAX))
          return Value(static_cast<std::int32_t>(*value));
        throw out_of_range(written, "EL1035E", "an int: write an L behind it for a long");
    }
  }

  static Failure no_exponent() {
    return {"NumberFormatException", "EL1040E", "EL1040E: digits are missing after the exponent"};
  }

  static Failure out_of_range(const Token& written, std::string_view code, std::string_view of) {
    Failure failure("NumberFormatException", code,
                    fmt::format("{}: {} is too large for {}", code, written.text, of));
    failure.set_position(written.position);
    return failure;
  }

  /// A name where an operand is expected. The words of operators are names there, but for T, new and
  /// literals.
  NodePtr word() {
    const Token& name = token();
    const std::string lower = base::lower_case(name.text);
    if (lower == "true" || lower == "false") {
      ++at_;
      return literal(name, Value(lower == "true"));
    }
    // m[new], m[T]: there these are names like any other.
    const bool is_key = following().kind == Token::Kind::symbol && following().text == "]";
    if (name.text == "T" && !is_key) return type();
    if (lower == "null") {
      ++at_;
      return literal(name, Value());
    }
    if (lower == "new" && !is_key) return construct();
    return name_or_method();
  }

  NodePtr name_or_method() {
    const Token& name = token();
    ++at_;
    NodePtr node = make(sees("(") ? Kind::method : Kind::property, name.position);
    node->text = name.text;
    if (node->kind == Kind::method) node->children = arguments();
    return node;
  }

  NodePtr variable_or_function() {
    const std::uint32_t position = token().position;
    ++at_;
    if (at_end()) throw ran_out(position);
    if (token().kind != Token::Kind::name || is_operator_word()) throw unexpected("a name");
    NodePtr node = name_or_method();
    node->position = position;
    node->kind = node->kind == Kind::method ? Kind::function : Kind::variable;
    return node;
  }

  std::vector<NodePtr> arguments() {
    std::vector<NodePtr> nodes;
    need("(");
    bool one_missing = false;
    while (!sees(")")) {
      if (at_end()) throw syntax("EL1051E", "the arguments have no end", token().position);
      NodePtr argument = expression();
      one_missing = one_missing || !argument;
      nodes.push_back(std::move(argument));
      if (!take(",")) break;
    }
    if (at_end()) throw syntax("EL1051E", "the arguments have no end", token().position);
    need(")");
    if (one_missing) throw missing("for an argument");
    return nodes;
  }

  NodePtr parenthesised() {
    const std::uint32_t position = token().position;
    ++at_;
    NodePtr inner = expression();
    if (!inner) throw ran_out(position);
    need(")");
    return inner;
  }

  NodePtr bean() {
    NodePtr node = make(Kind::bean, token().position);
    ++at_;
    if (at_end()) throw syntax("EL1059E", "a bean's name is needed", node->position);
    if (token().kind != Token::Kind::name && token().kind != Token::Kind::text)
      throw syntax("EL1059E", "a bean's name is needed", token().position);
    if (is_operator_word()) throw unexpected("a bean's name");
    node->text = token().text;
    ++at_;
    return node;
  }

  NodePtr index() {
    const std::uint32_t position = token().position;
    need("[");
    NodePtr inner = expression();
    if (!inner) throw syntax("EL1071E", "an index is needed between '[' and ']'", position);
    need("]");
    return make(Kind::index, position, std::move(inner));
  }

  NodePtr projection_or_selection() {
    struct Form {
      std::string_view symbol;
      Kind kind;
    };
    static constexpr Form forms[] = {{"![", Kind::project},
                                     {"?[", Kind::select_all},
                                     {"^[", Kind::select_first},
                                     {"$[", Kind::select_last}};
    for (const Form& form : forms) {
      if (!sees(form.symbol)) continue;
      const std::uint32_t position = token().position;
      ++at_;
      NodePtr inner = expression();
      if (!inner && form.kind == Kind::project) throw ran_out(position);
      if (!inner) throw syntax("EL1071E", "a selection needs a condition", position);
      need("]");
      return make(form.kind, position, std::move(inner));
    }
    return nullptr;
  }

  NodePtr list_or_map() {
    const std::uint32_t position = token().position;
    need("{");
    if (sees("}")) return closed(Kind::list, position, {});
    if (take(":")) return closed(Kind::map, position, {});
    std::vector<NodePtr> items;
    items.push_back(expression());
    if (take(":")) return map(position, std::move(items));
    if (!sees("}") && !sees(",")) throw ran_out(position);
    while (take(",")) items.push_back(expression());
    return closed(Kind::list, position, std::move(items));
  }

  /// `items`: the first key, whose colon is taken.
  NodePtr map(std::uint32_t position, std::vector<NodePtr> items) {
    items.push_back(expression());
    while (take(",")) {
      items.push_back(expression());
      need(":");
      items.push_back(expression());
    }
    return closed(Kind::map, position, std::move(items));
  }

  NodePtr closed(Kind kind, std::uint32_t position, std::vector<NodePtr> items) {
    need("}");
    const bool complete = std::all_of(items.begin(), items.end(), [](const NodePtr& item) { return !!item; });
    if (!complete) throw missing("between two commas of a list or map");
    NodePtr node = make(kind, position);
    node->children = std::move(items);
    std::size_t place = 0;
    node->constant = std::all_of(node->children.begin(), node->children.end(), [&](const NodePtr& item) {
      const bool is_key = kind == Kind::map && place++ % 2 == 0;
      return is_constant(*item, kind) || (is_key && item->kind == Kind::property);
    });
    return node;
  }

  static bool is_constant(const Node& item, Kind within) {
    if (item.kind == Kind::literal) return true;
    if (item.kind == Kind::minus)
      return item.children[0]->kind == Kind::literal && item.children[0]->value.is_number();
    return item.constant && (item.kind == Kind::list || within == Kind::map);
  }

  // ---- Types ----

  /// Names, numbers and dots in any order; the dots are put where they belong.
  std::string qualified_name() {
    std::string name;
    for (; is_part_of_name(token()); ++at_) {
      if (token().kind == Token::Kind::symbol) continue;
      if (!name.empty()) name += '.';
      name += token().text;
    }
    if (name.empty() && at_end()) throw ran_out(token().position);
    if (name.empty()) throw unexpected("a type's name");
    return name;
  }

  static bool is_part_of_name(const Token& part) {
    if (part.kind == Token::Kind::symbol) return part.text == ".";
    if (part.kind == Token::Kind::text || part.kind == Token::Kind::end) return false;
    return part.kind == Token::Kind::name || std::all_of(part.text.begin(), part.text.end(), [](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0;
           });
  }

  NodePtr type() {
    NodePtr node = make(Kind::type, token().position);
    ++at_;
    need("(");
    node->text = qualified_name();
    while (take("[")) {
      need("]");
      node->text += "[]";
    }
    need(")");
    return node;
  }

  NodePtr construct() {
    const std::uint32_t position = token().position;
    ++at_;
    NodePtr node = make(Kind::construct, position);
    node->text = qualified_name();
    if (sees("[")) return make_array(std::move(node));
    if (!sees("("))
      throw syntax("EL1050E", fmt::format("new {} needs its arguments in parentheses", node->text), position);
    node->children = arguments();
    return node;
  }

  /// What is wrong with its length and items is found out when it is evaluated.
  NodePtr make_array(NodePtr node) {
    node->kind = Kind::make_array;
    while (take("[")) {
      ++node->dimensions;
      NodePtr length = sees("]") ? nullptr : expression();
      need("]");
      if (length) node->children.push_back(std::move(length));
    }
    node->has_items = sees("{");
    if (node->has_items) node->children.push_back(list_or_map());
    return node;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Node::~Node() {
  std::vector<NodePtr> doomed = std::move(children);
  while (!doomed.empty()) {
    const NodePtr node = std::move(doomed.back());
    doomed.pop_back();
    for (NodePtr& child : node->children) doomed.push_back(std::move(child));
    node->children.clear();
  }
}

NodePtr parse(std::string_view text) {
  return Parser(text).run();
}

}  // namespace gennaker::expressions
