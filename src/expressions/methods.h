#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "expressions/convert.h"
#include "expressions/subjects.h"
#include "expressions/value.h"

/// What can be called on values: a closed table of types and methods. What is not in it cannot be called.
namespace gennaker::expressions {

/// Time and chance, which an evaluation is given, and what it leaves behind.
struct Surroundings {
  std::int64_t now_millis = 0;
  std::uint64_t seed = 0;
  /// Lists and maps that were changed: they may hold themselves now, so their owner empties them at the end.
  std::vector<Value> changed = {};

  std::uint64_t draw();
  /// In [0, 1).
  double draw_real() { return static_cast<double>(draw() >> 11) * 0x1.0p-53; }
};

/// One call, its arguments converted to what the method asks for; those of a variable number stand in one
/// list, last.
struct Call {
  const Value& self;  ///< null for static methods and constructors
  std::vector<Value>& arguments;
  Surroundings& around;

  const Value& operator[](std::size_t i) const { return arguments[i]; }
  /// Throws Failure (NullPointerException) for null.
  std::string_view text(std::size_t i) const;
  std::string_view text() const { return self.text(); }
  std::int32_t integer(std::size_t i) const { return *arguments[i].get<std::int32_t>(); }
  std::int64_t long_integer(std::size_t i) const { return *arguments[i].get<std::int64_t>(); }
  double real(std::size_t i) const { return *arguments[i].get<double>(); }
  float single(std::size_t i) const { return *arguments[i].get<float>(); }
  bool truth(std::size_t i) const { return *arguments[i].get<bool>(); }
  char16_t unit(std::size_t i) const { return *arguments[i].get<char16_t>(); }
  /// Throws Failure for null.
  const SequencePtr& sequence(std::size_t i) const;
};

struct Method {
  std::string_view name;
  std::vector<Parameter> parameters;
  Value (*run)(const Call&);
  /// The last parameter stands for any number of arguments.
  bool varargs = false;
};
using Methods = std::span<const Method>;

/// `T(...)`, or the type of `new`.
class ClassObject final : public Object {
 public:
  explicit ClassObject(std::string name, bool primitive = false)
      : name_(std::move(name)), primitive_(primitive) {}
  const std::string& name() const { return name_; }
  std::string_view type() const override { return "Class"; }
  std::string text() const override { return (primitive_ ? "" : "class ") + name_; }
  bool equals(const Object& other) const override;
  json::value to_json() const override { return json::value(name_); }

 private:
  std::string name_;  ///< "java.lang.String", "int", "[I"
  bool primitive_;
};

/// A type that may be used. Throws Failure: EL1005E unknown, EL1021E not allowed.
std::shared_ptr<const ClassObject> find_class(std::string_view name);
/// The same for T(...), which takes a lower-case word for a primitive type. Throws Failure, also
/// IllegalArgumentException.
std::shared_ptr<const ClassObject> class_of_word(std::string_view name);
/// Whether a value is of the type; false for null.
bool is_instance(const Value& value, const ClassObject& type);

/// Throws Failure: EL1004E, EL1033E, or what the method throws.
Value call_method(const Value& target, std::string_view name, std::vector<Value> arguments,
                  Surroundings& around);
/// `target.name` as a property: getName(), isName() or name(). nullopt: none of them.
std::optional<Value> read_property(const Value& target, std::string_view name, Surroundings& around);
/// Throws Failure.
Value construct(std::string_view type, std::vector<Value> arguments, Surroundings& around);
/// The lengths of the first dimensions. Throws Failure: EL1075E.
void check_array_size(const std::vector<std::int32_t>& lengths);
/// `lengths`: one for each dimension, checked. Throws Failure.
Value make_array_of(std::string_view type, const std::vector<std::int32_t>& lengths);
/// "String" of "java.lang.String".
std::string element_name(std::string_view type);
/// What an array whose elements are of this type is made with for a value. Throws Failure.
Value array_element(const std::string& element, const Value& value);
/// The same when it is put into the array later: some refusals differ.
Value assigned_element(const std::string& element, const Value& value);

/// The names that a value's methods have, for suggestions.
std::vector<std::string_view> method_names(const Value& target);

/// A pair of a map, which shows itself as text.
Value make_entry(const Map::Entry& entry);

// ---- The tables, a file for each family ----

Methods text_methods();
Methods number_methods(const Value& number);
Methods boolean_methods();
Methods character_methods();
Methods sequence_methods(const Sequence& sequence);
Methods map_methods();
Methods time_methods(const Object& object);
Methods subject_methods(const Object& object);
/// `name`: fully qualified.
Methods static_methods(std::string_view name);
Methods static_text_methods();
Methods static_number_methods(std::string_view name);
Methods static_time_methods(std::string_view name);
Methods constructors_of(std::string_view name);

std::string format_java(std::string_view format, const std::vector<Value>& arguments);

}  // namespace gennaker::expressions
