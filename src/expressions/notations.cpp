#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/json.h"
#include "base/text.h"
#include "expressions/evaluator.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/times.h"

namespace gennaker::expressions {
namespace {

constexpr int deepest = 200;
constexpr std::size_t most_nodes = 1'000'000;

Value integer_of(BigInteger number) {
  if (number >= INT32_MIN && number <= INT32_MAX) return Value(static_cast<std::int32_t>(number));
  if (number >= INT64_MIN && number <= INT64_MAX) return Value(static_cast<std::int64_t>(number));
  return Value::of(std::move(number));
}

// ---- JSON ----

void write(std::string& out, const Value& value) {
  const WalkStep step;
  if (out.size() > 10'000'000) throw java("OutOfMemoryError", "the JSON is too long");
  if (const SequencePtr sequence = value.sequence()) {
    out += '[';
    bool first = true;
    for (const Value& item : sequence->items()) {
      if (!std::exchange(first, false)) out += ',';
      write(out, item);
    }
    out += ']';
  } else if (const MapPtr map = value.map()) {
    out += '{';
    bool first = true;
    for (const Map::Entry& entry : map->entries()) {
      if (!std::exchange(first, false)) out += ',';
      base::append_quoted(out, java_text(entry.key));
      out += ':';
      write(out, entry.value);
    }
    out += '}';
  } else if (value.object() != nullptr) {
    const json::value json = value.object()->to_json();
    base::append_text(out, json);
  } else if (value.is_text() || value.get<char16_t>()) {
    base::append_quoted(out, to_wire(java_text(value)));
  } else if (value.get<double>() || value.get<float>()) {
    const bool finite = std::isfinite(as_double(value));
    out += finite ? java_text(value) : '"' + java_text(value) + '"';
  } else {
    out += java_text(value);
  }
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// A list if the text begins with a bracket, else an object or null.
  Value document() {
    const bool list = text_.starts_with('[');
    skip();
    if (at_ >= text_.size()) throw java("MismatchedInputException", "there is no content to read");
    const char c = text_[at_];
    const bool fits = list ? c == '[' : c == '{' || c == 'n';
    if (!fits && (c == '[' || c == '"' || c == 't' || c == 'f' || c == '-' ||
                  std::isdigit(static_cast<unsigned char>(c)))) {
      value(0);
      throw java("MismatchedInputException", "a JSON object, or a list without blanks before it, is needed");
    }
    return value(0);
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    throw java("JsonParseException", fmt::format("{} at character {}", why, at_ + 1));
  }
  [[noreturn]] static void ended() { throw java("JsonEOFException", "the JSON ends too early"); }

  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  char next() {
    skip();
    if (at_ >= text_.size()) ended();
    return text_[at_];
  }

  Value value(int depth) {
    if (depth > deepest) fail("nested too deeply");
    if (++nodes_ > most_nodes) fail("too many values");
    switch (next()) {
      case '{':
        return object(depth);
      case '[':
        return list(depth);
      case '"':
        return Value::text(string());
      case 't':
        return word("true", Value(true));
      case 'f':
        return word("false", Value(false));
      case 'n':
        return word("null", Value());
      default:
        return number();
    }
  }

  Value word(std::string_view word, Value meant) {
    if (!text_.substr(at_).starts_with(word)) fail("an unknown word");
    at_ += word.size();
    return meant;
  }

  Value object(int depth) {
    auto map = std::make_shared<Map>();
    std::map<std::string, std::size_t> places;
    ++at_;
    if (next() == '}') {
      ++at_;
      return Value(std::move(map));
    }
    while (true) {
      if (next() != '"') fail("a name in double quotes is needed");
      std::string name = string();
      if (next() != ':') fail("':' is needed");
      ++at_;
      Value member = value(depth + 1);
      auto& entries = map->entries();
      const auto [place, fresh] = places.emplace(name, entries.size());
      if (fresh) {
        entries.push_back({Value::text(std::move(name)), std::move(member)});
      } else {
        entries[place->second].value = std::move(member);
      }
      const char c = next();
      ++at_;
      if (c == '}') return Value(std::move(map));
      if (c != ',') fail("',' or '}' is needed");
    }
  }

  Value list(int depth) {
    std::vector<Value> items;
    ++at_;
    if (next() == ']') {
      ++at_;
      return make_list({});
    }
    while (true) {
      items.push_back(value(depth + 1));
      const char c = next();
      ++at_;
      if (c == ']') return make_list(std::move(items));
      if (c != ',') fail("',' or ']' is needed");
    }
  }

  std::string string() {
    std::string out;
    ++at_;
    while (true) {
      if (at_ >= text_.size()) ended();
      const char c = text_[at_++];
      if (c == '"') return from_units(to_units(out));
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
      if (c == '\\') {
        escape(out);
      } else {
        out += c;
      }
    }
  }

  void escape(std::string& out) {
    if (at_ >= text_.size()) ended();
    const char c = text_[at_++];
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (const std::size_t place = letters.find(c); place != std::string_view::npos) {
      out += meant[place];
    } else if (c == 'u') {
      const auto unit = parse_integer(text_.substr(at_, 4), 16, 0, 0xffff);
      if (!unit || at_ + 4 > text_.size()) fail("\\u needs four hexadecimal digits");
      append_code_point(out, static_cast<char32_t>(*unit));
      at_ += 4;
    } else {
      fail("an unknown escape");
    }
  }

  Value number() {
    const std::size_t start = at_;
    const auto digits = [&] {
      const std::size_t from = at_;
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
      return at_ - from;
    };
    bool real = false;
    if (text_[at_] == '-') ++at_;
    const std::size_t first = at_;
    if (digits() == 0) fail("an unexpected character");
    if (text_[first] == '0' && at_ - first > 1) fail("a number with a leading zero");
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (digits() == 0) fail("digits are missing behind the point");
      real = true;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (digits() == 0) fail("digits are missing in the exponent");
      real = true;
    }
    const std::string_view written = text_.substr(start, at_ - start);
    if (real) return Value(parse_double(written).value_or(0));
    if (written.size() > 1000) fail("a number of more than 1,000 digits");
    return integer_of(BigInteger(std::string(written)));
  }

