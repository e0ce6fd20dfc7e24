#include "cli/progress.h"

#include <fmt/format.h>

#include "base/json.h"
#include "cli/text.h"

namespace gennaker::cli {
namespace {

using model::Execution;
using model::Stage;
using model::Status;
using std::chrono::milliseconds;

/// Why a stage failed: its own words, else the first of its tasks' errors.
std::string failure_of(const Stage& stage) {
  const auto* exception = base::find_object(stage.context, "exception");
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  if (!details) return "";
  if (const auto* errors = base::find_array(*details, "errors"); errors && !errors->empty()) {
    return base::plain_text(errors->front());
  }
  return base::string_or(*details, "error", "");
}

std::string current_task(const Stage& stage) {
  for (const auto& task : stage.tasks) {
    if (task.status == Status::running) return words(task.name);
  }
  return "";
}

/// "wait for capacity: 2 of 3 instances healthy"
std::string step_of(const Stage& stage) {
  const auto waiting = base::string_or(stage.context, "waitingFor", "");
  const auto task = current_task(stage);
  if (waiting.empty() || task.empty()) return waiting.empty() ? task : waiting;
  return task + ": " + waiting;
}

bool below(const Execution& execution, const Stage& stage, const std::string& top_id) {
  const Stage* at = &stage;
  // A chain longer than the number of stages would be a loop in what the server sent.
  for (std::size_t i = 0; at && i <= execution.stages.size(); ++i) {
    if (at->id == top_id) return true;
    if (at->parent_id.empty()) return false;
    at = execution.find_stage(at->parent_id);
  }
  return false;
}

/// The stage's own step, or that of the synthetic stage that is running for it.
std::string running_detail(const Execution& execution, const Stage& top) {
  std::string own = step_of(top);
  std::string inner;
  int others = -1;
  for (const auto& stage : execution.stages) {
    if (&stage == &top || stage.status != Status::running || !below(execution, stage, top.id)) continue;
    const auto step = step_of(stage);
    // A parent that only waits for its synthetic stages has nothing to say.
    if (step.empty() && !inner.empty()) continue;
    inner = step.empty() ? stage.name : stage.name + " · " + step;
    ++others;
  }
  if (inner.empty()) return own;
  return others > 0 ? fmt::format("{} (and {} more)", inner, others) : inner;
}

std::string failed_detail(const Execution& execution, const Stage& top) {
  if (auto own = failure_of(top); !own.empty()) return own;
  for (const auto& stage : execution.stages) {
    if (&stage == &top || !below(execution, stage, top.id)) continue;
    if (auto inner = failure_of(stage); !inner.empty()) return stage.name + ": " + inner;
  }
  return "";
}

std::string detail_of(const Execution& execution, const Stage& top) {
  if (model::is_failure(top.status)) return failed_detail(execution, top);
  if (top.status != Status::running) return "";
  if (top.type == "manualJudgment") return "waits for a person";
  return running_detail(execution, top);
}

std::string glyph(Status status, const ProgressStyle& style) {
  static constexpr std::array<std::string_view, 10> dots = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  static constexpr std::array<std::string_view, 4> bars = {"|", "/", "-", "\\"};
  const auto pick = [&](std::string_view fine, std::string_view plain) {
    return std::string(style.utf8 ? fine : plain);
  };
  switch (status) {
    case Status::running:
      return std::string(style.utf8 ? dots[style.frame % 10] : bars[style.frame % 4]);
    case Status::succeeded:
      return pick("✔", "+");
    case Status::failed_continue:
      return pick("!", "!");
    case Status::terminal:
    case Status::stopped:
      return pick("✘", "x");
    case Status::canceled:
      return pick("■", "c");
    case Status::skipped:
      return pick("»", ">");
    case Status::paused:
    case Status::suspended:
      return pick("‖", "=");
    default:
      return pick("·", ".");
  }
}

milliseconds span(std::optional<base::TimePoint> start, std::optional<base::TimePoint> end,
                  base::TimePoint now) {
  if (!start) return milliseconds(0);
  return std::max(end.value_or(now) - *start, milliseconds(0));
}

/// What a status says beyond its glyph.
std::string remark(Status status) {
  switch (status) {
    case Status::failed_continue:
      return "failed, but goes on";
    case Status::canceled:
      return "canceled";
    case Status::skipped:
      return "skipped";
    case Status::stopped:
      return "stopped";
    case Status::paused:
      return "paused";
    default:
      return "";
  }
}

/// How to answer; empty when nothing waits for a person.
std::string judgment_hint(const Execution& execution) {
  if (model::is_complete(execution.status)) return "";
  for (const auto& stage : execution.stages) {
    if (stage.type != "manualJudgment" || stage.status != Status::running) continue;
    return fmt::format("gennaker execution judge {} continue|stop", execution.id);
  }
  return "";
}

class Block {
 public:
  Block(const Execution& execution, base::TimePoint now, const ProgressStyle& style)
      : execution_(execution),
        now_(now),
        style_(style),
        width_(static_cast<std::size_t>(std::max(style.width - 1, 20))) {}

