#include "expressions/evaluator.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/json.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/text_distance.h"
#include "model/ancestors.h"

namespace gennaker::expressions {
namespace {

constexpr std::size_t most_operations = 10'000;
constexpr std::size_t most_elements = 1'000'000;

class Evaluator {
 public:
  explicit Evaluator(Session& session) : session_(session), root_(Value(MapPtr(session.root))) {}

  Value run(const Node& node) { return evaluate(node, {root_, root_}); }

 private:
  /// What bare names belong to, and what #this is.
  struct Scope {
    const Value &current, &item;
  };

  Value evaluate(const Node& node, const Scope& scope) {
    try {
      Value value = evaluate_kind(node, scope);
      if (session_.noted != nullptr) note(value);
      return value;
    } catch (Failure& failure) {
      failure.set_position(node.position);
      throw;
    }
  }

  void note(const Value& value) {
    if (!value.is_text() || value.text().find(session_.options.noted_mark) == std::string::npos) return;
    std::vector<std::string>& noted = *session_.noted;
    const std::string text(value.text());
    if (std::find(noted.begin(), noted.end(), text) == noted.end()) noted.push_back(text);
  }

  void count() {
    if (++operations_ > most_operations)
      throw spel("EL1085E", fmt::format("the expression takes more than {} steps", most_operations));
  }

  Value evaluate_kind(const Node& node, const Scope& scope) {
    using Kind = Node::Kind;
    if (node.kind != Kind::literal) count();
    switch (node.kind) {
      case Kind::literal:
        return node.value;
      case Kind::list:
        return list(node, scope);
      case Kind::map:
        return map(node, scope);
      case Kind::variable:
        return variable(node, scope);
      case Kind::function:
        return function(node, scope);
      case Kind::property:
      case Kind::method:
      case Kind::index:
      case Kind::project:
      case Kind::select_all:
      case Kind::select_first:
      case Kind::select_last:
        return take_step(node, scope.current, scope);
      case Kind::chain:
        return chain(node, node.children.size(), scope);
      case Kind::type:
        return Value(ObjectPtr(class_of_word(node.text)));
      case Kind::construct:
        return construct(node.text, arguments(node, scope), session_.around);
      case Kind::make_array:
        return array(node, scope);
      case Kind::bean:
        throw spel("EL1057E", fmt::format("there are no beans here (@{})", node.text));
      case Kind::ternary:
        return evaluate(*node.children[to_condition(evaluate(*node.children[0], scope)) ? 1 : 2], scope);
      case Kind::elvis: {
        Value value = evaluate(*node.children[0], scope);
        const bool missing = value.is_null() || (value.is_text() && value.text().empty());
        return missing ? evaluate(*node.children[1], scope) : value;
      }
      case Kind::assign:
        return assign(node, scope);
      case Kind::logical_not:
        return Value(!to_condition(evaluate(*node.children[0], scope)));
      case Kind::plus: {
        Value value = evaluate(*node.children[0], scope);
        if (!value.is_number())
          throw spel("EL1030E", fmt::format("'+' does not work on {}", type_name(value)));
        return value;
      }
      case Kind::minus:
        return negate(evaluate(*node.children[0], scope));
      case Kind::increment_before:
      case Kind::increment_after:
      case Kind::decrement_before:
      case Kind::decrement_after:
        return increment(node, scope);
      default:
        return binary(node, scope);
    }
  }

  // ---- Operators ----

  /// A chain of operators hangs to the left: it is walked down, not recursed into.
  Value binary(const Node& node, const Scope& scope) {
    std::vector<const Node*> spine;
    const Node* left = &node;
    while (is_binary(left->kind)) {
      spine.push_back(left);
      left = left->children[0].get();
    }
    Value value = evaluate(*left, scope);
    for (auto at = spine.rbegin(); at != spine.rend(); ++at) {
      if (*at != &node) count();
      value = apply(**at, std::move(value), scope);
    }
    return value;
  }

  static bool is_binary(Node::Kind kind) {
    return (kind >= Node::Kind::logical_or && kind <= Node::Kind::logical_and) ||
           (kind >= Node::Kind::equal && kind <= Node::Kind::power);
  }

