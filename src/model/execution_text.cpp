#include "model/execution_text.h"

#include "base/json.h"
#include "base/json_list.h"
#include "model/execution_fields.h"

namespace gennaker::model {
namespace {

using fields::Extent;

template <class... What>
void append(std::string& out, const What&... what);

/// A sink (execution_fields.h).
class ToText {
 public:
  explicit ToText(std::string& out) : out_(out) {}

  template <class Value>
  void put(std::string_view key, const Value& value) {
    name(key);
    write(value);
  }
  /// `write` appends the value.
  template <class Write>
  void put_written(std::string_view key, Write write) {
    name(key);
    write(out_);
  }
  /// Everything that is described has fields.
  void end() { out_ += '}'; }

 private:
  void name(std::string_view key) {
    out_ += separator_;
    separator_ = ',';
    base::append_quoted(out_, key);
    out_ += ':';
  }

  void write(std::string_view text) { base::append_quoted(out_, text); }
  void write(const std::string& text) { base::append_quoted(out_, text); }
  void write(const char* text) { base::append_quoted(out_, text); }
  void write(const json::object& object) { base::append_text(out_, object); }
  void write(const json::value& value) { base::append_text(out_, value); }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void write(Number number) { base::append_text(out_, json::value(number)); }
  void write(const std::vector<std::string>& texts) { base::append_list(out_, texts, base::append_quoted); }
  void write(const std::vector<Task>& tasks) {
    base::append_list(out_, tasks,
                      [&](std::string& out, const Task& task) { append(out, task, &task == &tasks.back()); });
  }

  std::string& out_;
  char separator_ = '{';
};

template <class... What>
void append(std::string& out, const What&... what) {
  ToText text(out);
  fields::describe(text, what...);
  text.end();
}

}  // namespace

void append_task(std::string& out, const Task& task) {
  append(out, task, false);
}

void append_outline(std::string& out, const Stage& stage) {
  append(out, stage, Extent::outline);
}

void append_header(std::string& out, const Execution& execution) {
  append(out, execution, Extent::full);
}

void append_execution(std::string& out, const Execution& execution, Detail detail) {
  const Extent extent = detail == Detail::full ? Extent::full : Extent::outline;
  ToText text(out);
  fields::describe(text, execution, Extent::full);
  text.put_written("stages", [&](std::string& list) {
    base::append_list(list, execution.stages,
                      [&](std::string& one, const Stage& stage) { append(one, stage, extent); });
  });
  text.end();
}

void append_news(std::string& out, const Stage& stage) {
  append(out, stage, Extent::news);
}

void append_news(std::string& out, const Execution& execution) {
  append(out, execution, Extent::news);
}

}  // namespace gennaker::model
