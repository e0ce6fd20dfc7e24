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
      if (!value) throw java("IllegalArgumentException", "nothing stands behind '='");
      return make(Kind::assign, position, or_null(std::move(node)), std::move(value));
    }
    if (take("?:")) return make(Kind::elvis, position, or_null(std::move(node)), or_null(expression()));
    if (take("?")) {
      NodePtr yes = expression();
      need(":");
      NodePtr no = expression();
      if (!yes || !no) throw java("IllegalArgumentException", "one side of '? :' is missing");
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
    while (sees("+") || sees("-"))
      left = binary(sees("+") ? Kind::add : Kind::subtract, std::move(left), &Parser::product);
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
    if (sees("^")) return binary(Kind::power, std::move(left), &Parser::unary);
    const std::uint32_t position = token().position;
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
    if (!operand) throw ran_out(position);
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
        throw Failure("NumberFormatException", "EL1040E", "EL1040E: digits are missing after the exponent");
      case Token::Kind::float_real:
        return Value(parse_float(written.text).value_or(0));
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
    if (name.text == "T") return type();
    if (lower == "null") {
      ++at_;
      return literal(name, Value());
    }
    if (lower == "new") return construct();
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
    if (token().kind != Token::Kind::name) throw unexpected("a name");
    NodePtr node = name_or_method();
    node->position = position;
    node->kind = node->kind == Kind::method ? Kind::function : Kind::variable;
    return node;
  }

  std::vector<NodePtr> arguments() {
    std::vector<NodePtr> nodes;
    need("(");
    while (!sees(")")) {
      if (at_end()) throw syntax("EL1051E", "the arguments have no end", token().position);
      NodePtr argument = expression();
      if (!argument) throw at_end() ? ran_out(token().position) : unexpected("an argument");
      nodes.push_back(std::move(argument));
      if (!take(",")) break;
    }
    if (at_end()) throw syntax("EL1051E", "the arguments have no end", token().position);
    need(")");
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
    node->text = token().text;
    ++at_;
    return node;
  }

  NodePtr index() {
    const std::uint32_t position = token().position;
    need("[");
    NodePtr inner = bare_word_before("]");
    if (!inner) inner = expression();
    if (!inner) throw ran_out(position);
    need("]");
    return make(Kind::index, position, std::move(inner));
  }

  /// m[new], {T: 1}: there these are names like any other.
  NodePtr bare_word_before(std::string_view symbol) {
    const bool stands_alone = following().kind == Token::Kind::symbol && following().text == symbol;
    if (!stands_alone || !(sees_word("new") || token().text == "T")) return nullptr;
    NodePtr node = make(Kind::property, token().position);
    node->text = token().text;
    ++at_;
    return node;
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
    if (take("}")) return make(Kind::list, position);
    if (take(":")) {
      need("}");
      return make(Kind::map, position);
    }
    NodePtr first = bare_word_before(":");
    if (!first) first = element(position);
    if (sees(":")) return map(position, std::move(first));
    NodePtr list = make(Kind::list, position, std::move(first));
    while (take(",")) list->children.push_back(element(position));
    need("}");
    return list;
  }

  NodePtr map(std::uint32_t position, NodePtr key) {
    NodePtr map = make(Kind::map, position);
    while (true) {
      map->children.push_back(std::move(key));
      need(":");
      map->children.push_back(element(position));
      if (!take(",")) break;
      key = bare_word_before(":");
      if (!key) key = element(position);
    }
    need("}");
    return map;
  }

  NodePtr element(std::uint32_t position) {
    NodePtr node = expression();
    if (!node) throw at_end() ? ran_out(position) : unexpected("a value");
    return node;
  }

  // ---- Types ----

  std::string qualified_name() {
    std::string name;
    do {
      if (at_end()) throw ran_out(token().position);
      if (token().kind != Token::Kind::name) throw unexpected("a type's name");
      if (!name.empty()) name += '.';
      name += token().text;
      ++at_;
    } while (take("."));
    return name;
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

  NodePtr make_array(NodePtr node) {
    node->kind = Kind::make_array;
    int dimensions = 0;
    while (take("[")) {
      ++dimensions;
      if (!sees("]")) {
        node->children.push_back(element(node->position));
        node->sized = true;
      }
      need("]");
    }
    if (dimensions > 1) throw syntax("EL1062E", "arrays have one dimension here", node->position);
    if (sees("{")) {
      NodePtr items = list_or_map();
      if (node->sized || items->kind != Kind::list)
        throw syntax("EL1064E", "an array has either a length or a list of items", node->position);
      node->children = std::move(items->children);
    } else if (!node->sized) {
      throw syntax("EL1063E", "an array needs its length", node->position);
    }
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
