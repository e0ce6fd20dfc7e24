#include "stages/deployment_monitor/deployment_monitor.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/stage.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using base::Async;
using clusters::FieldProblem;
using runner::TaskContext;
using runner::TaskResult;
using MonitorsPtr = std::shared_ptr<const DeploymentMonitors>;

constexpr std::chrono::seconds between_questions{60}, between_tries{5};
constexpr std::int64_t most_tries = 3;
constexpr std::chrono::seconds answer_limit{30};
constexpr std::string_view tries_field = "deploymentMonitorTries";

enum class Question { starting, health, completed };

struct Form {
  std::string_view type, path;
  Question question;
};
constexpr Form forms[] = {
    {"notifyDeployStarting", "/deployment/starting", Question::starting},
    {"evaluateDeploymentHealth", "/deployment/evaluateHealth", Question::health},
    {"notifyDeployCompleted", "/deployment/completed", Question::completed},
};

/// The deployment's wishes over the configuration's.
struct Wanted {
  const DeploymentMonitor* monitor = nullptr;
  bool fail_on_error = true;
  std::chrono::minutes limit{30};
};

Wanted read_wanted(const DeploymentMonitors& monitors, const json::object& context,
                   std::optional<FieldProblem>& problem) {
  Wanted wanted;
  const auto* given = base::find_object(context, "deploymentMonitor");
  const std::string id = given != nullptr ? base::string_or(*given, "id", "") : "";
  const auto found = monitors.find(id);
  if (found == monitors.end()) {
    std::vector<std::string> known;
    for (const auto& [name, monitor] : monitors) known.push_back(name);
    problem = FieldProblem{"deploymentMonitor.id",
                           fmt::format("'{}' is not configured; there are: {}", id,
                                       known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")))};
    return wanted;
  }
  wanted.monitor = &found->second;
  wanted.fail_on_error = base::bool_or(*given, "failOnErrorOverride", found->second.fail_on_error);
  const auto minutes = base::whole_number(*given, "maxAnalysisMinutesOverride");
  wanted.limit = minutes && *minutes > 0 ? std::chrono::minutes(*minutes) : found->second.analysis_limit;
  return wanted;
}

class MonitorStage final : public engine::Stage {
 public:
  MonitorStage(const Form& form, MonitorsPtr monitors) : form_(form), monitors_(std::move(monitors)) {}
  std::string_view type() const override { return form_.type; }
  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<FieldProblem> problem;
    read_wanted(*monitors_, stage.context(), problem);
    if (problem) return refuse(*problem);
    return engine::run_in_order({form_.type});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  const Form form_;
  const MonitorsPtr monitors_;
};

/// Does nothing but be refused when there is no such monitor: before anything is deployed.
class CheckMonitor final : public runner::Task {
 public:
  Async<TaskResult> run(TaskContext) override { co_return runner::succeeded(); }
};

/// As the field's monitors expect it.
json::object request_body(const TaskContext& context, Question question) {
  const json::object& own = context.stage().context;
  json::object body{{"executionId", context.execution().id}, {"stageId", context.stage().id}};
  for (const std::string_view key : {"application", "deploymentId", "oldServerGroup", "newServerGroup",
                                     "account", "region", "cloudProvider"}) {
    if (const auto* value = base::find(own, key)) body[key] = *value;
  }
  const auto* monitor = base::find_object(own, "deploymentMonitor");
  const auto* parameters = monitor != nullptr ? base::find_object(*monitor, "parameters") : nullptr;
  body["parameters"] = parameters != nullptr ? *parameters : json::object{};
  if (question == Question::health) body["currentProgress"] = own.at("currentProgress");
  if (question == Question::completed) {
    body["status"] = own.at("deploymentStatus");
    body["rollback"] = own.at("rollbackStatus");
  }
  return body;
}

/// What the monitor said: a directive, and why.
struct Answer {
  std::string directive;  ///< abort, complete, continue, wait
  std::string reason;
  json::object status;  ///< as it was said, for people
};

Answer read_answer(const std::string& text) {
  const json::value value = base::parse_json(text, "its answer");
  const auto* object = value.if_object();
  const auto* next = object != nullptr ? base::find_object(*object, "nextStep") : nullptr;
  Answer answer;
  if (next != nullptr) answer.directive = base::string_or(*next, "directive", "");
  std::transform(answer.directive.begin(), answer.directive.end(), answer.directive.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (answer.directive != "abort" && answer.directive != "complete" && answer.directive != "continue" &&
      answer.directive != "wait") {
    throw base::Error(base::Kind::invalid,
                      fmt::format("nextStep.directive: '{}' is not one of abort, complete, "
                                  "continue, wait",
                                  answer.directive));
  }
  if (const auto* reason = base::find_object(*object, "statusReason")) {
    answer.status = *reason;
    answer.reason = base::string_or(*reason, "message", "");
  }
  return answer;
}

class AskMonitor final : public runner::Task {
 public:
  AskMonitor(const Form& form, net::HttpClient& client, MonitorsPtr monitors)
      : form_(form), client_(client), monitors_(std::move(monitors)) {}

  Async<TaskResult> run(TaskContext context) override {
    std::optional<FieldProblem> problem;
    const Wanted wanted = read_wanted(*monitors_, context.stage().context, problem);
    if (problem) co_return runner::failed(context, fmt::format("{}: {}", problem->field, problem->reason));
    const bool over = context.task().start_time && context.now() - *context.task().start_time > wanted.limit;
    if (over && form_.question == Question::health) {
      co_return runner::failed(context,
                               fmt::format("deployment monitor '{}' did not decide within {} minutes",
                                           wanted.monitor->name, wanted.limit.count()));
    }
    Answer answer;
    std::string failure;
    try {
      auto asking = ask(context, *wanted.monitor);
      answer = co_await std::move(asking);
    } catch (const base::Error& error) {
      failure = error.what();
    }
    if (!failure.empty()) co_return could_not_ask(context, wanted, failure);
    co_return heed(context, *wanted.monitor, answer);
  }

  std::optional<TaskResult> assumed(const TaskContext&) const override { return runner::succeeded(); }

 private:
  Async<Answer> ask(TaskContext context, DeploymentMonitor monitor) const {
    net::ClientRequest request;
    request.method = "POST";
    request.url = monitor.base_url + std::string(form_.path);
    request.headers["Content-Type"] = "application/json";
    request.body = base::to_text(request_body(context, form_.question));
    request.timeout = answer_limit;
    auto sending = client_.send(std::move(request));
    const net::ClientResponse response = co_await std::move(sending);
    if (response.status / 100 != 2)
      throw base::Error(base::Kind::unavailable, fmt::format("it answers {}", response.status));
    // Whoever is only told need not say anything.
    if (form_.question != Question::health)
      co_return Answer{.directive = "continue", .reason = "", .status = {}};
    co_return read_answer(response.body);
  }

  TaskResult could_not_ask(const TaskContext& context, const Wanted& wanted, const std::string& why) const {
    const auto tries = base::whole_number(context.stage().context, tries_field).value_or(0) + 1;
    const std::string message =
        fmt::format("deployment monitor '{}' cannot be asked: {}", wanted.monitor->name, why);
    if (tries < most_tries) {
      return runner::again({.after = between_tries, .waiting_for = message},
                           {{std::string(tries_field), tries}});
    }
    if (wanted.fail_on_error) return runner::failed(context, message);
    return runner::succeeded({{"deploymentMonitorError", message}});
  }

  static TaskResult heed(const TaskContext& context, const DeploymentMonitor& monitor, const Answer& answer) {
    json::object told{{std::string(tries_field), 0}};
    if (!answer.status.empty()) told["deploymentMonitorStatus"] = answer.status;
    if (answer.directive == "abort") {
      TaskResult result =
          runner::failed(context, fmt::format("deployment monitor '{}' says to stop{}{}", monitor.name,
                                              answer.reason.empty() ? "" : ": ", answer.reason));
      base::merge_into(result.context, told);
      return result;
    }
    if (answer.directive != "wait") return runner::succeeded(std::move(told));
    return runner::again({.after = between_questions,
                          .waiting_for = fmt::format("deployment monitor '{}'{}{}", monitor.name,
                                                     answer.reason.empty() ? "" : ": ", answer.reason)},
                         std::move(told));
  }

  const Form form_;
  net::HttpClient& client_;
  const MonitorsPtr monitors_;
};

}  // namespace

void add_deployment_monitor(runner::Catalogs& catalogs, net::HttpClient& client,
                            DeploymentMonitors monitors) {
  const auto shared = std::make_shared<const DeploymentMonitors>(std::move(monitors));
  constexpr Form check{"checkDeploymentMonitor", "", Question::starting};
  catalogs.stages.add(std::make_unique<MonitorStage>(check, shared));
  catalogs.tasks.add(std::string(check.type), std::make_unique<CheckMonitor>());
  for (const Form& form : forms) {
    catalogs.stages.add(std::make_unique<MonitorStage>(form, shared));
    catalogs.tasks.add(std::string(form.type), std::make_unique<AskMonitor>(form, client, shared));
  }
}

}  // namespace gennaker::stages
