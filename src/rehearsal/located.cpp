#include "rehearsal/located.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <istream>
#include <map>
#include <streambuf>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/error.h"

namespace gennaker::rehearsal {
namespace {

[[noreturn]] void refuse(const std::string& file, int line, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", to_string({file, line}), why));
}

template <class Number>
bool read_whole(std::string_view text, Number& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool looks_like_number(std::string_view text) {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  if (text.size() <= sign) return false;
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (text[sign] == '0' && digit(sign + 1)) return false;  // 007 is a name
  return digit(sign) || (text[sign] == '.' && digit(sign + 1));
}

json::value meaning_of(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (looks_like_number(text)) {
    if (std::int64_t whole = 0; read_whole(text, whole)) return whole;
    if (double number = 0; read_whole(text, number) && std::isfinite(number)) return number;
  }
  return json::value(text);
}

/// Reads bytes that stay where they are.
class BytesBuffer final : public std::streambuf {
 public:
  explicit BytesBuffer(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // a streambuf asks for it; nothing writes
    setg(begin, begin, begin + bytes.size());
  }
};

std::size_t count(const Located& value) {
  std::size_t all = 1;
  for (const Located& item : value.items) all += count(item);
  for (const auto& member : value.members) all += 1 + count(member.value);
  return all;
}

/// Builds the tree while the parser reads, so that a document that explodes is refused before it has.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const std::string& file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  Located take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Located value = made(mark);
    value.scalar = nullptr;
    add(std::move(value), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(file_, mark.line + 1, "an alias stands inside of what it names");
    count_values(count(known->second), mark);
    Located copy = known->second;
    add(std::move(copy), YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Located value = made(mark);
    value.quoted = tag != "?" && !tag.empty();
    value.text = text;
    value.scalar = value.quoted ? json::value(text) : meaning_of(text);
    add(std::move(value), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, anchor, Located::Sort::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, anchor, Located::Sort::mapping);
  }
  void OnMapEnd() override {
    merge(open_.back().value);
    end();
  }

 private:
  struct Open {
    Located value;
    YAML::anchor_t anchor;
    bool has_key = false;  ///< of a mapping: the last member waits for its value
  };

  Located made(const YAML::Mark& mark) {
    count_values(1, mark);
    Located value;
    value.line = mark.line + 1;
    return value;
  }

  void count_values(std::size_t more, const YAML::Mark& mark) {
    values_ += more;
    if (values_ <= limits_.values) return;
    refuse(file_, mark.line + 1,
           fmt::format("the file holds more than {} values (an alias counts as what it stands for)",
                       limits_.values));
  }

  void begin(const YAML::Mark& mark, YAML::anchor_t anchor, Located::Sort sort) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      refuse(file_, mark.line + 1, fmt::format("nested deeper than {} levels", limits_.depth));
    Located value = made(mark);
    value.sort = sort;
    open_.push_back({std::move(value), anchor});
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.value), closed.anchor);
  }

  void add(Located value, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& around = open_.back();
    if (around.value.sort == Located::Sort::list) {
      around.value.items.push_back(std::move(value));
    } else if (!around.has_key) {
      add_key(around, value);
    } else {
      around.value.members.back().value = std::move(value);
      around.has_key = false;
    }
  }

  void add_key(Open& around, const Located& key) {
    if (key.sort != Located::Sort::scalar) refuse(file_, key.line, "a key must be a text");
    if (around.value.find(key.text) != nullptr)
      refuse(file_, key.line, fmt::format("the key '{}' is there twice", key.text));
    if (around.value.members.size() >= limits_.keys)
      refuse(file_, key.line, fmt::format("a mapping has more than {} keys", limits_.keys));
    around.value.members.push_back({key.text, key.line, {}});
    around.has_key = true;
  }

  /// `<<: *base` brings the members of another mapping along.
  void merge(Located& mapping) {
    const auto found = std::find_if(mapping.members.begin(), mapping.members.end(),
                                    [](const auto& member) { return member.key == "<<"; });
    if (found == mapping.members.end()) return;
    const Located merged = std::move(found->value);
    mapping.members.erase(found);
    if (!merged.is_mapping()) refuse(file_, merged.line, "<<: must name a mapping");
    for (const auto& member : merged.members) {
      if (mapping.find(member.key) == nullptr) mapping.members.push_back(member);
    }
  }

  const std::string& file_;
  const YamlLimits& limits_;
  std::size_t values_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Located> anchors_;
  Located root_;
};

void check_bytes(std::string_view text, const std::string& file, const YamlLimits& limits) {
  check_size(text.size(), file, limits);
  const std::size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return;
  refuse(file, 1 + static_cast<int>(std::count(text.begin(), text.begin() + zero, '\n')),
         "this is not a text file");
}

}  // namespace

std::string to_string(const Place& place) {
  return place.line == 0 ? place.file : fmt::format("{}:{}", place.file, place.line);
}

const Located* Located::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void check_size(std::uintmax_t bytes, const std::string& file, YamlLimits limits) {
  if (bytes <= limits.bytes) return;
  refuse(file, 0,
         fmt::format("the file has {:.1f} MB; at most {:.1f} MB are read: split it",
                     static_cast<double>(bytes) / 1e6, static_cast<double>(limits.bytes) / 1e6));
}

Located parse_yaml(std::string_view text, const std::string& file, YamlLimits limits) {
  check_bytes(text, file, limits);
  BytesBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    Builder builder(file, limits);
    if (!parser.HandleNextDocument(builder)) refuse(file, 0, "the file is empty");
    Located root = builder.take();
    Builder second(file, limits);
    if (parser.HandleNextDocument(second)) refuse(file, 0, "the file holds a second document ('---')");
    return root;
  } catch (const YAML::DeepRecursion& error) {
    refuse(file, error.mark.line + 1, fmt::format("nested deeper than {} levels", limits.depth));
  } catch (const YAML::Exception& error) {
    refuse(file, error.mark.line + 1, error.msg);
  }
}

json::value to_json(const Located& value) {
  if (value.is_list()) {
    json::array list;
    list.reserve(value.items.size());
    for (const Located& item : value.items) list.push_back(to_json(item));
    return list;
  }
  if (!value.is_mapping()) return value.scalar;
  json::object object;
  object.reserve(value.members.size());
  for (const auto& member : value.members) object.emplace(member.key, to_json(member.value));
  return object;
}

}  // namespace gennaker::rehearsal
