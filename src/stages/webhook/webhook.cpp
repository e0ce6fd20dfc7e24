#include "stages/webhook/webhook.h"

#include <algorithm>
#include <boost/url.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_path.h"
#include "base/logging.h"
#include "stages/bind_artifacts.h"
#include "stages/webhook/call.h"
#include "stages/webhook/status.h"

namespace gennaker::stages {

using model::Status;

namespace {

using OptionsPtr = std::shared_ptr<const WebhookOptions>;

constexpr std::chrono::seconds create_again{10};
/// Looks at the status: often in the first minute, then seldom.
constexpr std::chrono::seconds look_soon{1}, look_later{15};
constexpr std::chrono::minutes eager{1};

/// Left in the context when the cancelEndpoint was called: once is enough.
constexpr std::string_view called_off = "calledOff";

bool usually_passing(const WebhookOptions& options, int status) {
  const auto& listed = options.retried_statuses;
  return status >= 500 || std::find(listed.begin(), listed.end(), status) != listed.end();
}

json::object webhook_so_far(const runner::TaskContext& context) {
  const auto* known = base::find_object(context.stage().context, "webhook");
  return known ? *known : json::object{};
}

/// Puts what is known of the call beside the failure.
runner::TaskResult fail_with(const runner::TaskContext& context, json::object webhook,
                             const std::string& message) {
  runner::TaskResult result = runner::failed(context, message);
  webhook["error"] = message;
  result.context["webhook"] = std::move(webhook);
  return result;
}

/// With artifacts in the body, a stage that expects some binds them.
void take_artifacts(const json::object& fields, const json::value& body, json::object& context) {
  const auto* expected = base::find_array(fields, "expectedArtifacts");
  const auto* object = body.if_object();
  if (expected == nullptr || expected->empty() || object == nullptr) return;
  if (const auto* artifacts = base::find_array(*object, "artifacts")) context["artifacts"] = *artifacts;
}

bool waits_for_completion(const json::object& fields) {
  return base::bool_or(fields, "waitForCompletion", false);
}

/// Whether the status is asked of the URL that was called.
bool asks_same_url(const json::object& fields) {
  return base::string_or(fields, "statusUrlResolution", "getMethod") == "getMethod";
}

bool watching(const model::Stage& stage) {
  return std::any_of(stage.tasks.begin(), stage.tasks.end(), [](const model::Task& task) {
    return task.implementation == "monitorWebhook" && task.start_time;
  });
}

class Webhook final : public engine::Stage {
 public:
  Webhook(std::string type, OptionsPtr options) : type_(std::move(type)), options_(std::move(options)) {}

  std::string_view type() const override { return type_; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object fields = webhook_fields(*options_, stage.stage());
    const bool waits = waits_for_completion(fields);
    const bool only_monitors = base::bool_or(fields, "monitorOnly", false);
    if (auto refusal = problem(stage, fields, waits, only_monitors)) {
      return engine::refuse(std::move(refusal->field), std::move(refusal->reason));
    }
    engine::Plan plan;
    if (!only_monitors) plan.tasks.push_back({"createWebhook", "createWebhook"});
    if (waits && base::whole_number(fields, "waitBeforeMonitor").value_or(0) > 0) {
      plan.tasks.push_back({"waitBeforeMonitorWebhook", "waitBeforeMonitorWebhook"});
    }
    if (waits) plan.tasks.push_back({"monitorWebhook", "monitorWebhook"});
    plan_binding(stage, plan);
    return plan;
  }

  /// What was started and is still watched when the stage fails, by a time-out too, is called off.
  std::vector<engine::SyntheticStage> on_failure(const engine::StageView& stage) const override {
    const json::object fields = webhook_fields(*options_, stage.stage());
    if (base::string_or(fields, "cancelEndpoint", "").empty() || !watching(stage.stage())) return {};
    if (stage.context().contains(called_off)) return {};
    engine::SyntheticStage call{.type = "cancelWebhook", .name = "Cancel webhook"};
    call.context["stageTimeoutMs"] = 60'000;  // else the parent's, which may be what has run out
    return {std::move(call)};
  }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view stale : {std::string_view("webhook"), std::string_view("artifacts"),
                                         std::string_view("resolvedExpectedArtifacts"), called_off}) {
      stage.context.erase(stale);
    }
    if (!base::bool_or(stage.context, "monitorOnly", false)) stage.context.erase("statusEndpoint");
    stage.outputs.clear();
  }

