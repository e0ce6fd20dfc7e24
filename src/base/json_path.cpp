#include "base/json_path.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"

namespace gennaker::base {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_path = 1'000;
constexpr std::size_t most_places = 100'000;

using Test = std::function<bool(const json::value&)>;

/// One part of a path: which of a value's members or elements it leads to.
struct Step {
  bool deep = false;  ///< `..`: of the value and of everything in it
  bool all = false;   ///< `*`
  std::vector<std::string> names;
  std::vector<std::int64_t> positions;  ///< from the end, if negative
  struct Slice {
    std::optional<std::int64_t> from, to;
  };
  std::optional<Slice> slice;
  Test filter;

  bool definite() const { return !deep && !all && !slice && !filter && names.size() + positions.size() == 1; }
};

class Parser {
 public:
  explicit Parser(std::string_view path) : path_(path) {
    if (path.size() > longest_path) refuse("it is too long");
  }

  std::vector<Step> parse() {
    if (path_.empty()) refuse("it is empty");
    if (!eat('$')) steps_.push_back(named(name()));
    while (at_ < path_.size()) step(steps_);
    return std::move(steps_);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(Kind::invalid,
                fmt::format("JSON path '{}': column {}: {}", path_.substr(0, 200), at_ + 1, why));
  }

  char peek() const { return at_ < path_.size() ? path_[at_] : '\0'; }
  bool eat(char wanted) {
    if (peek() != wanted || at_ >= path_.size()) return false;
    ++at_;
    return true;
  }
  bool eat(std::string_view wanted) {
    if (!path_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  void need(char wanted) {
    if (!eat(wanted)) refuse(fmt::format("'{}' is expected", wanted));
  }
  void spaces() {
    while (peek() == ' ') ++at_;
  }

  static Step named(std::string name) {
    Step step;
    step.names.push_back(std::move(name));
    return step;
  }

  std::string name() {
    const auto end = std::min(path_.find_first_of(".[]()=!<>&| ,'\"", at_), path_.size());
    if (end == at_) refuse("a name is expected");
    std::string text(path_.substr(at_, end - at_));
    at_ = end;
    return text;
  }

  void step(std::vector<Step>& steps) {
    Step step;
    if (eat("..")) {
      step = peek() == '[' ? bracket() : dotted();
      step.deep = true;
    } else if (eat('.')) {
      step = dotted();
    } else if (peek() == '[') {
      step = bracket();
    } else {
      refuse("'.' or '[' is expected");
    }
    steps.push_back(std::move(step));
  }

  Step dotted() {
    if (!eat('*')) return named(name());
    Step step;
    step.all = true;
    return step;
  }

  Step bracket() {
    need('[');
    spaces();
    Step step;
    if (eat('*')) {
      step.all = true;
    } else if (eat("?(")) {
      step.filter = either();
      spaces();
      need(')');
    } else {
      selection(step);
    }
    spaces();
    need(']');
    return step;
  }

  void selection(Step& step) {
    do {
      spaces();
      if (peek() == '\'' || peek() == '"') {
        step.names.push_back(quoted());
      } else {
        const auto from = number();
        if (eat(':')) {
          step.slice = Step::Slice{from, number()};
          return;
        }
        if (!from) refuse("a position, a name in quotes, * or ?( is expected");
        step.positions.push_back(*from);
      }
      spaces();
    } while (eat(','));
  }

  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(path_.data() + at_, path_.data() + path_.size(), value);
    if (error != std::errc()) return std::nullopt;
    at_ = static_cast<std::size_t>(end - path_.data());
    return value;
  }

  std::string quoted() {
    const char quote = path_[at_++];
    std::string text;
    while (peek() != quote) {
      if (at_ >= path_.size()) refuse("the closing quote is missing");
      if (peek() == '\\' && at_ + 1 < path_.size()) ++at_;
      text += path_[at_++];
    }
    ++at_;
    return text;
  }

  Test either() {
    Test left = both();
    for (spaces(); eat("||"); spaces()) {
      left = [left, right = both()](const json::value& v) { return left(v) || right(v); };
    }
    return left;
  }

  Test both() {
    Test left = condition();
    for (spaces(); eat("&&"); spaces()) {
      left = [left, right = condition()](const json::value& v) { return left(v) && right(v); };
    }
    return left;
  }

  Test condition() {
    spaces();
    if (eat('!')) return [test = condition()](const json::value& v) { return !test(v); };
    if (!eat('(')) return comparison();
    Test inside = either();
    spaces();
    need(')');
    return inside;
  }

  /// What a side of a comparison stands for; nullptr: nothing is there.
  using Operand = std::function<const json::value*(const json::value&)>;

  Test comparison() {
    Operand left = operand();
    spaces();
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!eat(sign)) continue;
      spaces();
      return compare(std::move(left), sign, operand());
    }
    return [left](const json::value& v) { return left(v) != nullptr; };
  }

  Operand operand();
  static Test compare(Operand left, std::string_view sign, Operand right);

  std::string_view path_;
  std::size_t at_ = 0;
  std::vector<Step> steps_;
};

