#include "expressions/methods.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>

#include "base/text.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/text_distance.h"

namespace gennaker::expressions {
namespace {

// ---- Which overload: Spring's rules ----

struct Choice {
  const Method* method = nullptr;
  Suits suits = Suits::not_at_all;
};

Suits worse(Suits a, Suits b) {
  return std::max(a, b);
}

Suits suits_all(const Method& method, const std::vector<Value>& arguments) {
  const std::size_t fixed = method.parameters.size() - (method.varargs ? 1 : 0);
  if (method.varargs ? arguments.size() < fixed : arguments.size() != fixed) return Suits::not_at_all;
  Suits all = Suits::exactly;
  for (std::size_t i = 0; i < fixed; ++i) all = worse(all, suits(arguments[i], method.parameters[i]));
  if (!method.varargs) return all;
  if (all == Suits::not_at_all) return all;
  for (std::size_t i = fixed; i < arguments.size(); ++i) {
    const Suits how = suits(arguments[i], method.parameters.back());
    // As Spring has it: an argument that suits makes up for one before it that does not.
    const bool forgives = all == Suits::not_at_all && how != Suits::exactly;
    all = forgives ? how : worse(all, how);
  }
  return worse(all, Suits::closely);
}

/// `strict`: two that both need conversions are an error.
const Method* choose(Methods methods, std::string_view name, const std::vector<Value>& arguments,
                     bool strict) {
  Choice close, converted;
  bool several = false;
  for (const Method& method : methods) {
    if (method.name != name) continue;
    const Suits how = suits_all(method, arguments);
    if (how == Suits::exactly) return &method;
    if (how == Suits::closely) {
      const bool better = close.method == nullptr || (close.method->varargs && !method.varargs);
      if (better) close = {&method, how};
    } else if (how == Suits::converted) {
      several = several || converted.method != nullptr;
      converted = {&method, how};
    }
  }
  if (close.method != nullptr) return close.method;
  if (several && strict)
    throw spel(
        "EL1033E",
        fmt::format("{}(...) could mean several methods with these arguments: convert them first", name));
  return converted.method;
}

void convert_arguments(const Method& method, std::vector<Value>& arguments) {
  const std::size_t fixed = method.parameters.size() - (method.varargs ? 1 : 0);
  for (std::size_t i = 0; i < fixed; ++i) arguments[i] = convert(arguments[i], method.parameters[i]);
  if (!method.varargs) return;
  std::vector<Value> rest(arguments.begin() + static_cast<std::ptrdiff_t>(fixed), arguments.end());
  // A list or array alone stands for its items; a set does not.
  const SequencePtr alone = rest.size() == 1 ? rest[0].sequence() : nullptr;
  if (alone && (alone->is_array() || alone->kind() == Sequence::Kind::list))
    rest = std::vector<Value>(alone->items());
  for (Value& one : rest) one = convert_checked(one, method.parameters.back());
  arguments.resize(fixed);
  arguments.push_back(make_list(std::move(rest)));
}

struct MethodsOf {
  const Value& target;
  Methods operator()(Null) const { return {}; }
  Methods operator()(bool) const { return boolean_methods(); }
  Methods operator()(char16_t) const { return character_methods(); }
  Methods operator()(const Text&) const { return text_methods(); }
  Methods operator()(const SequencePtr& sequence) const { return sequence_methods(*sequence); }
  Methods operator()(const MapPtr&) const { return map_methods(); }
  Methods operator()(const ObjectPtr& object) const {
    if (const auto* type = dynamic_cast<const ClassObject*>(object.get()))
      return static_methods(type->name());
    const Methods of_time = time_methods(*object);
    return of_time.empty() ? subject_methods(*object) : of_time;
  }
  template <class Number>
  Methods operator()(const Number&) const {
    return number_methods(target);
  }
};

Methods methods_of(const Value& target) {
  return std::visit(MethodsOf{target}, target.data());
}

// ---- What a user would try, and what to write instead ----

struct Advice {
  std::string_view type, method, instead;
};
constexpr std::array<Advice, 14> advice{{
    {"Map", "get", "map['key'] or map.key"},
    {"Map", "getOrDefault", "map['key'] ?: 'default'"},
    {"Map", "put", "map['key'] = value"},
    {"Map", "remove", "a map without it: {a: map.a, b: map.b}"},
    {"List", "get", "list[0]"},
    {"List", "set", "list[0] = value"},
    {"List", "stream", "list.?[condition] and list.![expression]"},
    {"List", "iterator", "list.![expression]"},
    {"List", "toArray", "the list itself"},
    {"List", "forEach", "list.![expression]"},
    {"Set", "stream", "set.?[condition] and set.![expression]"},
    {"Set", "iterator", "set.![expression]"},
    {"String", "chars", "text.toCharArray()"},
    {"String", "lines", "text.split('\\n')"},
}};

std::string why_not_found(const Value& target, std::string_view name, std::size_t count) {
  const std::string type = type_name(target);
  for (const Advice& one : advice) {
    if (one.type == type && one.method == name)
      return fmt::format("{}.{}(...) is not allowed here: write {}", type, name, one.instead);
  }
  if (type == "List" && name == "remove")
    return "list.remove(...) takes away an element by its value, not by its index";
  const std::vector<std::string_view> names = method_names(target);
  if (std::find(names.begin(), names.end(), name) != names.end())
    return fmt::format("{}.{}(...) does not take {} argument{} of these types", type, name, count,
                       count == 1 ? "" : "s");
  return fmt::format("a value of type {} has no method {}(...)", type, name);
}

}  // namespace

/// SplitMix64.
std::uint64_t Surroundings::draw() {
  std::uint64_t z = (seed += 0x9E3779B97F4A7C15ULL);
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
  return z ^ z >> 31;
}

std::string_view Call::text(std::size_t i) const {
  if (arguments[i].is_null()) throw java("NullPointerException", "an argument is null");
  return arguments[i].text();
}

const SequencePtr& Call::sequence(std::size_t i) const {
  const auto* sequence = arguments[i].get<SequencePtr>();
  if (sequence == nullptr) throw java("NullPointerException", "an argument is null");
  return *sequence;
}

bool ClassObject::equals(const Object& other) const {
  const auto* type = dynamic_cast<const ClassObject*>(&other);
  return type && type->name_ == name_;
}

Value call_method(const Value& target, std::string_view name, std::vector<Value> arguments,
                  Surroundings& around) {
  const Method* method = choose(methods_of(target), name, arguments, true);
  if (method == nullptr) throw spel("EL1004E", why_not_found(target, name, arguments.size()));
  try {
    convert_arguments(*method, arguments);
  } catch (const Failure& failure) {
    throw failure.within("EL1029E");
  }
  return method->run({target, arguments, around});
}

std::optional<Value> read_property(const Value& target, std::string_view name, Surroundings& around) {
  if (const Object* object = target.object()) {
    if (dynamic_cast<const ClassObject*>(object)) return std::nullopt;
    if (auto value = object->property(name)) return value;
  }
  if (name.empty() || name == "class") return std::nullopt;
  std::string capital(name);
  capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
  std::vector<Value> none;
  for (const std::string& candidate : {"get" + capital, "is" + capital, std::string(name)}) {
    for (const Method& method : methods_of(target)) {
      if (method.name != candidate || !method.parameters.empty()) continue;
      Value value = method.run({target, none, around});
      if (candidate.starts_with("is") && candidate != name && !value.get<bool>()) continue;
      return value;
    }
  }
  return std::nullopt;
}

Value construct(std::string_view type, std::vector<Value> arguments, Surroundings& around) {
  const std::shared_ptr<const ClassObject> found = find_class(type);
  const Method* method = choose(constructors_of(found->name()), "new", arguments, false);
  if (method == nullptr)
    throw spel("EL1002E", fmt::format("new {}(...) does not take these arguments", type));
  try {
    convert_arguments(*method, arguments);
    return method->run({Value(), arguments, around});
  } catch (const Failure& failure) {
    throw failure.within("EL1003E");
  }
}

std::vector<std::string_view> method_names(const Value& target) {
  std::vector<std::string_view> names;
  for (const Method& method : methods_of(target)) names.push_back(method.name);
  return names;
}

// ---- Types ----

namespace {

constexpr std::array<std::string_view, 16> allowed_types{"java.lang.String",
                                                         "java.lang.Integer",
                                                         "java.lang.Long",
                                                         "java.lang.Double",
                                                         "java.lang.Byte",
                                                         "java.lang.Boolean",
                                                         "java.lang.Math",
                                                         "java.util.Date",
                                                         "java.util.Random",
                                                         "java.util.UUID",
                                                         "java.text.SimpleDateFormat",
                                                         "java.time.LocalDate",
                                                         "java.time.LocalDateTime",
                                                         "java.time.DayOfWeek",
                                                         "java.time.Instant",
                                                         "java.net.URLEncoder"};
constexpr std::array<std::string_view, 2> more_allowed_types{"java.time.temporal.ChronoUnit",
                                                             "java.time.temporal.TemporalAdjusters"};
// Java's, so that a refusal can say which it is; the packages' names end in a dot.
constexpr std::array<std::string_view, 9> java_packages{"java.lang.", "java.util.", "java.io.",
                                                        "java.net.",  "java.nio.",  "java.math.",
                                                        "java.text.", "java.time.", "javax."};
constexpr std::array<std::string_view, 42> language_types{"Object",
                                                          "System",
                                                          "Runtime",
                                                          "Class",
                                                          "Thread",
                                                          "Float",
                                                          "Short",
                                                          "Character",
                                                          "Number",
                                                          "Void",
                                                          "StringBuilder",
                                                          "StringBuffer",
                                                          "Process",
                                                          "ProcessBuilder",
                                                          "ClassLoader",
                                                          "Iterable",
                                                          "Comparable",
                                                          "CharSequence",
                                                          "Runnable",
                                                          "Enum",
                                                          "Record",
                                                          "StrictMath",
                                                          "SecurityManager",
                                                          "StackTraceElement",
                                                          "Throwable",
                                                          "Exception",
                                                          "Error",
                                                          "RuntimeException",
                                                          "IllegalArgumentException",
                                                          "NullPointerException",
                                                          "Module",
                                                          "Package",
                                                          "ThreadLocal",
                                                          "ThreadGroup",
                                                          "Override",
                                                          "Deprecated",
                                                          "AutoCloseable",
                                                          "Cloneable",
                                                          "Appendable",
                                                          "Readable",
                                                          "Compiler",
                                                          "InheritableThreadLocal"};
constexpr std::array<std::string_view, 9> primitives{"int",   "long",    "double", "float", "byte",
                                                     "short", "boolean", "char",   "void"};
constexpr std::string_view primitive_codes = "IJDFBSZCV";

template <class List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// One letter away from a type that may be used: no other of Java's is.
bool is_misspelt(std::string_view name) {
  const auto is_near = [&](std::string_view type) {
    return type.size() + 1 >= name.size() && distance(type, name) == 1;
  };
  return std::any_of(allowed_types.begin(), allowed_types.end(), is_near) ||
         std::any_of(more_allowed_types.begin(), more_allowed_types.end(), is_near);
}

Failure refused_type(std::string_view name) {
  return spel("EL1021E", fmt::format("the type {} may not be used in expressions", name));
}

}  // namespace

std::shared_ptr<const ClassObject> find_class(std::string_view name) {
  std::string element(name);
  std::size_t dimensions = 0;
  while (element.ends_with("[]")) {
    element.resize(element.size() - 2);
    ++dimensions;
  }
  const bool simple = element.find('.') == std::string::npos;
  if (const auto at = std::find(primitives.begin(), primitives.end(), element); at != primitives.end()) {
    if (dimensions == 0) return std::make_shared<ClassObject>(element, true);
    const char code = primitive_codes[static_cast<std::size_t>(at - primitives.begin())];
    return std::make_shared<ClassObject>(std::string(dimensions, '[') + code);
  }
  const std::string full = simple ? "java.lang." + element : element;
  if (!contains(allowed_types, full) && !contains(more_allowed_types, full)) {
    const bool known = simple ? contains(language_types, element)
                       : is_misspelt(full)
                           ? false
                           : std::any_of(java_packages.begin(), java_packages.end(),
                                         [&](std::string_view package) { return full.starts_with(package); });
    if (known) throw refused_type(full);
    throw spel("EL1005E", fmt::format("there is no type {}", name));
  }
  if (dimensions > 0) return std::make_shared<ClassObject>(std::string(dimensions, '[') + "L" + full + ";");
  return std::make_shared<ClassObject>(full);
}

std::shared_ptr<const ClassObject> class_of_word(std::string_view name) {
  const std::string word(name.substr(0, name.find('[')));
  const bool simple = !word.empty() && word.find('.') == std::string::npos;
  if (!simple || !std::islower(static_cast<unsigned char>(word[0]))) return find_class(name);
  const std::string lower = base::lower_case(word);
  if (lower == "object") return find_class(name);
  if (lower == "void" || !contains(primitives, lower))
    throw java("IllegalArgumentException", fmt::format("there is no type {}", name));
  return find_class(lower + std::string(name.substr(word.size())));
}

bool is_instance(const Value& value, const ClassObject& type) {
  if (value.is_null()) return false;
  const std::string_view name = type.name();
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && name.substr(dot + 1) == type_name(value);
}

namespace {

struct Primitive {
  std::string_view name;
  Parameter parameter;
};
constexpr std::array<Primitive, 8> primitive_elements{{{"int", Parameter::int_},
                                                       {"long", Parameter::long_},
                                                       {"double", Parameter::double_},
                                                       {"float", Parameter::float_},
                                                       {"byte", Parameter::byte_},
                                                       {"short", Parameter::short_},
                                                       {"boolean", Parameter::boolean},
                                                       {"char", Parameter::character}}};

std::optional<Parameter> primitive_element(std::string_view name) {
  const auto found = std::find_if(primitive_elements.begin(), primitive_elements.end(),
                                  [&](const Primitive& primitive) { return primitive.name == name; });
  return found == primitive_elements.end() ? std::nullopt : std::optional(found->parameter);
}

/// nullopt: it takes any value.
std::optional<Parameter> element_parameter(std::string_view element) {
  static const std::map<std::string_view, Parameter> parameters{
      {"int", Parameter::boxed_int},         {"Integer", Parameter::boxed_int},
      {"long", Parameter::boxed_long},       {"Long", Parameter::boxed_long},
      {"double", Parameter::boxed_double},   {"Double", Parameter::boxed_double},
      {"float", Parameter::boxed_float},     {"byte", Parameter::boxed_byte},
      {"Byte", Parameter::boxed_byte},       {"short", Parameter::short_},
      {"boolean", Parameter::boxed_boolean}, {"Boolean", Parameter::boxed_boolean},
      {"char", Parameter::character},        {"String", Parameter::string}};
  const auto found = parameters.find(element);
  return found == parameters.end() ? std::nullopt : std::optional(found->second);
}

Value blank(const std::string& element) {
  const auto parameter = primitive_element(element);
  if (!parameter) return {};
  if (*parameter == Parameter::boolean) return Value(false);
  if (*parameter == Parameter::character) return Value(u'\0');
  return convert(Value(std::int32_t{0}), *parameter);
}

/// Arrays of arrays, for every dimension but the last.
Value blank_array(const std::string& element, std::span<const std::int32_t> counts) {
  std::vector<Value> items(static_cast<std::size_t>(counts[0]));
  std::string name = element;
  for (std::size_t i = 1; i < counts.size(); ++i) name += "[]";
  for (Value& item : items)
    item = counts.size() == 1 ? blank(element) : blank_array(element, counts.subspan(1));
  return Value(Sequence::array(std::move(name), std::move(items)));
}

}  // namespace

std::string element_name(std::string_view type) {
  return std::string(type.substr(type.rfind('.') + 1));
}

void check_array_size(const std::vector<std::int32_t>& lengths) {
  constexpr std::int64_t most_elements = 256 * 1024;
  std::int64_t all = 1;
  for (const std::int32_t length : lengths) {
    all *= length;
    if (all >= most_elements)
      throw spel("EL1075E",
                 fmt::format("an array of {} elements is too large: at most {}", all, most_elements - 1));
  }
}

Value make_array_of(std::string_view type, const std::vector<std::int32_t>& lengths) {
  for (const std::int32_t length : lengths) {
    if (length < 0) throw java("NegativeArraySizeException", std::to_string(length));
  }
  return blank_array(element_name(type), lengths);
}

Value array_element(const std::string& element, const Value& value) {
  const auto parameter = element_parameter(element);
  if (parameter == Parameter::string && !value.is_null()) return convert_checked(value, Parameter::string);
  Value first = value;
  while (const SequencePtr sequence = first.sequence())
    first = sequence->items().empty() ? Value() : Value(sequence->items().front());
  const bool empty = first.is_null() || (first.is_text() && first.text().empty());
  const Value item = !parameter ? value : empty ? Value() : convert_checked(value, *parameter);
  if (item.is_null() && primitive_element(element))
    throw java("IllegalStateException", "null is no element of this array");
  return item;
}

Value assigned_element(const std::string& element, const Value& value) {
  const auto primitive = primitive_element(element);
  if (primitive) return convert_checked(value, *primitive);
  const Value item = array_element(element, value);
  if (item.is_null()) throw java("IllegalStateException", "null cannot be put into an array");
  return item;
}

Methods static_methods(std::string_view name) {
  if (name == "java.lang.String") return static_text_methods();
  const Methods numbers = static_number_methods(name);
  return numbers.empty() ? static_time_methods(name) : numbers;
}

}  // namespace gennaker::expressions