 private:
  std::optional<engine::Refusal> problem(const engine::StageView& stage, const json::object& fields,
                                         bool waits, bool only_monitors) const {
    if (!may_use(stage))
      return engine::Refusal{"permissions", "none of the user's roles may run this stage type"};
    if (only_monitors && !waits) return engine::Refusal{"monitorOnly", "needs waitForCompletion"};
    if (auto refusal = request_problem(*options_, fields)) return refusal;
    const std::string_view field = only_monitors ? "statusEndpoint" : "url";
    if (base::string_or(fields, field, "").empty())
      return engine::Refusal{std::string(field), "a URL is needed"};
    const std::string url = base::string_or(fields, field, "");
    // A preconfigured URL may hold expressions that only the task evaluates; it asks the fence again.
    if (url.find("${") == std::string::npos) {
      if (auto why = options_->fence->problem(url))
        return engine::Refusal{std::string(field), std::move(*why)};
    }
    const std::string resolution = base::string_or(fields, "statusUrlResolution", "getMethod");
    if (waits && resolution != "getMethod" && resolution != "locationHeader" &&
        resolution != "webhookResponse") {
      return engine::Refusal{"statusUrlResolution", "must be getMethod, locationHeader or webhookResponse"};
    }
    return path_problem(fields, waits && resolution == "webhookResponse" && !only_monitors);
  }

  static std::optional<engine::Refusal> path_problem(const json::object& fields, bool needs_status_url) {
    if (needs_status_url && base::string_or(fields, "statusUrlJsonPath", "").empty()) {
      return engine::Refusal{"statusUrlJsonPath", "a JSON path is needed"};
    }
    for (const std::string_view field : {"statusUrlJsonPath", "statusJsonPath", "progressJsonPath"}) {
      const std::string path = base::string_or(fields, field, "");
      if (path.empty()) continue;
      try {
        base::follow_path(nullptr, path);
      } catch (const base::Error& error) {
        return engine::Refusal{std::string(field), error.what()};
      }
    }
    return std::nullopt;
  }

  bool may_use(const engine::StageView& stage) const {
    const auto* webhook = options_->find(type_);
    if (webhook == nullptr || webhook->writers.empty()) return true;
    const std::vector<std::string> roles = base::string_list(stage.execution().authentication, "roles");
    return std::any_of(roles.begin(), roles.end(), [&](const std::string& role) {
      return std::find(webhook->writers.begin(), webhook->writers.end(), role) != webhook->writers.end();
    });
  }

  const std::string type_;
  const OptionsPtr options_;
};

/// What all tasks of a webhook stage lean on.
class WebhookTask : public runner::Task {
 public:
  WebhookTask(net::HttpClient& client, OptionsPtr options) : client_(client), options_(std::move(options)) {}

 protected:
  const WebhookOptions& options() const { return *options_; }
  WebhookParts parts() const { return {client_, *options_}; }
  Async<json::object> fields_of(runner::TaskContext context) const {
    model::Stage stage = context.stage();
    auto evaluating = evaluated_fields(*options_, std::move(context), std::move(stage));
    co_return co_await std::move(evaluating);
  }

  /// Tells the other side that its work is not wanted any more; does nothing without a cancelEndpoint.
  Async<void> call_off(json::object fields, std::string key, base::TimePoint now) {
    WebhookCall call{.method = method_of(fields, "cancelMethod"),
                     .url = base::string_or(fields, "cancelEndpoint", ""),
                     .payload = payload_of(fields, "cancelPayload"),
                     .idempotency_key = std::move(key)};
    if (call.url.empty()) co_return;
    auto sending = send_webhook(parts(), std::move(fields), std::move(call), now);
    co_await std::move(sending);
  }

 private:
  net::HttpClient& client_;
  const OptionsPtr options_;
};