  std::string text() {
    const auto title = fmt::format("{} · {}", execution_.application, execution_.name);
    const auto state =
        fmt::format("{}  {}", model::to_string(execution_.status), duration_text(elapsed(execution_, now_)));
    const auto room = width_ > width_of(state) + 2 ? width_ - width_of(state) - 2 : 0;
    put(paint(cut(title, room), Colour::bold, style_.colours) + "  " +
        paint(state, colour_of(execution_.status), style_.colours));
    if (!style_.url.empty()) put(paint(cut(style_.url, width_), Colour::dim, style_.colours));
    stages();
    if (const auto hint = judgment_hint(execution_); !hint.empty()) {
      put(paint(cut(hint, width_), Colour::yellow, style_.colours));
    }
    if (!style_.notice.empty()) put(paint(cut(style_.notice, width_), Colour::yellow, style_.colours));
    return std::move(out_);
  }

 private:
  std::string cut(std::string_view text, std::size_t width) const {
    auto clean = printable(text);
    if (!style_.utf8) {
      for (std::size_t at; (at = clean.find("·")) != std::string::npos;) clean.replace(at, 2, "-");
    }
    return fit(clean, width, style_.utf8);
  }

  void put(const std::string& line) { out_ += line + '\n'; }

  void stages() {
    const auto lines = stage_lines(execution_);
    name_width_ = 0;
    for (const auto& line : lines) name_width_ = std::max(name_width_, width_of(printable(line.name)));
    name_width_ = std::min(name_width_, width_ * 2 / 5);
    const std::size_t frame_lines = 5;  // title, URL, hint, notice, and the cursor's
    const auto room = static_cast<std::size_t>(std::max(style_.height - static_cast<int>(frame_lines), 3));
    const auto [from, to] = visible(lines, room);
    if (from > 0) put(paint(cut(fmt::format("   ({} before)", from), width_), Colour::dim, style_.colours));
    for (std::size_t i = from; i < to; ++i) stage(lines[i]);
    if (to < lines.size()) {
      put(paint(cut(fmt::format("   ({} more)", lines.size() - to), width_), Colour::dim, style_.colours));
    }
  }

  /// What fits, around the first stage that is not finished.
  static std::pair<std::size_t, std::size_t> visible(const std::vector<StageLine>& lines, std::size_t room) {
    if (lines.size() <= room) return {0, lines.size()};
    const auto shown = std::max<std::size_t>(room - 2, 1);
    const auto active = std::find_if(lines.begin(), lines.end(),
                                     [](const StageLine& line) { return !model::is_complete(line.status); });
    const auto at = static_cast<std::size_t>(active - lines.begin());
    const auto from = std::min(at > 1 ? at - 1 : 0, lines.size() - shown);
    return {from, from + shown};
  }