std::vector<const json::value*> follow(const std::vector<Step>& steps, const json::value& document);

Parser::Operand Parser::operand() {
  spaces();
  if (eat('@')) {
    std::vector<Step> steps;
    while (peek() == '.' || peek() == '[') step(steps);
    return [steps](const json::value& v) -> const json::value* {
      const auto found = follow(steps, v);
      return found.empty() ? nullptr : found.front();
    };
  }
  json::value literal;
  if (peek() == '\'' || peek() == '"') {
    literal = json::value(quoted());
  } else if (eat("true")) {
    literal = true;
  } else if (eat("false")) {
    literal = false;
  } else if (!eat("null")) {
    double value = 0;
    const auto [end, error] = std::from_chars(path_.data() + at_, path_.data() + path_.size(), value);
    if (error != std::errc()) refuse("@, a text in quotes, a number, true, false or null is expected");
    at_ = static_cast<std::size_t>(end - path_.data());
    literal = value;
  }
  const auto kept = std::make_shared<const json::value>(std::move(literal));
  return [kept](const json::value&) { return kept.get(); };
}

Test Parser::compare(Operand left, std::string_view sign, Operand right) {
  return [left = std::move(left), sign = std::string(sign), right = std::move(right)](const json::value& v) {
    const json::value* a = left(v);
    const json::value* b = right(v);
    if (a == nullptr || b == nullptr) return sign == "!=" && a != b;
    std::partial_ordering order = std::partial_ordering::unordered;
    if (a->is_number() && b->is_number()) {
      order = a->to_number<double>() <=> b->to_number<double>();
    } else if (a->is_string() && b->is_string()) {
      const int compared = a->get_string().compare(b->get_string());
      order = compared <=> 0;
    } else if (*a == *b) {
      order = std::partial_ordering::equivalent;
    }
    if (sign == "==") return order == 0;
    if (sign == "!=") return order != 0;
    if (sign == "<") return order < 0;
    if (sign == "<=") return order <= 0;
    if (sign == ">") return order > 0;
    return order >= 0;
  };
}

/// Goes along the steps, and counts so that no path can make us walk for ever.
class Walk {
 public:
  std::vector<const json::value*> go(const std::vector<Step>& steps, const json::value& document) {
    std::vector<const json::value*> places{&document};
    for (const Step& step : steps) {
      std::vector<const json::value*> next;
      for (const json::value* place : places) {
        if (step.deep) {
          deep(step, *place, next);
        } else {
          one(step, *place, next);
        }
      }
      places = std::move(next);
    }
    return places;
  }

 private:
  void add(const json::value& value, std::vector<const json::value*>& found) {
    count();
    found.push_back(&value);
  }

  void count() {
    if (++seen_ > most_places) throw Error(Kind::invalid, "the JSON path leads to too many places");
  }

  void deep(const Step& step, const json::value& value, std::vector<const json::value*>& found) {
    count();
    one(step, value, found);
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) deep(step, member.value(), found);
    } else if (const auto* array = value.if_array()) {
      for (const json::value& element : *array) deep(step, element, found);
    }
  }

  void one(const Step& step, const json::value& value, std::vector<const json::value*>& found) {
    if (const auto* object = value.if_object()) {
      for (const std::string& name : step.names) {
        if (const auto* member = object->if_contains(name)) add(*member, found);
      }
      // A filter on an object asks the object itself; in a deep step its array has asked it already.
      if (step.filter && !step.deep && step.filter(value)) add(value, found);
      if (step.all) {
        for (const auto& member : *object) add(member.value(), found);
      }
    } else if (const auto* array = value.if_array()) {
      elements(step, *array, found);
    }
  }

  void elements(const Step& step, const json::array& array, std::vector<const json::value*>& found) {
    const auto size = static_cast<std::int64_t>(array.size());
    const auto from_end = [size](std::int64_t position) { return position < 0 ? position + size : position; };
    for (const std::int64_t wanted : step.positions) {
      const auto position = from_end(wanted);
      if (position >= 0 && position < size) add(array[static_cast<std::size_t>(position)], found);
    }
    if (step.slice) {
      const auto first = std::clamp<std::int64_t>(from_end(step.slice->from.value_or(0)), 0, size);
      const auto last = std::clamp<std::int64_t>(from_end(step.slice->to.value_or(size)), 0, size);
      for (auto i = first; i < last; ++i) add(array[static_cast<std::size_t>(i)], found);
    }
    for (const json::value& element : array) {
      if (step.all || (step.filter && step.filter(element))) add(element, found);
    }
  }

  std::size_t seen_ = 0;
};

std::vector<const json::value*> follow(const std::vector<Step>& steps, const json::value& document) {
  return Walk().go(steps, document);
}

}  // namespace

PathResult follow_path(const json::value& document, std::string_view path) {
  const std::vector<Step> steps = Parser(path).parse();
  PathResult result;
  result.values = follow(steps, document);
  result.definite = std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.definite(); });
  return result;
}

}  // namespace gennaker::base