class CreateWebhook final : public WebhookTask {
 public:
  using WebhookTask::WebhookTask;

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    auto evaluating = fields_of(context);
    const json::object fields = co_await std::move(evaluating);
    const WebhookCall call{
        .method = method_of(fields, "method"),
        .url = base::string_or(fields, "url", ""),
        .payload = payload_of(fields, "payload"),
        // A crash between the call and its record repeats the call; a receiver can tell by this.
        .idempotency_key = context.key("webhook")};
    net::ClientResponse response;
    std::exception_ptr lost;
    try {
      auto sending = send_webhook(parts(), fields, call, context.now());
      response = co_await std::move(sending);
    } catch (...) {
      lost = std::current_exception();
    }
    if (lost) co_return without_answer(context, call, lost);
    if (response.status >= 400) co_return refused(context, fields, call, response);
    co_return accepted(context, fields, call, response);
  }

  std::optional<runner::TaskResult> assumed(const runner::TaskContext& context) const override {
    json::object webhook{{"statusCode", "OK"},
                         {"statusCodeValue", 200},
                         {"headers", runner::unknown("headers", context)},
                         {"body", runner::unknown("body", context)}};
    json::object result;
    if (waits_for_completion(context.stage().context)) {
      result["statusEndpoint"] = runner::unknown("status URL", context);
      webhook["statusEndpoint"] = result["statusEndpoint"];
    }
    result["webhook"] = std::move(webhook);
    return runner::succeeded(std::move(result));
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(5);
  }

 private:
  /// What was certainly not received is sent again; what may have been, only if that does no harm.
  runner::TaskResult without_answer(const runner::TaskContext& context, const WebhookCall& call,
                                    const std::exception_ptr& failure) const {
    try {
      std::rethrow_exception(failure);
    } catch (const base::Error& error) {
      if (!error.worth_retrying()) throw;
      const bool sent = base::bool_or(error.details(), "sent", true);
      if (!sent || safe_to_retry(options(), call)) {
        return runner::again(
            {.after = create_again, .waiting_for = fmt::format("another try: {}", error.what())});
      }
      return fail_with(
          context, webhook_so_far(context),
          fmt::format("{}; the call was sent and may have been carried out, so it is not repeated",
                      error.what()));
    }
  }

  runner::TaskResult refused(const runner::TaskContext& context, const json::object& fields,
                             const WebhookCall& call, const net::ClientResponse& response) const {
    const int status = response.status;
    const bool fail_fast = fields.contains("failFastStatusCodes")
                               ? lists_code(fields, "failFastStatusCodes", status)
                               : status == 504;
    const bool retry = !fail_fast && (usually_passing(options(), status) ||
                                      lists_code(fields, "webhookRetryStatusCodes", status));
    json::object webhook = told(response);
    const std::string what = fmt::format("{} answered with status {}", net::shown_url(call.url), status);
    if (!retry) return fail_with(context, std::move(webhook), what);
    return runner::again({.after = create_again, .waiting_for = "another try: " + what},
                         {{"webhook", std::move(webhook)}});
  }

  runner::TaskResult accepted(const runner::TaskContext& context, const json::object& fields,
                              const WebhookCall& call, const net::ClientResponse& response) const {
    json::object webhook = told(response), result;
    const json::value body = webhook.at("body");
    if (waits_for_completion(fields)) {
      const auto status_url = status_url_of(fields, call.url, response, body);
      if (!status_url) {
        const bool header = base::string_or(fields, "statusUrlResolution", "") == "locationHeader";
        return fail_with(context, std::move(webhook),
                         header ? "statusUrlResolution: the answer has no Location header that is a URL"
                                : "statusUrlJsonPath: the answer holds no status URL there");
      }
      // Of a preconfigured webhook the URL is the server's, and what it holds is not for the context.
      const bool ours = asks_same_url(fields) && options().find(context.stage().type) != nullptr;
      const std::string told_url = ours ? net::shown_url(*status_url) : *status_url;
      webhook["statusEndpoint"] = told_url;
      result["statusEndpoint"] = told_url;
    } else {
      take_artifacts(fields, body, result);
    }
    result["webhook"] = std::move(webhook);
    return runner::succeeded(std::move(result));
  }

  static std::optional<std::string> status_url_of(const json::object& fields, const std::string& url,
                                                  const net::ClientResponse& response,
                                                  const json::value& body) {
    if (asks_same_url(fields)) return url;
    std::string found;
    if (base::string_or(fields, "statusUrlResolution", "") == "locationHeader") {
      const auto location = response.headers.find("Location");
      if (location != response.headers.end()) found = location->second;
    } else {
      const auto read = base::follow_path(body, base::string_or(fields, "statusUrlJsonPath", ""));
      if (read.values.size() == 1) found = base::plain_text(*read.values.front());
    }
    if (found.empty()) return std::nullopt;
    const auto resolved = net::resolved_url(url, found);
    if (!resolved) return std::nullopt;
    return with_scheme_of(url, *resolved);
  }

  /// A service behind a proxy that ends TLS calls itself http: the way in is the one that worked.
  static std::string with_scheme_of(const std::string& url, const std::string& status_url) {
    const auto called = boost::urls::parse_uri(url);
    const auto told = boost::urls::parse_uri(status_url);
    if (!called || !told || called->encoded_host() != told->encoded_host()) return status_url;
    boost::urls::url same(*told);
    same.set_scheme(called->scheme());
    return std::string(same.buffer());
  }
};