  std::string_view text_;
  std::size_t at_ = 0, nodes_ = 0;
};

// ---- YAML 1.1, safe types ----

bool is_word(std::string_view text, std::initializer_list<std::string_view> words) {
  // In lower case, with a capital, or in capitals.
  for (const std::string_view word : words) {
    std::string capital(word), upper(word);
    capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (text == word || text == capital || text == upper) return true;
  }
  return false;
}

std::optional<Value> yaml_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view rest = text.substr(negative || text.starts_with('+') ? 1 : 0);
  if (rest.empty() || !std::isdigit(static_cast<unsigned char>(rest.front()))) return std::nullopt;
  std::string digits;
  for (const char c : rest) {
    if (c != '_') digits += c;
  }
  int radix = 10;
  std::string_view body = digits;
  if (body.starts_with("0x")) {
    radix = 16;
    body.remove_prefix(2);
  } else if (body.starts_with("0b")) {
    radix = 2;
    body.remove_prefix(2);
  } else if (body.size() > 1 && body.starts_with('0')) {
    radix = 8;
    body.remove_prefix(1);
  }
  if (body.find(':') != std::string_view::npos && radix == 10) {
    std::int64_t total = 0;
    while (true) {
      const std::size_t colon = body.find(':');
      const auto part = parse_integer(body.substr(0, colon), 10, 0, 1'000'000'000);
      if (!part) return std::nullopt;
      total = total * 60 + *part;
      if (colon == std::string_view::npos) return integer_of(BigInteger(negative ? -total : total));
      body.remove_prefix(colon + 1);
    }
  }
  if (body.empty() || body.size() > 1000) return std::nullopt;
  BigInteger number = 0;
  for (const char c : body) {
    const auto digit = parse_integer({&c, 1}, radix, 0, radix);
    if (!digit) return std::nullopt;
    number = number * radix + *digit;
  }
  return integer_of(negative ? BigInteger(-number) : number);
}

std::optional<Value> yaml_real(std::string_view text) {
  const std::string_view rest = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  if (is_word(rest, {".inf"}))
    return Value(text.starts_with('-') ? -std::numeric_limits<double>::infinity()
                                       : std::numeric_limits<double>::infinity());
  if (is_word(text, {".nan"}) || text == ".NaN") return Value(std::numeric_limits<double>::quiet_NaN());
  const bool shaped =
      rest.find('.') != std::string_view::npos || rest.find_first_of("eE") != std::string_view::npos;
  if (!shaped || rest.find_first_not_of("0123456789._eE+-") != std::string_view::npos ||
      !(std::isdigit(static_cast<unsigned char>(rest.front())) || rest.front() == '.'))
    return std::nullopt;
  std::string digits;
  for (const char c : text) {
    if (c != '_') digits += c;
  }
  const auto number = parse_double(digits);
  return number ? std::optional(Value(*number)) : std::nullopt;
}

std::optional<Value> yaml_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_integer(text.substr(0, 4), 10, 0, 9999),
             month = parse_integer(text.substr(5, 2), 10, 1, 12),
             day = parse_integer(text.substr(8, 2), 10, 1, 31);
  if (!year || !month || !day) return std::nullopt;
  return make_date(days_from_civil(*year, static_cast<int>(*month), static_cast<int>(*day)) * 86'400'000);
}

Value plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || is_word(text, {"null"})) return {};
  if (is_word(text, {"true", "yes", "on"})) return Value(true);
  if (is_word(text, {"false", "no", "off"})) return Value(false);
  if (auto number = yaml_integer(text)) return *number;
  if (auto number = yaml_real(text)) return *number;
  if (auto date = yaml_date(text)) return *date;
  return Value::text(text);
}