  Value apply(const Node& node, Value left, const Scope& scope) {
    using Kind = Node::Kind;
    const Node& operand = *node.children[1];
    if (node.kind == Kind::logical_or)
      return Value(to_condition(left) || to_condition(evaluate(operand, scope)));
    if (node.kind == Kind::logical_and)
      return Value(to_condition(left) && to_condition(evaluate(operand, scope)));
    if (node.kind == Kind::matches) {
      const std::string text = text_to_match(left);
      return Value(matches(text, evaluate(operand, scope)));
    }
    const Value right = evaluate(operand, scope);
    switch (node.kind) {
      case Kind::add:
        return add(left, right);
      case Kind::subtract:
        return subtract(left, right);
      case Kind::multiply:
        return multiply(left, right);
      case Kind::divide:
        return divide(left, right);
      case Kind::modulo:
        return modulo(left, right);
      case Kind::power:
        return power(left, right);
      case Kind::equal:
        return Value(equal(left, right));
      case Kind::not_equal:
        return Value(!equal(left, right));
      case Kind::less:
        return Value(comparable(left, right) && compare(left, right) < 0);
      case Kind::less_equal:
        return Value(comparable(left, right) && compare(left, right) <= 0);
      case Kind::greater:
        return Value(comparable(left, right) && compare(left, right) > 0);
      case Kind::greater_equal:
        return Value(comparable(left, right) && compare(left, right) >= 0);
      case Kind::between:
        return Value(between(left, right));
      default:
        return Value(instance_of(left, right));
    }
  }

  /// Beside NaN no number is less or greater.
  static bool comparable(const Value& a, const Value& b) {
    const bool numbers = a.is_number() && b.is_number();
    return !numbers || !(std::isnan(as_double(a)) || std::isnan(as_double(b)));
  }

  static bool instance_of(const Value& value, const Value& type) {
    const auto* wanted = type.object_as<ClassObject>();
    if (wanted == nullptr) throw spel("EL1028E", "the right side of 'instanceof' must be a type: T(String)");
    return is_instance(value, *wanted);
  }

  Value increment(const Node& node, const Scope& scope) {
    using Kind = Node::Kind;
    const bool up = node.kind == Kind::increment_before || node.kind == Kind::increment_after;
    const bool before = node.kind == Kind::increment_before || node.kind == Kind::decrement_before;
    const Place place = place_of(*node.children[0], scope);
    const Value old = read(place, scope);
    if (!old.is_number())
      throw spel(up ? "EL1066E" : "EL1067E",
                 fmt::format("a value of type {} is not a number", type_name(old)));
    const Value changed = step(old, up ? 1 : -1);
    write(place, changed, scope);
    return before ? changed : old;
  }

  // ---- Literals ----

  Value list(const Node& node, const Scope& scope) {
    std::vector<Value> items;
    items.reserve(node.children.size());
    for (const NodePtr& child : node.children) items.push_back(evaluate(*child, scope));
    return Value(std::make_shared<Sequence>(Sequence::Kind::list, std::move(items), node.constant));
  }

  Value map(const Node& node, const Scope& scope) {
    auto map = std::make_shared<Map>();
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key = *node.children[i];
      const bool bare = key.kind == Node::Kind::property && !key.null_safe;
      Value name = bare ? Value::text(key.text) : evaluate(key, scope);
      map->put(std::move(name), evaluate(*node.children[i + 1], scope));
    }
    if (node.constant) map->freeze();
    return Value(std::move(map));
  }

  Value array(const Node& node, const Scope& scope) {
    find_class(node.text);
    if (!node.has_items) {
      if (node.children.size() < static_cast<std::size_t>(node.dimensions))
        throw spel("EL1063E", "an array needs its length");
      std::vector<std::int32_t> lengths;
      for (const NodePtr& child : node.children) {
        lengths.push_back(to_index(evaluate(*child, scope)));
        check_array_size(lengths);
      }
      return make_array_of(node.text, lengths);
    }
    if (node.dimensions > 1) throw spel("EL1062E", "items can be listed for one dimension only");
    const Node& list = *node.children.back();
    if (list.kind != Node::Kind::list) throw java("ClassCastException", "an array is made of a list");
    const bool sized = node.children.size() > 1;
    if (sized &&
        to_index(evaluate(*node.children[0], scope)) != static_cast<std::int64_t>(list.children.size()))
      throw spel("EL1064E", "the array's length is not the number of its items");
    const std::string element = element_name(node.text);
    std::vector<Value> items;
    for (const NodePtr& child : list.children)
      items.push_back(array_element(element, evaluate(*child, scope)));
    return Value(Sequence::array(element, std::move(items)));
  }

