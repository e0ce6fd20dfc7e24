#include <fmt/format.h>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "model/execution_json.h"

namespace gennaker::cli {
namespace {

using base::string_or;

std::string execution_path(const std::string& id) {
  return path({"/pipelines/", id});
}

/// "manual by anna", "git"
std::string trigger_text(const model::Execution& execution) {
  const auto type = string_or(execution.trigger, "type", "manual");
  const auto user = string_or(execution.trigger, "user", string_or(execution.authentication, "user", ""));
  return user.empty() ? type : type + " by " + user;
}

std::string list_path(const ExecutionList& what, const std::string& config_id) {
  auto target = config_id.empty()
                    ? path({"/applications/", what.pipeline.application, "/pipelines"}) + "?expand=false"
                    : "/executions?expand=false&pipelineConfigIds=" + net::percent_encode(config_id);
  target += fmt::format("&limit={}", what.limit);
  for (const auto& status : what.statuses) target += "&statuses=" + net::percent_encode(status);
  return target;
}

std::vector<const model::Stage*> waiting_judgments(const model::Execution& execution,
                                                   const std::string& name) {
  std::vector<const model::Stage*> found;
  for (const auto& stage : execution.stages) {
    if (stage.type != "manualJudgment" || stage.status != model::Status::running) continue;
    if (name.empty() || stage.name == name || stage.ref_id == name || stage.id == name)
      found.push_back(&stage);
  }
  return found;
}

const model::Stage& judged_stage(const model::Execution& execution, const std::string& name) {
  const auto found = waiting_judgments(execution, name);
  if (found.size() == 1) return *found.front();
  if (!found.empty()) {
    std::vector<std::string> names;
    for (const auto* stage : found) names.push_back(fmt::format("'{}' ({})", stage->name, stage->ref_id));
    throw usage_error(fmt::format("execution {}: {} stages wait for a judgment, choose one with --stage: {}",
                                  execution.id, found.size(), fmt::join(names, ", ")));
  }
  throw base::Error(
      base::Kind::not_found,
      name.empty() ? fmt::format("execution {}: no stage waits for a judgment (the execution is {})",
                                 execution.id, model::to_string(execution.status))
                   : fmt::format("execution {}: no stage '{}' waits for a judgment", execution.id, name));
}

}  // namespace

Async<int> list_executions(Context& context, ExecutionList what) {
  std::string config_id;
  if (!what.pipeline.name.empty()) {
    auto look_up =
        path({"/applications/", what.pipeline.application, "/pipelineConfigs/", what.pipeline.name});
    const json::object config = co_await context.gate.get_object(std::move(look_up));
    config_id = string_or(config, "id", "");
  }
  auto look_up = list_path(what, config_id);
  const json::array list = co_await context.gate.get_array(std::move(look_up));
  Table table({"ID", "PIPELINE", "STATUS", "STARTED", "TOOK", "TRIGGER"});
  std::vector<std::string> ids;
  const auto now = context.around.clock.now();
  // The server's list begins with the oldest, people look for the newest.
  for (auto item = list.rbegin(); item != list.rend(); ++item) {
    if (!item->is_object()) continue;
    const auto execution = model::execution_from_json(item->as_object());
    ids.push_back(execution.id);
    table.add({execution.id, execution.name, std::string(model::to_string(execution.status)),
               time_text(execution.start_time),
               execution.start_time ? duration_text(elapsed(execution, now)) : "-", trigger_text(execution)},
              2, colour_of(execution.status));
  }
  print_list(context, list, table, ids);
  co_return done;
}

Async<int> get_execution(Context& context, std::string id) {
  auto look_up = execution_path(id);
  const json::object object = co_await context.gate.get_object(std::move(look_up));
  if (context.format == Format::json) {
    print_json(context, object);
    co_return done;
  }
  const auto execution = model::execution_from_json(object);
  ProgressStyle style{.width = context.around.terminal ? context.around.size().width : 200,
                      .height = 10'000,
                      .colours = context.colours,
                      .utf8 = context.around.utf8,
                      .url = page_url(context, execution.application, execution.id)};
  if (!context.quiet) context.out() << progress_block(execution, context.around.clock.now(), style);
  co_return done;
}

Async<int> cancel_execution(Context& context, std::string id, std::string reason) {
  std::string method = "PUT", target = execution_path(id) + "/cancel";
  if (!reason.empty()) target += "?reason=" + net::percent_encode(reason);
  co_await context.gate.call(std::move(method), std::move(target));
  say(context, fmt::format("Execution {} is being canceled.", id));
  co_return done;
}

Async<int> judge_execution(Context& context, Judgment judgment) {
  auto look_up = execution_path(judgment.execution_id);
  const json::object object = co_await context.gate.get_object(std::move(look_up));
  const auto execution = model::execution_from_json(object);
  const auto& stage = judged_stage(execution, judgment.stage);
  json::object body{{"judgmentStatus", judgment.decision}};
  if (!judgment.input.empty()) body["judgmentInput"] = judgment.input;
  std::string method = "PATCH", target = path({"/pipelines/", judgment.execution_id, "/stages/", stage.id});
  json::value value = std::move(body);
  co_await context.gate.call(std::move(method), std::move(target), std::move(value));
  say(context, fmt::format("Stage '{}' was told to {}.", stage.name, judgment.decision));
  co_return done;
}

}  // namespace gennaker::cli