/// Calls off what was started when the execution is cancelled, or the status says that it was.
class CancellableWait : public WebhookTask {
 public:
  using WebhookTask::WebhookTask;

  Async<runner::TaskResult> cancel(runner::TaskContext context) final {
    auto evaluating = fields_of(context);
    json::object fields = co_await std::move(evaluating);
    runner::TaskResult result;
    if (base::string_or(fields, "cancelEndpoint", "").empty()) co_return result;
    auto calling = call_off(std::move(fields), context.key("cancel"), context.now());
    co_await std::move(calling);
    result.context[called_off] = true;
    co_return result;
  }
};

class WaitBeforeMonitor final : public CancellableWait {
 public:
  using CancellableWait::CancellableWait;

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    auto evaluating = fields_of(context);
    const json::object fields = co_await std::move(evaluating);
    const auto seconds = base::whole_number(fields, "waitBeforeMonitor").value_or(0);
    const auto left = *context.task().start_time + std::chrono::seconds(seconds) - context.now();
    if (left <= std::chrono::milliseconds(0)) co_return runner::succeeded();
    co_return runner::again({.after = left, .waiting_for = "the first look at the status"});
  }
};

class MonitorWebhook final : public CancellableWait {
 public:
  using CancellableWait::CancellableWait;

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    auto evaluating = fields_of(context);
    const json::object fields = co_await std::move(evaluating);
    const std::string url = status_url_of(context.stage(), fields);
    if (url.empty()) co_return runner::failed(context, "statusEndpoint: a URL is needed");
    net::ClientResponse response;
    std::string lost;
    try {
      WebhookCall call{.method = "GET", .url = url};
      auto sending = send_webhook(parts(), fields, std::move(call), context.now());
      response = co_await std::move(sending);
    } catch (const base::Error& error) {
      if (!error.worth_retrying()) throw;
      lost = error.what();
    }
    json::object webhook = webhook_so_far(context);
    if (!lost.empty()) co_return look_again(context, std::move(webhook), "another try: " + lost);
    json::object monitor = told(response);
    json::array past = past_statuses(webhook);
    if (response.status >= 400) past.push_back(response.status);
    if (!past.empty()) monitor["pastStatusCodes"] = past;
    if (response.status < 400) co_return judge(context, fields, std::move(webhook), std::move(monitor));