  std::vector<Value> arguments(const Node& node, const Scope& scope) {
    std::vector<Value> values;
    values.reserve(node.children.size());
    for (const NodePtr& child : node.children) values.push_back(evaluate(*child, scope));
    return values;
  }

  // ---- Variables and functions ----

  Value variable(const Node& node, const Scope& scope) {
    if (node.text == "root") return root_;
    if (node.text == "this") return scope.item;
    if (const auto found = session_.variables.find(node.text); found != session_.variables.end())
      return found->second;
    if (is_function(node.text)) return Value::text("#" + node.text);
    return {};
  }

  Value function(const Node& node, const Scope& scope) {
    if (session_.variables.contains(node.text))
      throw spel("EL1022E", fmt::format("#{} is a variable, not a function", node.text));
    if (!is_function(node.text)) {
      const std::string near = nearest(node.text, function_names());
      throw spel("EL1006E", fmt::format("there is no function #{}{}", node.text,
                                        near.empty() ? "" : fmt::format(": did you mean #{}?", near)));
    }
    return call_function(node.text, arguments(node, scope), session_);
  }

  // ---- Steps ----

  /// The first `count` members of a chain.
  Value chain(const Node& node, std::size_t count, const Scope& scope) {
    Value value = evaluate(*node.children[0], scope);
    for (std::size_t i = 1; i < count; ++i) {
      const Node& next = *node.children[i];
      // As Spring has it: a chain's last step must be a place.
      if (next.kind == Node::Kind::function && i + 1 == node.children.size()) throw not_assignable();
      if (next.kind == Node::Kind::variable || next.kind == Node::Kind::function) {
        value = evaluate(next, scope);
        continue;
      }
      this->count();
      try {
        value = take_step(next, value, scope);
        if (session_.noted != nullptr) note(value);
      } catch (Failure& failure) {
        failure.set_position(next.position);
        throw;
      }
    }
    return value;
  }

  Value take_step(const Node& node, const Value& target, const Scope& scope) {
    using Kind = Node::Kind;
    if (node.kind == Kind::method) return call(node, target, scope);
    if (target.is_null() && node.null_safe) return {};
    switch (node.kind) {
      case Kind::property:
        return property(node, target);
      case Kind::index:
        return index(node, target, scope);
      case Kind::project:
        return project(node, target);
      default:
        return select(node, target);
    }
  }

  Value call(const Node& node, const Value& target, const Scope& scope) {
    std::vector<Value> values = arguments(node, scope);
    if (!target.is_null()) return call_method(target, node.text, std::move(values), session_.around);
    if (node.null_safe) return {};
    throw spel("EL1011E",
               fmt::format("{}(...) is called on null: ?.{}(...) gives null then", node.text, node.text));
  }

  Value property(const Node& node, const Value& target) {
    if (target.is_null())
      throw spel("EL1007E", fmt::format("'{}' is read of null: ?.{} gives null then", node.text, node.text));
    if (const MapPtr map = target.map()) {
      if (auto found = map->find(node.text)) return *found;
      if (session_.options.allow_unknown_keys) return {};
      if (auto bean = read_property(target, node.text, session_.around)) return *bean;
      throw unreadable(fmt::format("'{}' is not there", node.text));
    }
    if (const SequencePtr array = target.sequence(); array && array->is_array() && node.text == "length")
      return Value(static_cast<std::int32_t>(array->size()));
    if (auto value = read_property(target, node.text, session_.around)) return *value;
    if (const auto* type = target.object_as<ClassObject>())
      throw unreadable(fmt::format(
          "constants cannot be read ({}.{}): write its value{}", type->name(), node.text,
          is_enum(*type) ? fmt::format(", here T({}).valueOf('{}')", type->name(), node.text) : ""));
    if (target.object() && target.object()->type() == "Entry")
      throw unreadable("the key and value of a map's entry cannot be read: name the key, map['key']");
    throw unreadable(fmt::format("a value of type {} has no readable '{}'", type_name(target), node.text));
  }

  static bool is_enum(const ClassObject& type) {
    return type.name() == "java.time.DayOfWeek" || type.name() == "java.time.temporal.ChronoUnit";
  }

