#include "people.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::simulation {

using model::Stage;
using model::Status;
using std::chrono::milliseconds;

void People::work(milliseconds how_long) {
  const auto whenever = [&] {
    return milliseconds(
        static_cast<std::int64_t>(dice_.next() % static_cast<std::uint64_t>(how_long.count())));
  };
  const int starts = 2 + dice_.below(14), deeds = dice_.below(40);
  for (int i = 0; i < starts; ++i) simulation_.after(whenever(), [this] { start_something(); });
  for (int i = 0; i < deeds; ++i) simulation_.after(whenever(), [this] { do_something(); });
}

void People::start_something() {
  const Company& company = simulation_.company();
  const std::string& id =
      company.started[static_cast<std::size_t>(dice_.below(static_cast<int>(company.started.size())))];
  const auto config =
      std::find_if(company.pipelines.begin(), company.pipelines.end(),
                   [&](const json::object& one) { return base::string_or(one, "id", "") == id; });
  json::object trigger;
  trigger["parameters"] = {{"version", std::to_string(1 + dice_.below(9))},
                           {"size", 1 + dice_.below(3)},
                           {"env", dice_.below(2) == 0 ? "prod" : "test"},
                           {"image", dice_.below(2) == 0 ? "image-1" : "image-3"}};
  if (dice_.below(10) == 0) {
    json::object wait{{"type", "wait"}, {"waitTime", dice_.below(600)}};
    return simulation_.start_task(
        {{"application", "shop"}, {"description", "wait a little"}, {"job", json::array{std::move(wait)}}});
  }
  if (dice_.below(2) == 0) {
    // Often one that was used before.
    if (last_correlation_ == 0 || dice_.below(3) != 0) ++last_correlation_;
    trigger["correlationId"] = fmt::format("asked-{}", last_correlation_);
  }
  // Sometimes several want the same in one moment, of whichever servers they meet.
  const int others = dice_.below(4) == 0 ? 1 + dice_.below(3) : 0;
  for (int i = 0; i < others; ++i) simulation_.start(*config, trigger);
  simulation_.start(*config, std::move(trigger));
}

void People::patch(const model::Execution& execution, const Stage& stage, json::object patch) {
  simulation_.command({.kind = Command::Kind::patch,
                       .execution_id = execution.id,
                       .stage_id = stage.id,
                       .token = token(),
                       .patch = std::move(patch)});
}

void People::send(Command::Kind kind, const model::Execution& execution) {
  simulation_.command({.kind = kind, .execution_id = execution.id, .stage_id = "", .token = token()});
}

void People::judge(const model::Execution& execution, const Stage& stage) {
  patch(execution, stage, {{"judgmentStatus", dice_.below(5) == 0 ? "stop" : "continue"}});
}

void People::skip(const model::Execution& execution, const Stage& stage) {
  if (stage.type == "manualJudgment") return judge(execution, stage);
  if (base::bool_or(stage.context, "canManuallySkip", false) && dice_.below(2) == 0)
    return patch(execution, stage, {{"manualSkip", true}});
  if (stage.type == "wait" || stage.type == "restrictExecutionDuringTimeWindow")
    return patch(execution, stage, {{"skipRemainingWait", true}});
  patch(execution, stage, {{"comment", "a person was here"}});
}

void People::do_something() {
  const Book& book = simulation_.book();
  if (book.active().empty() || dice_.below(5) == 0) return restart_something();
  auto chosen = book.active().begin();
  std::advance(chosen, dice_.below(static_cast<int>(book.active().size())));
  const model::Execution& execution = book.find(*chosen)->execution;
  const int what = dice_.below(12);
  if (execution.status == Status::paused && what < 9) return send(Command::Kind::resume, execution);
  if (what == 0) return send(Command::Kind::cancel, execution);
  if (what <= 2) return send(Command::Kind::pause, execution);
  std::vector<const Stage*> running;
  for (const Stage& stage : execution.stages) {
    if (stage.status == Status::running) running.push_back(&stage);
  }
  if (running.empty()) return;
  skip(execution, *running[static_cast<std::size_t>(dice_.below(static_cast<int>(running.size())))]);
}

void People::restart_something() {
  const auto& all = simulation_.book().all();
  if (all.empty()) return;
  auto chosen = all.begin();
  std::advance(chosen, dice_.below(static_cast<int>(all.size())));
  const model::Execution& execution = chosen->second.execution;
  if (execution.stages.empty()) return;
  const Stage& stage =
      execution.stages[static_cast<std::size_t>(dice_.below(static_cast<int>(execution.stages.size())))];
  simulation_.command(
      {.kind = Command::Kind::restart, .execution_id = execution.id, .stage_id = stage.id, .token = token()});
}

void People::tidy_up() {
  const Book& book = simulation_.book();
  if (book.active().empty()) return;
  const std::vector<std::string> active(book.active().begin(), book.active().end());
  for (const std::string& id : active) {
    const model::Execution& execution = book.find(id)->execution;
    if (execution.status == Status::paused) send(Command::Kind::resume, execution);
    if (execution.status != Status::running) continue;
    for (const Stage& stage : execution.stages) {
      if (stage.type == "manualJudgment" && stage.status == Status::running) judge(execution, stage);
    }
  }
  simulation_.after(std::chrono::minutes(30), [this] { tidy_up(); });
}

}  // namespace gennaker::simulation
