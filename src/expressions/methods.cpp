#include "expressions/methods.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "expressions/failure.h"
#include "expressions/java_text.h"

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
  const Parameter rest = method.parameters.back();
  const bool one_array =
      arguments.size() == fixed + 1 && arguments[fixed].sequence() && arguments[fixed].sequence()->is_array();
  for (std::size_t i = fixed; i < arguments.size() && !one_array; ++i)
    all = worse(all, suits(arguments[i], rest));
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
  if (rest.size() == 1 && rest[0].sequence() && rest[0].sequence()->is_array())
    rest = rest[0].sequence()->items();
  for (Value& one : rest) one = convert(one, method.parameters.back());
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
    const bool known = simple
                           ? contains(language_types, element)
                           : std::any_of(java_packages.begin(), java_packages.end(),
                                         [&](std::string_view package) { return full.starts_with(package); });
    if (known) throw refused_type(full);
    throw spel("EL1005E", fmt::format("there is no type {}", name));
  }
  if (dimensions > 0) return std::make_shared<ClassObject>(std::string(dimensions, '[') + "L" + full + ";");
  return std::make_shared<ClassObject>(full);
}

bool is_instance(const Value& value, const ClassObject& type) {
  if (value.is_null()) return false;
  const std::string_view name = type.name();
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && name.substr(dot + 1) == type_name(value);
}

Value make_array_of(std::string_view type, std::optional<Value> length, std::vector<Value> items) {
  constexpr std::int32_t most_elements = 256 * 1024;
  const auto found = find_class(type);
  const std::string element(type.substr(type.rfind('.') + 1));
  struct Primitive {
    std::string_view name;
    Parameter parameter;
  };
  static constexpr std::array<Primitive, 8> kinds{{{"int", Parameter::int_},
                                                   {"long", Parameter::long_},
                                                   {"double", Parameter::double_},
                                                   {"float", Parameter::float_},
                                                   {"byte", Parameter::byte_},
                                                   {"short", Parameter::short_},
                                                   {"boolean", Parameter::boolean},
                                                   {"char", Parameter::character}}};
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const Primitive& p) { return p.name == element; });
  std::optional<Parameter> parameter;
  if (kind != kinds.end()) parameter = kind->parameter;
  if (element == "String") parameter = Parameter::string;
  if (element == "Integer") parameter = Parameter::boxed_int;
  if (element == "Long") parameter = Parameter::boxed_long;
  if (element == "Double") parameter = Parameter::boxed_double;
  if (element == "Boolean") parameter = Parameter::boxed_boolean;
  if (length) {
    const std::int32_t count = to_index(*length);
    if (count < 0) throw java("NegativeArraySizeException", std::to_string(count));
    if (count >= most_elements)
      throw spel("EL1075E",
                 fmt::format("an array of {} elements is too large: at most {}", count, most_elements - 1));
    Value blank;
    if (kind != kinds.end())
      blank = kind->parameter == Parameter::boolean     ? Value(false)
              : kind->parameter == Parameter::character ? Value(u'\0')
                                                        : convert(Value(std::int32_t{0}), kind->parameter);
    items.assign(static_cast<std::size_t>(count), blank);
  } else if (parameter) {
    for (Value& item : items) {
      if (suits(item, *parameter) == Suits::not_at_all)
        throw spel("EL1061E",
                   fmt::format("a value of type {} is not an element of {}[]", type_name(item), element));
      item = convert(item, *parameter);
    }
  }
  return Value(Sequence::array(element, std::move(items)));
}

Methods static_methods(std::string_view name) {
  if (name == "java.lang.String") return static_text_methods();
  const Methods numbers = static_number_methods(name);
  return numbers.empty() ? static_time_methods(name) : numbers;
}

}  // namespace gennaker::expressions