  static Failure unreadable(const std::string& message) {
    return {"IllegalArgumentException", "EL1021E", "EL1021E: " + message};
  }

  /// A bare name in brackets is the key's text; anything else is computed, against the root.
  Value key_of(const Node& node, const Value& target, const Scope& scope) {
    const Node& key = *node.children[0];
    if (target.map() && key.kind == Node::Kind::property) return Value::text(key.text);
    Value found = evaluate(key, {root_, scope.item});
    if (found.is_null()) throw java("IllegalStateException", "what stands between the brackets is null");
    return found;
  }

  Value index(const Node& node, const Value& target, const Scope& scope) {
    if (target.is_null()) throw spel("EL1012E", "null has no elements: ?.[...] gives null then");
    const Value key = key_of(node, target, scope);
    if (const MapPtr map = target.map()) return map->find(key).value_or(Value());
    if (const SequencePtr sequence = target.sequence()) {
      const std::size_t at =
          place(to_index(key), sequence->size(), sequence->is_array() ? "EL1024E" : "EL1025E",
                sequence->is_array() || sequence->kind() == Sequence::Kind::list);
      return sequence->items()[at];
    }
    if (target.is_text()) {
      const std::u16string units = to_units(target.text());
      const std::size_t at = place(to_index(key), units.size(), "EL1026E");
      return Value::text(from_units(std::u16string_view(units).substr(at, 1)));
    }
    return indexed_property(target, key);
  }

  /// `ordered`: Java's own refusal meets an index below 0.
  static std::size_t place(std::int32_t index, std::size_t size, std::string_view code, bool ordered = true) {
    if (index < 0 && ordered) {
      const std::string_view kind = code == "EL1025E"   ? "IndexOutOfBoundsException"
                                    : code == "EL1024E" ? "ArrayIndexOutOfBoundsException"
                                                        : "StringIndexOutOfBoundsException";
      throw java(kind, fmt::format("the index {} is below 0", index));
    }
    if (index < 0 || static_cast<std::size_t>(index) >= size)
      throw spel(code, fmt::format("there is no element {}: there are {}, counted from 0", index, size));
    return static_cast<std::size_t>(index);
  }

  Value indexed_property(const Value& target, const Value& key) {
    if (!key.is_text())
      throw spel("EL1027E", fmt::format("a value of type {} has no elements", type_name(target)));
    if (auto value = read_property(target, key.text(), session_.around)) return *value;
    throw java("IllegalArgumentException",
               fmt::format("a value of type {} has no '{}'", type_name(target), key.text()));
  }

  // ---- Selection and projection ----

  Value project(const Node& node, const Value& target) {
    std::vector<Value> results;
    for (const Value& item : items_of(target, "EL1019E", "a projection, ![...],"))
      results.push_back(evaluate(*node.children[0], {item, item}));
    check_size(results.size());
    const SequencePtr sequence = target.sequence();
    if (!sequence || !sequence->is_array()) return make_list(std::move(results));
    std::string element = element_type(results);
    return Value(Sequence::array(std::move(element), std::move(results)));
  }

  Value select(const Node& node, const Value& target) {
    using Kind = Node::Kind;
    if (const MapPtr map = target.map()) return select_of_map(node, *map);
    std::vector<Value> chosen;
    for (const Value& item : items_of(target, "EL1015E", "a selection, ?[...],")) {
      if (!holds(node, item)) continue;
      if (node.kind == Kind::select_first) return item;
      chosen.push_back(item);
    }
    if (node.kind == Kind::select_first) return {};
    if (node.kind == Kind::select_last) return chosen.empty() ? Value() : chosen.back();
    if (!target.sequence()->is_array()) return make_list(std::move(chosen));
    return Value(Sequence::array(boxed(target.sequence()->element()), std::move(chosen)));
  }

  Value select_of_map(const Node& node, Map& map) {
    using Kind = Node::Kind;
    std::vector<Map::Entry> chosen;
    for (const Map::Entry& entry : std::vector<Map::Entry>(map.entries())) {
      if (!holds(node, make_entry(entry))) continue;
      chosen.push_back(entry);
      if (node.kind == Kind::select_first) break;
    }
    if (chosen.empty() && node.kind != Kind::select_all) return {};
    if (node.kind == Kind::select_last) chosen.erase(chosen.begin(), chosen.end() - 1);
    order_by_hash(chosen);
    auto result = std::make_shared<Map>();
    for (Map::Entry& entry : chosen) result->put(std::move(entry.key), std::move(entry.value));
    return Value(std::move(result));
  }

