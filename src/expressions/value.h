#pragma once

#include <boost/json/value.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What expressions compute with: Java's types, as far as pipelines can see them.
namespace gennaker::expressions {

namespace json = boost::json;
using BigInteger = boost::multiprecision::cpp_int;

class Value;
class Sequence;
class Map;
class Object;
using SequencePtr = std::shared_ptr<Sequence>;
using MapPtr = std::shared_ptr<Map>;
using ObjectPtr = std::shared_ptr<const Object>;

/// A Java string: UTF-8, lone surrogates in the same scheme. Shares what it was made from: JSON that outlives
/// the evaluation, or an owned string.
class Text {
 public:
  Text() = default;
  /// `view` must outlive every use: JSON of the root.
  static Text borrowed(std::string_view view) { return Text(nullptr, view); }
  explicit Text(std::string owned)
      : owner_(std::make_shared<const std::string>(std::move(owned))), view_(*owner_) {}
  std::string_view view() const { return view_; }

 private:
  Text(std::shared_ptr<const std::string> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}
  std::shared_ptr<const std::string> owner_;
  std::string_view view_;
};

struct Null {
  friend bool operator==(Null, Null) { return true; }
};

/// One value. Copying shares lists, maps and objects, as Java's references do.
class Value {
 public:
  using Data =
      std::variant<Null, bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, float, double,
                   std::shared_ptr<const BigInteger>, char16_t, Text, SequencePtr, MapPtr, ObjectPtr>;

  Value() = default;
  template <class T>
  requires std::is_constructible_v<Data, T>
  explicit Value(T data) : data_(std::move(data)) {}
  static Value text(std::string text) { return Value(Text(std::move(text))); }
  static Value of(BigInteger number) { return Value(std::make_shared<const BigInteger>(std::move(number))); }

  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  const Data& data() const { return data_; }

  bool is_null() const { return std::holds_alternative<Null>(data_); }
  bool is_text() const { return std::holds_alternative<Text>(data_); }
  bool is_number() const { return data_.index() >= 2 && data_.index() <= 8; }
  /// byte, short, int, long or BigInteger.
  bool is_integer() const { return is_number() && !get<float>() && !get<double>(); }
  std::string_view text() const {
    const Text* text = get<Text>();
    return text ? text->view() : std::string_view();
  }
  const BigInteger* big() const {
    const auto* held = get<std::shared_ptr<const BigInteger>>();
    return held ? held->get() : nullptr;
  }
  SequencePtr sequence() const { return get<SequencePtr>() ? *get<SequencePtr>() : nullptr; }
  MapPtr map() const { return get<MapPtr>() ? *get<MapPtr>() : nullptr; }
  const Object* object() const { return get<ObjectPtr>() ? get<ObjectPtr>()->get() : nullptr; }
  template <class T>
  const T* object_as() const {
    return dynamic_cast<const T*>(object());
  }

 private:
  Data data_;
};

/// Lists, sets, collections and arrays. Made from JSON, its items are wrapped when first asked for.
class Sequence {
 public:
  enum class Kind : std::uint8_t { list, set, collection, array };

  explicit Sequence(Kind kind, std::vector<Value> items = {}, bool immutable = false)
      : items_(std::move(items)), kind_(kind), immutable_(immutable) {}
  explicit Sequence(const json::array& source) : source_(&source) {}
  /// An array; `element`: "int", "String", "Object".
  static SequencePtr array(std::string element, std::vector<Value> items);

  Kind kind() const { return kind_; }
  bool is_array() const { return kind_ == Kind::array; }
  const std::string& element() const { return element_; }
  bool immutable() const { return immutable_; }
  std::size_t size() const { return source_ ? source_->size() : items_.size(); }
  std::vector<Value>& items();

 private:
  const json::array* source_ = nullptr;  ///< not wrapped yet
  std::vector<Value> items_;
  std::string element_;
  Kind kind_ = Kind::list;
  bool immutable_ = false;
};

/// Maps, insertion order kept. Made from JSON, members are wrapped when first asked for. The root is one,
/// too: see RootMap.
class Map {
 public:
  struct Entry {
    Value key, value;
  };

  Map() = default;
  explicit Map(const json::object& source) : source_(&source) {}
  virtual ~Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  bool immutable() const { return immutable_; }
  /// From now on it cannot be changed: a literal.
  void freeze() { immutable_ = true; }
  /// nullopt: no such key. What is found by text may come from elsewhere (see RootMap).
  virtual std::optional<Value> find(std::string_view key);
  std::optional<Value> find(const Value& key);
  /// Replaces or appends.
  void put(Value key, Value value);
  bool erase(const Value& key);
  void clear();
  /// All of them; the map changes with what is changed there.
  virtual std::vector<Entry>& entries();
  virtual std::size_t size() { return source_ ? source_->size() : entries_.size(); }

 protected:
  std::vector<Entry> entries_;

 private:
  std::optional<Value> find_in_source(std::string_view key);

  const json::object* source_ = nullptr;                  ///< not wrapped yet
  std::vector<std::pair<std::string_view, Value>> seen_;  ///< containers of the source that were handed out
  bool immutable_ = false;
};

/// Whatever else: stages, executions, artifacts, dates, types. Immutable but for what it refers to.
class Object {
 public:
  virtual ~Object() = default;
  /// Simple name of its Java class.
  virtual std::string_view type() const = 0;
  /// As Java's toString; nullopt: it has none that a user could want.
  virtual std::string text() const { return std::string(type()); }
  /// Whether it turns into text in a longer text.
  virtual bool converts_to_text() const { return false; }
  /// nullopt: no such property.
  virtual std::optional<Value> property(std::string_view) const { return std::nullopt; }
  virtual bool equals(const Object& other) const { return this == &other; }
  /// Whether it has an order among its own type.
  virtual std::optional<int> compare(const Object&) const { return std::nullopt; }
  /// In a result document.
  virtual json::value to_json() const { return json::value(text()); }
};

/// Wraps JSON that outlives the evaluation: 32-bit integers are ints, 64-bit ones longs, reals doubles.
Value wrap(const json::value& source);
Value make_list(std::vector<Value> items);
Value make_set(std::vector<Value> items);

/// As a result document: dates as milliseconds, characters as texts, keys of maps as texts.
json::value to_json(const Value& value);

/// One level of a walk through a value. Lists can hold themselves, and one list can be held a million times:
/// a walk that goes too deep or takes too long throws Failure (StackOverflowError, OutOfMemoryError).
class WalkStep {
 public:
  WalkStep();
  ~WalkStep();
  WalkStep(const WalkStep&) = delete;
  WalkStep& operator=(const WalkStep&) = delete;
};

/// Simple name of the Java class: "Integer", "String[]", "Map".
std::string type_name(const Value& value);
/// Java's equals: numbers of different types differ, lists and maps compare by elements.
bool java_equals(const Value& a, const Value& b);
/// Java's toString: `[1, 2]`, `{a=1}`, `1.0E10`.
std::string java_text(const Value& value);
std::int32_t java_hash(const Value& value);

}  // namespace gennaker::expressions