  void stage(const StageLine& line) {
    const auto colour = colour_of(line.status);
    const auto name = cut(line.name, name_width_);
    const auto time =
        line.start_time ? duration_text(span(line.start_time, line.end_time, now_)) : std::string();
    std::string text = " " + paint(glyph(line.status, style_), colour, style_.colours) + " ";
    text += line.status == Status::not_started ? paint(name, Colour::dim, style_.colours) : name;
    std::size_t used = 3 + width_of(name);
    const auto detail = line.detail.empty() ? remark(line.status) : line.detail;
    if (!time.empty()) {
      constexpr std::size_t time_width = 7;
      const auto gap =
          name_width_ - width_of(name) + 2 + (time_width > time.size() ? time_width - time.size() : 0);
      text += std::string(gap, ' ') + time;
      used += gap + time.size();
    }
    if (!detail.empty() && used + 10 < width_) {
      const bool failed = model::is_failure(line.status);
      text +=
          "  " + paint(cut(detail, width_ - used - 2), failed ? Colour::red : Colour::dim, style_.colours);
    }
    put(text);
  }

  const Execution& execution_;
  base::TimePoint now_;
  const ProgressStyle& style_;
  std::size_t width_, name_width_ = 0;
  std::string out_;
};

/// A status that was not there yet counts as not started, so that a log does not begin with a list of these.
Status status_before(const Execution* before, const std::string& stage_id) {
  const auto* stage = before ? before->find_stage(stage_id) : nullptr;
  return stage ? stage->status : Status::not_started;
}

}  // namespace

std::vector<StageLine> stage_lines(const Execution& execution) {
  std::vector<StageLine> lines;
  for (const auto& stage : execution.stages) {
    if (stage.synthetic()) continue;
    lines.push_back({stage.name.empty() ? stage.type : stage.name, stage.status, stage.start_time,
                     stage.end_time, detail_of(execution, stage)});
  }
  return lines;
}

std::vector<std::string> failures(const Execution& execution) {
  std::vector<std::string> texts;
  for (const auto& line : stage_lines(execution)) {
    if (model::is_failure(line.status) && !line.detail.empty())
      texts.push_back(line.name + ": " + line.detail);
  }
  return texts;
}

milliseconds elapsed(const Execution& execution, base::TimePoint now) {
  return span(execution.start_time, execution.end_time, now);
}

std::string progress_block(const Execution& execution, base::TimePoint now, const ProgressStyle& style) {
  return Block(execution, now, style).text();
}

std::vector<std::string> transitions(const Execution* before, const Execution& after, base::TimePoint now) {
  std::vector<std::string> lines;
  const auto begin = after.start_time.value_or(after.build_time);
  const auto add = [&](base::TimePoint when, const std::string& text) {
    const auto seconds = static_cast<double>(std::max<std::int64_t>((when - begin).count(), 0)) / 1000.0;
    lines.push_back(fmt::format("[{:7.1f}s] {}", seconds, printable(text)));
  };
  // In the order in which it happened: what ended before what began.
  std::vector<std::pair<base::TimePoint, std::string>> changes;
  for (const auto& stage : after.stages) {
    if (stage.synthetic() || stage.status == status_before(before, stage.id)) continue;
    const auto name = stage.name.empty() ? stage.type : stage.name;
    const bool complete = model::is_complete(stage.status);
    const auto detail = detail_of(after, stage);
    auto text = fmt::format("{}: {}", name, model::to_string(stage.status));
    if (complete && stage.start_time)
      text += " after " + duration_text(span(stage.start_time, stage.end_time, now));
    if (!detail.empty() && complete) text += ": " + detail;
    if (stage.type == "manualJudgment" && stage.status == Status::running)
      text += ": " + judgment_hint(after);
    changes.emplace_back((complete ? stage.end_time : stage.start_time).value_or(now), std::move(text));
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const bool changed = !before || before->status != after.status;
  const auto whole = fmt::format("{} {}: {}", after.application, after.name, model::to_string(after.status));
  const bool complete = model::is_complete(after.status);
  if (changed && !complete) add(before ? now : begin, whole);
  for (const auto& [when, text] : changes) add(when, text);
  if (changed && complete) add(after.end_time.value_or(now), whole);
  return lines;
}

}  // namespace gennaker::cli