  /// As Java's HashMap, which a selection gives, goes through its entries.
  static void order_by_hash(std::vector<Map::Entry>& entries) {
    std::uint32_t buckets = 16;
    while (entries.size() > buckets / 4 * 3) buckets *= 2;
    const auto bucket = [&](const Map::Entry& entry) {
      const auto hash = static_cast<std::uint32_t>(java_hash(entry.key));
      return (hash ^ hash >> 16U) & (buckets - 1);
    };
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Map::Entry& a, const Map::Entry& b) { return bucket(a) < bucket(b); });
  }

  bool holds(const Node& node, const Value& item) {
    const Value condition = evaluate(*node.children[0], {item, item});
    const bool* truth = condition.get<bool>();
    if (truth == nullptr)
      throw spel("EL1016E", fmt::format("the condition of a selection is of type {}, not a boolean",
                                        type_name(condition)));
    return *truth;
  }

  /// A copy: what is evaluated for an item may change the list.
  static std::vector<Value> items_of(const Value& target, std::string_view code, std::string_view what) {
    if (const SequencePtr sequence = target.sequence()) return sequence->items();
    if (const MapPtr map = target.map()) {
      std::vector<Value> items;
      for (const Map::Entry& entry : map->entries()) items.push_back(make_entry(entry));
      return items;
    }
    throw spel(code, fmt::format("{} needs a list or a map, not {}", what, type_name(target)));
  }

  static void check_size(std::size_t size) {
    if (size > most_elements) throw java("OutOfMemoryError", "the list is too long");
  }

  static std::string boxed(const std::string& element) {
    if (element == "int") return "Integer";
    if (element == "char") return "Character";
    std::string name = element;
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
  }

  static std::string element_type(const std::vector<Value>& values) {
    std::string type;
    for (const Value& value : values) {
      if (value.is_null()) continue;
      const std::string own = type_name(value);
      if (type.empty()) type = own;
      if (type != own) return "Object";
    }
    return type.empty() ? "Object" : type;
  }

  // ---- Assignment ----

  /// What a value is read of and written to: the last step of a chain, and what it is taken from.
  struct Place {
    const Node& step;
    Value holder;
  };

  Place place_of(const Node& node, const Scope& scope) {
    using Kind = Node::Kind;
    const bool chained = node.kind == Kind::chain;
    const Node& last = chained ? *node.children.back() : node;
    Value holder = chained ? chain(node, node.children.size() - 1, scope) : scope.current;
    if (last.kind != Kind::variable && last.kind != Kind::method && last.kind != Kind::property &&
        last.kind != Kind::index && !is_selection(last.kind))
      throw not_assignable();
    return {last, std::move(holder)};
  }

  static bool is_selection(Node::Kind kind) {
    return kind >= Node::Kind::select_all && kind <= Node::Kind::project;
  }

  static Failure not_assignable() {
    return spel("EL1068E", "only a name, a map's key, a list's element or a #variable can be given a value");
  }

  Value read(const Place& place, const Scope& scope) {
    if (place.step.kind == Node::Kind::variable) return variable(place.step, scope);
    return take_step(place.step, place.holder, scope);
  }

  /// The value comes first, unless the target is nothing of the kind that can be given one.
  Value assign(const Node& node, const Scope& scope) {
    using Kind = Node::Kind;
    const Node& target = *node.children[0];
    if (target.kind == Kind::variable) {
      Value value = evaluate(*node.children[1], scope);
      if (target.text != "root" && target.text != "this") session_.variables[target.text] = value;
      return value;
    }
    if (target.kind != Kind::property && target.kind != Kind::index && target.kind != Kind::chain)
      throw spel("EL1032E", "only a name, a map's key, a list's element or a #variable can be given a value");
    Value value = evaluate(*node.children[1], scope);
    const Place place = place_of(target, scope);
    if (place.step.kind == Kind::method) {
      arguments(place.step, scope);
      if (place.holder.is_null()) take_step(place.step, place.holder, scope);
    } else if (is_selection(place.step.kind)) {
      take_step(place.step, place.holder, scope);
    }
    write(place, value, scope);
    return value;
  }

  void write(const Place& place, const Value& value, const Scope& scope) {
    using Kind = Node::Kind;
    const Node& step = place.step;
    switch (step.kind) {
      case Kind::variable:
        if (step.text == "root" || step.text == "this") throw not_assignable();
        session_.variables[step.text] = value;
        return;
      case Kind::property:
        return write_property(place.holder, step, value);
      case Kind::index:
        return write_element(place.holder, step, value, scope);
      case Kind::method:
        if (place.holder.is_null()) throw not_assignable();
        throw java("IllegalAccessError",
                   fmt::format("what {}(...) gives cannot be given a value", step.text));
      default:
        throw not_assignable();
    }
  }

  void write_property(const Value& holder, const Node& step, const Value& value) {
    if (holder.is_null()) {
      if (step.null_safe) return;
      throw spel("EL1009E", fmt::format("'{}' of null cannot be given a value", step.text));
    }
    const MapPtr map = holder.map();
    if (!map) throw unwritable(holder, step.text);
    put(*map, holder, Value::text(step.text), value);
  }

  void put(Map& map, const Value& holder, Value key, const Value& value) {
    if (map.immutable()) throw java("UnsupportedOperationException", "this map cannot be changed");
    session_.around.changed.push_back(holder);
    map.put(std::move(key), value);
  }

  static Failure unwritable(const Value& holder, std::string_view name) {
    return java("IllegalArgumentException",
                fmt::format("a value of type {} has no '{}' that can be changed", type_name(holder), name));
  }

  void write_element(const Value& holder, const Node& step, const Value& value, const Scope& scope) {
    if (holder.is_null()) {
      if (step.null_safe) throw not_assignable();
      throw spel("EL1012E", "an element of null cannot be given a value");
    }
    Value key = key_of(step, holder, scope);
    if (const MapPtr map = holder.map()) return put(*map, holder, std::move(key), value);
    const SequencePtr sequence = holder.sequence();
    const bool has_elements = sequence || holder.is_text();
    if (!has_elements && key.is_text()) throw unwritable(holder, key.text());
    const std::int32_t wanted = has_elements ? to_index(key) : 0;
    if (!sequence || (!sequence->is_array() && sequence->kind() != Sequence::Kind::list))
      throw spel("EL1027E",
                 fmt::format("the elements of a value of type {} cannot be changed", type_name(holder)));
    const std::string_view code = sequence->is_array() ? "EL1024E" : "EL1025E";
    if (wanted >= 0) place(wanted, sequence->size(), code);
    if (sequence->immutable()) throw java("UnsupportedOperationException", "this list cannot be changed");
    const Value fitting = sequence->is_array() ? assigned_element(sequence->element(), value) : value;
    session_.around.changed.push_back(holder);
    sequence->items()[place(wanted, sequence->size(), code)] = fitting;
  }

  Session& session_;
  Value root_;
  std::size_t operations_ = 0;
};

}  // namespace