    const std::string what = fmt::format("{} answered with status {}", net::shown_url(url), response.status);
    const bool usual = usually_passing(options(), response.status);
    if (!look_again_after(fields, response.status, past, usual)) {
      monitor["error"] = what;
      webhook["monitor"] = std::move(monitor);
      co_return fail_with(context, std::move(webhook), what);
    }
    webhook["monitor"] = std::move(monitor);
    co_return look_again(context, std::move(webhook), "another try: " + what);
  }

  std::optional<runner::TaskResult> assumed(const runner::TaskContext& context) const override {
    json::object webhook = webhook_so_far(context);
    webhook["monitor"] = {{"statusCode", "OK"},
                          {"statusCodeValue", 200},
                          {"body", runner::unknown("status body", context)},
                          {"resolvedValue", runner::unknown("status", context)}};
    return runner::succeeded({{"webhook", std::move(webhook)}});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  /// What the first call brought wins over a preconfigured field of that name; where it brought nothing, the
  /// URL that was called is asked again.
  static std::string status_url_of(const model::Stage& stage, const json::object& fields) {
    const bool only_monitors = base::bool_or(fields, "monitorOnly", false);
    if (!only_monitors && asks_same_url(fields)) return base::string_or(fields, "url", "");
    const std::string brought = base::string_or(stage.context, "statusEndpoint", "");
    return !brought.empty() ? brought : base::string_or(fields, "statusEndpoint", "");
  }

  static json::array past_statuses(const json::object& webhook) {
    const auto* monitor = base::find_object(webhook, "monitor");
    const auto* past = monitor ? base::find_array(*monitor, "pastStatusCodes") : nullptr;
    return past ? *past : json::array{};
  }

  static runner::TaskResult look_again(const runner::TaskContext& context, json::object webhook,
                                       std::string why) {
    const auto running = context.now() - *context.task().start_time;
    const auto after = running < eager ? look_soon : look_later;
    return runner::again({.after = after, .waiting_for = std::move(why)}, {{"webhook", std::move(webhook)}});
  }

  static runner::TaskResult judge(const runner::TaskContext& context, const json::object& fields,
                                  json::object webhook, json::object monitor) {
    const json::value body = monitor.at("body");
    const WebhookStatus status = judge_status(fields, body);
    base::merge_into(monitor, status.found);
    const bool failed =
        status.what == WebhookStatus::What::failed || status.what == WebhookStatus::What::canceled;
    if (failed) monitor["error"] = status.text;
    webhook["monitor"] = std::move(monitor);
    if (status.what == WebhookStatus::What::running)
      return look_again(context, std::move(webhook), status.text);
    if (failed) {
      runner::TaskResult result = fail_with(context, std::move(webhook), status.text);
      if (status.what == WebhookStatus::What::canceled) result.status = Status::canceled;
      return result;
    }
    json::object result;
    take_artifacts(fields, body, result);
    result["webhook"] = std::move(webhook);
    return runner::succeeded(std::move(result));
  }
};

/// The child of a webhook stage that failed while it watched.
class CancelStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "cancelWebhook"; }
  engine::Plan plan(const engine::StageView&) const override {
    return engine::run_in_order({"cancelWebhook"});
  }
};

/// One call, as well as it can be done: the stage has failed whatever comes of it.
class CancelWebhook final : public WebhookTask {
 public:
  using WebhookTask::WebhookTask;

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const model::Stage* parent = context.execution().find_stage(context.stage().parent_id);
    if (parent == nullptr) co_return runner::succeeded();
    std::string failure;
    try {
      auto evaluating = evaluated_fields(options(), context, *parent);
      json::object fields = co_await std::move(evaluating);
      auto calling = call_off(std::move(fields), context.key("cancel"), context.now());
      co_await std::move(calling);
    } catch (const base::Error& error) {
      failure = error.what();
    }
    if (failure.empty()) co_return runner::succeeded();
    base::log::warn("execution {}: {}", context.execution().id, failure);
    co_return runner::succeeded({{"cleanUpFailure", failure}});
  }
};

}  // namespace

void add_webhook(runner::Catalogs& catalogs, net::HttpClient& client, WebhookOptions given) {
  const auto options = std::make_shared<const WebhookOptions>(std::move(given));
  catalogs.stages.add(std::make_unique<Webhook>("webhook", options));
  for (const PreconfiguredWebhook& webhook : options->preconfigured) {
    if (catalogs.stages.find(webhook.type) != nullptr) {
      throw base::Error(
          base::Kind::invalid,
          fmt::format("configuration: webhook.preconfigured: there is a stage type '{}' already",
                      webhook.type));
    }
    catalogs.stages.add(std::make_unique<Webhook>(webhook.type, options));
  }
  catalogs.stages.add(std::make_unique<CancelStage>());
  catalogs.tasks.add("createWebhook", std::make_unique<CreateWebhook>(client, options));
  catalogs.tasks.add("waitBeforeMonitorWebhook", std::make_unique<WaitBeforeMonitor>(client, options));
  catalogs.tasks.add("monitorWebhook", std::make_unique<MonitorWebhook>(client, options));
  catalogs.tasks.add("cancelWebhook", std::make_unique<CancelWebhook>(client, options));
}

}  // namespace gennaker::stages
