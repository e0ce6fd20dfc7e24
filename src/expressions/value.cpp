#include "expressions/value.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {

// ---- Sequence ----

SequencePtr Sequence::array(std::string element, std::vector<Value> items) {
  auto array = std::make_shared<Sequence>(Kind::array, std::move(items));
  array->element_ = std::move(element);
  return array;
}

std::vector<Value>& Sequence::items() {
  if (source_ != nullptr) {
    items_.reserve(source_->size());
    for (const json::value& item : *source_) items_.push_back(wrap(item));
    source_ = nullptr;
  }
  return items_;
}

// ---- Map ----

std::optional<Value> Map::find(std::string_view key) {
  if (source_ != nullptr) return find_in_source(key);
  for (const Entry& entry : entries_) {
    if (entry.key.is_text() && entry.key.text() == key) return entry.value;
  }
  return std::nullopt;
}

/// Containers are remembered, so that whoever finds one again finds what was changed in it.
std::optional<Value> Map::find_in_source(std::string_view key) {
  const json::value* found = source_->if_contains(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_structured()) return wrap(*found);
  for (const auto& [name, value] : seen_) {
    if (name == key) return value;
  }
  Value value = wrap(*found);
  seen_.emplace_back(source_->find(key)->key(), value);
  return value;
}

std::optional<Value> Map::find(const Value& key) {
  if (key.is_text()) return find(key.text());
  for (const Entry& entry : entries()) {
    if (java_equals(entry.key, key)) return entry.value;
  }
  return std::nullopt;
}

void Map::put(Value key, Value value) {
  for (Entry& entry : entries()) {
    if (!java_equals(entry.key, key)) continue;
    entry.value = std::move(value);
    return;
  }
  entries_.push_back({std::move(key), std::move(value)});
}

bool Map::erase(const Value& key) {
  return std::erase_if(entries(), [&](const Entry& entry) { return java_equals(entry.key, key); }) != 0;
}

void Map::clear() {
  entries().clear();
}

std::vector<Map::Entry>& Map::entries() {
  if (source_ != nullptr) {
    const json::object& source = *source_;
    std::vector<Entry> entries;
    entries.reserve(source.size());
    for (const auto& member : source)
      entries.push_back({Value(Text::borrowed(member.key())), *find_in_source(member.key())});
    entries_ = std::move(entries);
    source_ = nullptr;
    seen_.clear();
  }
  return entries_;
}

// ---- Making values ----

Value wrap(const json::value& source) {
  switch (source.kind()) {
    case json::kind::null:
      return {};
    case json::kind::bool_:
      return Value(source.get_bool());
    case json::kind::int64:
      if (const auto number = source.get_int64(); number == static_cast<std::int32_t>(number))
        return Value(static_cast<std::int32_t>(number));
      return Value(source.get_int64());
    case json::kind::uint64:
      return Value::of(BigInteger(source.get_uint64()));
    case json::kind::double_:
      return Value(source.get_double());
    case json::kind::string:
      return Value(Text::borrowed(source.get_string()));
    case json::kind::array:
      return Value(std::make_shared<Sequence>(source.get_array()));
    case json::kind::object:
      return Value(std::make_shared<Map>(source.get_object()));
  }
  return {};
}

Value make_list(std::vector<Value> items) {
  return Value(std::make_shared<Sequence>(Sequence::Kind::list, std::move(items)));
}
Value make_set(std::vector<Value> items) {
  return Value(std::make_shared<Sequence>(Sequence::Kind::set, std::move(items)));
}

// ---- Looking at values ----

namespace {
thread_local int walk_depth = 0;
thread_local std::size_t walk_steps = 0;
}  // namespace

WalkStep::WalkStep() {
  constexpr int deepest = 100;
  constexpr std::size_t most_steps = 2'000'000;
  if (walk_depth == 0) walk_steps = 0;
  if (walk_depth >= deepest)
    throw java("StackOverflowError", "the value is nested too deeply, or holds itself");
  if (++walk_steps > most_steps) throw java("OutOfMemoryError", "the value is too large");
  ++walk_depth;
}

WalkStep::~WalkStep() {
  --walk_depth;
}