Value evaluate_node(const Node& node, Session& session) {
  return Evaluator(session).run(node);
}

// ---- Session ----

Session::Session(const Subject& about, const Options& given)
    : subject(about), options(given), world(about.execution, about.stage) {
  around.now_millis = base::to_millis(given.now);
  around.seed = given.seed;
  root = std::make_shared<RootMap>(world, subject, trace);
}

Session::~Session() {
  for (const Value& value : around.changed) {
    if (const MapPtr map = value.map()) map->clear();
    if (const SequencePtr sequence = value.sequence()) sequence->items().clear();
  }
}

std::string Session::user() const {
  if (!subject.user.empty()) return subject.user;
  const std::string user =
      subject.execution ? base::string_or(subject.execution->authentication, "user", "") : "";
  return user.empty() ? "anonymous" : user;
}

const json::value& Session::ask(Question question) {
  if (options.answers != nullptr) {
    if (const auto known = options.answers->find(question); known != options.answers->end()) {
      if (known->second.error.empty()) return known->second.value;
      throw question.kind == Question::Kind::url ? java("IOException", known->second.error)
                                                 : refused_by_function(known->second.error);
    }
  }
  open.push_back(question);
  throw refused_by_function(fmt::format("'{}' has not been looked up", question.subject));
}

// ---- RootMap ----

bool RootMap::is_pipeline() const {
  return subject_.execution != nullptr && subject_.execution->type == model::ExecutionType::pipeline;
}

