#include "runner/claim_queue.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace gennaker::runner {
namespace {

std::optional<StageRun> parse_run(std::string_view line) {
  const auto first = line.find('/'), second = line.rfind('/');
  if (first == std::string_view::npos || second == first) return std::nullopt;
  std::int64_t since = 0;
  const char* end = line.data() + line.size();
  if (std::from_chars(line.data() + second + 1, end, since).ptr != end) return std::nullopt;
  return StageRun{std::string(line.substr(0, first)), std::string(line.substr(first + 1, second - first - 1)),
                  base::from_millis(since)};
}

}  // namespace

std::string StageRun::text() const {
  return fmt::format("{}/{}/{}", execution_id, stage_id, base::to_millis(since));
}

ClaimQueue ClaimQueue::parse(std::string_view text) {
  ClaimQueue queue;
  auto end = std::min(text.find('\n'), text.size());
  queue.holder = parse_run(text.substr(0, end));
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = std::min(text.find('\n'), text.size());
    if (auto run = parse_run(text.substr(0, end))) queue.waiting.push_back(std::move(*run));
  }
  return queue;
}

std::string ClaimQueue::text() const {
  std::string text = holder ? holder->text() : "";
  for (const StageRun& run : waiting) text += fmt::format("\n{}", run.text());
  return text;
}

bool ClaimQueue::is_waiting(const StageRun& run) const {
  return std::find(waiting.begin(), waiting.end(), run) != waiting.end();
}

void ClaimQueue::wait(const StageRun& run) {
  std::erase_if(waiting, [&](const StageRun& one) { return one.same_stage(run); });
  if (waiting.size() < most_waiting) waiting.push_back(run);
}

void ClaimQueue::take(const StageRun& run) {
  const auto place =
      std::find_if(waiting.begin(), waiting.end(), [&](const StageRun& one) { return one.same_stage(run); });
  waiting.erase(waiting.begin(), place == waiting.end() ? place : place + 1);
  holder = run;
}

}  // namespace gennaker::runner