class YamlReader {
 public:
  Value value(const YAML::Node& node, int depth) {
    if (depth > deepest || ++nodes_ > most_nodes)
      throw java("YAMLException", "the document is too large or too deep");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return node.Tag() == "?" || node.Tag().empty() ? plain_scalar(node.Scalar()) : tagged(node);
      case YAML::NodeType::Sequence: {
        std::vector<Value> items;
        for (const YAML::Node& item : node) items.push_back(value(item, depth + 1));
        return make_list(std::move(items));
      }
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return {};
    }
  }

 private:
  static Value tagged(const YAML::Node& node) {
    const std::string& tag = node.Tag();
    if (tag == "!" || tag.ends_with(":str")) return Value::text(node.Scalar());
    if (tag.starts_with("tag:yaml.org,2002:")) return plain_scalar(node.Scalar());
    throw java("YAMLException", fmt::format("the tag {} is not allowed", tag));
  }

  Value map(const YAML::Node& node, int depth) {
    auto map = std::make_shared<Map>();
    for (const auto& member : node) {
      if (member.first.IsScalar() && member.first.Scalar() == "<<") merge(*map, member.second, depth);
    }
    for (const auto& member : node) {
      if (member.first.IsScalar() && member.first.Scalar() == "<<") continue;
      map->put(value(member.first, depth + 1), value(member.second, depth + 1));
    }
    return Value(std::move(map));
  }

  void merge(Map& into, const YAML::Node& from, int depth) {
    if (from.IsSequence()) {
      for (const YAML::Node& one : from) merge(into, one, depth + 1);
      return;
    }
    const MapPtr other = value(from, depth + 1).map();
    if (!other) throw java("ParserException", "'<<' needs a map");
    for (const Map::Entry& entry : other->entries()) {
      if (!into.find(entry.key)) into.put(entry.key, entry.value);
    }
  }

  std::size_t nodes_ = 0;
};

// ---- .properties ----

/// Logical lines: comments are left out, a backslash at the end joins the next one.
std::vector<std::string> property_lines(std::string_view text) {
  std::vector<std::string> lines;
  bool joins = false;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size()
                                                     : end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    while (!line.empty() && std::string_view(" \t\f").find(line.front()) != std::string_view::npos)
      line.remove_prefix(1);
    if (!joins && (line.empty() || line.front() == '#' || line.front() == '!')) continue;
    const std::size_t last = line.find_last_not_of('\\');
    const std::size_t backslashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    const bool goes_on = backslashes % 2 == 1;
    if (goes_on) line.remove_suffix(1);
    if (joins) {
      lines.back() += line;
    } else {
      lines.emplace_back(line);
    }
    joins = goes_on;
  }
  return lines;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'u') {
      const auto unit = parse_integer(text.substr(i + 1, 4), 16, 0, 0xffff);
      if (!unit) throw java("IllegalArgumentException", "Malformed \\uxxxx encoding.");
      append_code_point(out, static_cast<char32_t>(*unit));
      i += 4;
    } else {
      constexpr std::string_view letters = "tnrf", meant = "\t\n\r\f";
      const std::size_t place = letters.find(c);
      out += place == std::string_view::npos ? c : meant[place];
    }
  }
  return from_units(to_units(out));
}

}  // namespace

std::string write_json(const Value& value) {
  std::string out;
  write(out, value);
  return out;
}

Value read_json(std::string_view text) {
  return JsonReader(text).document();
}

namespace {

/// The library does not move on from a closing bracket or comma that belongs to nothing, and reads empty
/// documents there without end.
class Progress final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_ && mark.pos <= last_) throw YAML::ParserException(mark, "this closes what was not opened");
    started_ = true;
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  bool started_ = false;
  int last_ = 0;
};

std::vector<YAML::Node> yaml_documents(const std::string& text) {
  std::istringstream input(text);
  YAML::Parser parser(input);
  Progress progress;
  while (parser.HandleNextDocument(progress)) {
  }
  return YAML::LoadAll(text);
}

}  // namespace

Value read_yaml(std::string_view text, bool all_documents) {
  try {
    const std::vector<YAML::Node> documents = yaml_documents(std::string(text));
    YamlReader reader;
    if (!all_documents) return documents.empty() ? Value() : reader.value(documents.front(), 0);
    std::vector<Value> values;
    for (const YAML::Node& document : documents) values.push_back(reader.value(document, 0));
    return make_list(std::move(values));
  } catch (const YAML::Exception& error) {
    throw java("ParserException", error.what());
  }
}

Value read_properties(std::string_view text) {
  auto map = std::make_shared<Map>();
  for (const std::string& line : property_lines(text)) {
    std::size_t end = 0;
    while (end < line.size() && std::string_view("=: \t\f").find(line[end]) == std::string_view::npos)
      end += line[end] == '\\' ? 2 : 1;
    end = std::min(end, line.size());
    std::string_view rest = std::string_view(line).substr(end);
    const auto skip_blanks = [&] {
      while (!rest.empty() && std::string_view(" \t\f").find(rest.front()) != std::string_view::npos)
        rest.remove_prefix(1);
    };
    skip_blanks();
    if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) rest.remove_prefix(1);
    skip_blanks();
    map->put(Value::text(unescaped(std::string_view(line).substr(0, end))), Value::text(unescaped(rest)));
  }
  return Value(std::move(map));
}

}  // namespace gennaker::expressions