std::optional<Value> RootMap::find(std::string_view key) {
  std::optional<Found> found;
  if (whole_) {
    if (auto own = Map::find(key))
      found = Found{*own, "a name that was given a value, or was there from the start"};
  }
  if (!found) found = look_up(key);
  if (trace_ != nullptr)
    trace_->push_back(
        {std::string(key), found ? found->where : "nowhere", found ? to_json(found->value) : json::value()});
  if (!found) return std::nullopt;
  return found->value;
}

std::optional<RootMap::Found> RootMap::made(std::string_view key) {
  if (is_pipeline() && key == "execution") return Found{world_.execution_object(), "the execution"};
  if (is_pipeline() && key == "trigger") return Found{Value(world_.trigger()), "the trigger"};
  if (key == "parameters") return Found{parameters(), "the trigger's parameters"};
  if (key == "scmInfo") return Found{world_.scm_info(), "the build that triggered it"};
  if (key == "templateVariables" && is_pipeline()) {
    const auto* variables = base::find_object(subject_.execution->extra, "templateVariables");
    if (variables != nullptr && !variables->empty())
      return Found{Value(std::make_shared<Map>(*variables)), "the template's variables"};
  }
  return std::nullopt;
}

std::optional<RootMap::Found> RootMap::look_up(std::string_view key) {
  if (const auto kept = kept_.find(key); kept != kept_.end()) return Found{kept->second, "found before"};
  std::optional<Found> found = made(key);
  if (!found && subject_.values) {
    if (auto value = subject_.values->find(key)) found = Found{*value, "the names that were given"};
  }
  if (!found && subject_.names != nullptr) {
    if (const auto* value = subject_.names->if_contains(key))
      found = Found{wrap(*value), "the names that were given"};
  }
  if (!found && subject_.stage != nullptr) {
    if (auto own = world_.context_of(*subject_.stage)->Map::find(key))
      found = Found{*own, "this stage's context"};
    for (const model::Stage* ancestor : model::ancestors(*subject_.execution, *subject_.stage)) {
      if (found) break;
      const json::value* output = ancestor->outputs.if_contains(key);
      if (output == nullptr) continue;
      const bool own = ancestor == subject_.stage;
      found = Found{wrap(*output),
                    own ? "this stage's outputs" : fmt::format("outputs of stage '{}'", ancestor->name)};
    }
  }
  // Remembered, so that whoever finds a list again finds what was added to it.
  if (found && trace_ == nullptr && (found->value.map() || found->value.sequence()))
    kept_.emplace(std::string(key), found->value);
  return found;
}

Value RootMap::parameters() {
  MapPtr trigger;
  if (subject_.execution != nullptr) trigger = world_.trigger();
  if (!trigger && subject_.names != nullptr) {
    if (const auto* object = base::find_object(*subject_.names, "trigger"))
      trigger = std::make_shared<Map>(*object);
  }
  if (trigger) {
    const std::optional<Value> given = trigger->find("parameters");
    if (given && given->map() && given->map()->size() > 0) return *given;
  }
  const json::object* own = subject_.stage ? &subject_.stage->context : subject_.names;
  if (own != nullptr) {
    if (const auto* value = own->if_contains("parameters"); value != nullptr && !value->is_null())
      return wrap(*value);
  }
  return Value(std::make_shared<Map>());
}

std::vector<Map::Entry>& RootMap::entries() {
  if (whole_) return entries_;
  whole_ = true;
  const auto put = [&](std::string_view name) {
    std::optional<Found> found = look_up(name);
    if (found) entries_.push_back({Value::text(std::string(name)), found->value});
  };
  const json::object* own = subject_.stage ? &subject_.stage->context : subject_.names;
  for (const std::string_view name : {"execution", "trigger", "templateVariables", "scmInfo"}) {
    if (name == "scmInfo" || made(name)) put(name);
  }
  if (own != nullptr) {
    for (const auto& member : *own) {
      const std::string_view name = member.key();
      const bool there =
          std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key.text() == name; });
      if (!there && name != "parameters") put(name);
    }
  }
  put("parameters");
  return entries_;
}

std::vector<std::string> RootMap::names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) names.emplace_back(entry.key.text());
  if (subject_.stage != nullptr) {
    for (const model::Stage* ancestor : model::ancestors(*subject_.execution, *subject_.stage)) {
      for (const auto& [name, value] : ancestor->outputs) names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace gennaker::expressions