json::value to_json(const Value& value) {
  const WalkStep step;
  struct Visitor {
    json::value operator()(Null) const { return nullptr; }
    json::value operator()(bool truth) const { return truth; }
    json::value operator()(std::int8_t number) const { return std::int64_t{number}; }
    json::value operator()(std::int16_t number) const { return std::int64_t{number}; }
    json::value operator()(std::int32_t number) const { return std::int64_t{number}; }
    json::value operator()(std::int64_t number) const { return number; }
    // By its own shortest text: 0.1f is 0.1 to whoever reads it.
    json::value operator()(float number) const {
      return std::isfinite(number) ? json::value(*parse_double(java_text(number))) : special(number);
    }
    json::value operator()(double number) const {
      return std::isfinite(number) ? json::value(number) : special(number);
    }
    json::value operator()(const std::shared_ptr<const BigInteger>& number) const {
      if (*number <= BigInteger(UINT64_MAX) && *number > BigInteger(INT64_MAX))
        return static_cast<std::uint64_t>(*number);
      return parse_double(number->str()).value_or(0);
    }
    json::value operator()(char16_t unit) const { return json::value(to_wire(from_units({&unit, 1}))); }
    json::value operator()(const Text& text) const { return json::value(text.view()); }
    json::value operator()(const SequencePtr& sequence) const {
      json::array array;
      for (const Value& item : sequence->items()) array.push_back(to_json(item));
      return array;
    }
    json::value operator()(const MapPtr& map) const {
      json::object object;
      for (const Map::Entry& entry : map->entries()) object[java_text(entry.key)] = to_json(entry.value);
      return object;
    }
    json::value operator()(const ObjectPtr& object) const { return object->to_json(); }
    // JSON has no word for them; Jackson writes Java's.
    static json::value special(double number) { return json::value(java_text(number)); }
  };
  return std::visit(Visitor{}, value.data());
}

std::string type_name(const Value& value) {
  struct Visitor {
    std::string operator()(Null) const { return "null"; }
    std::string operator()(bool) const { return "Boolean"; }
    std::string operator()(std::int8_t) const { return "Byte"; }
    std::string operator()(std::int16_t) const { return "Short"; }
    std::string operator()(std::int32_t) const { return "Integer"; }
    std::string operator()(std::int64_t) const { return "Long"; }
    std::string operator()(float) const { return "Float"; }
    std::string operator()(double) const { return "Double"; }
    std::string operator()(const std::shared_ptr<const BigInteger>&) const { return "BigInteger"; }
    std::string operator()(char16_t) const { return "Character"; }
    std::string operator()(const Text&) const { return "String"; }
    std::string operator()(const SequencePtr& sequence) const {
      switch (sequence->kind()) {
        case Sequence::Kind::list:
          return "List";
        case Sequence::Kind::set:
          return "Set";
        case Sequence::Kind::collection:
          return "Collection";
        case Sequence::Kind::array:
          return sequence->element() + "[]";
      }
      return "List";
    }
    std::string operator()(const MapPtr&) const { return "Map"; }
    std::string operator()(const ObjectPtr& object) const { return std::string(object->type()); }
  };
  return std::visit(Visitor{}, value.data());
}

namespace {

bool same_elements(Sequence& a, Sequence& b) {
  return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), java_equals);
}

bool same_set(Sequence& a, Sequence& b) {
  return a.size() == b.size() && std::all_of(a.items().begin(), a.items().end(), [&](const Value& item) {
           return std::any_of(b.items().begin(), b.items().end(),
                              [&](const Value& other) { return java_equals(item, other); });
         });
}

bool equal_sequences(const SequencePtr& a, const SequencePtr& b) {
  if (a == b) return true;
  if (a->kind() != b->kind() || a->is_array() || a->kind() == Sequence::Kind::collection) return false;
  return a->kind() == Sequence::Kind::set ? same_set(*a, *b) : same_elements(*a, *b);
}

bool equal_maps(const MapPtr& a, const MapPtr& b) {
  if (a == b) return true;
  if (a->size() != b->size()) return false;
  return std::all_of(a->entries().begin(), a->entries().end(), [&](const Map::Entry& entry) {
    const std::optional<Value> other = b->find(entry.key);
    return other && java_equals(entry.value, *other);
  });
}

}  // namespace

namespace {

/// There is one NaN for Java.
std::int32_t bits(float number) {
  return std::isnan(number) ? 0x7fc00000 : std::bit_cast<std::int32_t>(number);
}
std::int64_t bits(double number) {
  return std::isnan(number) ? 0x7ff8000000000000 : std::bit_cast<std::int64_t>(number);
}

struct Equality {
  const Value& b;
  bool operator()(Null) const { return true; }
  bool operator()(float number) const { return bits(number) == bits(*b.get<float>()); }
  bool operator()(double number) const { return bits(number) == bits(*b.get<double>()); }
  bool operator()(const std::shared_ptr<const BigInteger>& number) const { return *number == *b.big(); }
  bool operator()(const Text& text) const { return text.view() == b.text(); }
  bool operator()(const SequencePtr& sequence) const { return equal_sequences(sequence, b.sequence()); }
  bool operator()(const MapPtr& map) const { return equal_maps(map, b.map()); }
  bool operator()(const ObjectPtr& object) const { return object->equals(*b.object()); }
  template <class Scalar>
  bool operator()(Scalar scalar) const {
    return scalar == *b.get<Scalar>();
  }
};

}  // namespace

bool java_equals(const Value& a, const Value& b) {
  const WalkStep step;
  if (a.data().index() != b.data().index()) return false;
  return std::visit(Equality{b}, a.data());
}

namespace {

/// As Java writes the class of an array: "[I", "[Ljava.lang.String;".
std::string array_name(std::string_view element) {
  static constexpr std::pair<std::string_view, char> codes[] = {
      {"int", 'I'},  {"long", 'J'},  {"double", 'D'},  {"float", 'F'},
      {"byte", 'B'}, {"short", 'S'}, {"boolean", 'Z'}, {"char", 'C'}};
  for (const auto& [name, code] : codes) {
    if (name == element) return {'[', code};
  }
  if (element.ends_with("[]")) return "[" + array_name(element.substr(0, element.size() - 2));
  return "[Ljava.lang." + std::string(element) + ";";
}

struct JavaText {
  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(float number) const { return java_text(number); }
  std::string operator()(double number) const { return java_text(number); }
  std::string operator()(const std::shared_ptr<const BigInteger>& number) const { return number->str(); }
  std::string operator()(char16_t unit) const { return from_units({&unit, 1}); }
  std::string operator()(const Text& text) const { return std::string(text.view()); }
  std::string operator()(const SequencePtr& sequence) const {
    if (sequence->is_array())
      return array_name(sequence->element()) + "@" + to_radix(sequence->size() + 0x1000, 16);
    std::string text = "[";
    for (const Value& item : sequence->items()) {
      if (text.size() > 1) text += ", ";
      text += java_text(item);
    }
    return text + "]";
  }
  std::string operator()(const MapPtr& map) const {
    std::string text = "{";
    for (const Map::Entry& entry : map->entries()) {
      if (text.size() > 1) text += ", ";
      text += java_text(entry.key) + "=" + java_text(entry.value);
    }
    return text + "}";
  }
  std::string operator()(const ObjectPtr& object) const { return object->text(); }
  template <class Integer>
  std::string operator()(Integer number) const {
    return std::to_string(number);
  }
};

}  // namespace

std::string java_text(const Value& value) {
  const WalkStep step;
  return std::visit(JavaText{}, value.data());
}

namespace {

std::int32_t fold(std::uint64_t bits) {
  return static_cast<std::int32_t>(bits ^ bits >> 32);
}

struct JavaHash {
  std::int32_t operator()(Null) const { return 0; }
  std::int32_t operator()(bool truth) const { return truth ? 1231 : 1237; }
  std::int32_t operator()(std::int64_t number) const { return fold(static_cast<std::uint64_t>(number)); }
  std::int32_t operator()(float number) const { return bits(number); }
  std::int32_t operator()(double number) const { return fold(static_cast<std::uint64_t>(bits(number))); }
  std::int32_t operator()(const std::shared_ptr<const BigInteger>& number) const {
    BigInteger rest = abs(*number);
    std::vector<std::uint32_t> words;
    while (rest != 0) {
      words.push_back(static_cast<std::uint32_t>(rest & 0xffffffffu));
      rest >>= 32;
    }
    std::uint32_t hash = 0;
    for (auto word = words.rbegin(); word != words.rend(); ++word) hash = 31 * hash + *word;
    return static_cast<std::int32_t>(*number < 0 ? 0u - hash : hash);
  }
  std::int32_t operator()(const Text& text) const {
    std::uint32_t hash = 0;
    for (const char16_t unit : to_units(text.view())) hash = 31 * hash + unit;
    return static_cast<std::int32_t>(hash);
  }
  std::int32_t operator()(const SequencePtr& sequence) const {
    const bool ordered = sequence->kind() != Sequence::Kind::set;
    std::uint32_t hash = ordered ? 1 : 0;
    for (const Value& item : sequence->items())
      hash = (ordered ? 31 * hash : hash) + static_cast<std::uint32_t>(java_hash(item));
    return static_cast<std::int32_t>(hash);
  }
  std::int32_t operator()(const MapPtr& map) const {
    std::uint32_t hash = 0;
    for (const Map::Entry& entry : map->entries())
      hash += static_cast<std::uint32_t>(java_hash(entry.key) ^ java_hash(entry.value));
    return static_cast<std::int32_t>(hash);
  }
  std::int32_t operator()(const ObjectPtr& object) const { return java_hash(Value::text(object->text())); }
  template <class Small>
  std::int32_t operator()(Small number) const {
    return static_cast<std::int32_t>(number);
  }
};

}  // namespace

std::int32_t java_hash(const Value& value) {
  const WalkStep step;
  return std::visit(JavaHash{}, value.data());
}

}  // namespace gennaker::expressions
