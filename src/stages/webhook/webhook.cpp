#include "stages/webhook/webhook.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_path.h"

namespace gennaker::stages {

namespace json = boost::json;
using base::Async;
using model::Status;

namespace {

/// Headers that say who acts: a webhook must not be able to speak for somebody.
constexpr std::array<std::string_view, 5> denied_headers = {
    "X-SPINNAKER-USER", "X-SPINNAKER-ACCOUNT", "X-SPINNAKER-USER-ORIGIN", "X-SPINNAKER-REQUEST-ID",
    "X-SPINNAKER-EXECUTION-ID"};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// A list of status codes that a field holds as numbers or texts.
bool lists_code(const json::object& context, std::string_view field, int code) {
  const std::vector<std::string> codes = base::string_list(context, field);
  return std::find(codes.begin(), codes.end(), std::to_string(code)) != codes.end();
}

/// A list of words with commas, compared without regard to case.
bool lists_word(const json::object& context, std::string_view field, const std::string& word) {
  const std::vector<std::string> words = base::string_list(context, field);
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& other) { return upper(other) == upper(word); });
}

const json::value* at_json_path(const json::value& document, std::string_view path) {
  const auto found = base::follow_path(document, path);
  return found.values.size() == 1 ? found.values.front() : nullptr;
}

bool passing(int status) {
  return status == 429 || status >= 500;
}

bool web_address(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

class Webhook final : public engine::Stage {
 public:
  std::string_view type() const override { return "webhook"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const bool waits = base::bool_or(stage.context(), "waitForCompletion", false);
    const bool only_monitors = base::bool_or(stage.context(), "monitorOnly", false);
    if (only_monitors && !waits) return engine::refuse("monitorOnly", "needs waitForCompletion");
    if (!only_monitors) {
      const std::string url = stage.text("url");
      if (!web_address(url))
        return engine::refuse("url", fmt::format("'{}' must begin with http:// or https://", url));
    }
    const auto* headers = stage.context().if_contains("customHeaders");
    if (headers != nullptr && !headers->is_null()) {
      if (!headers->is_object()) return engine::refuse("customHeaders", "an object is needed");
      for (const auto& header : headers->get_object()) {
        const std::string name = upper(std::string(header.key()));
        if (std::find(denied_headers.begin(), denied_headers.end(), name) != denied_headers.end()) {
          return engine::refuse("customHeaders", fmt::format("{} may not be set", std::string(header.key())));
        }
      }
    }
    engine::Plan plan;
    if (!only_monitors) plan.tasks.push_back({"createWebhook", "createWebhook"});
    if (waits && base::whole_number(stage.context(), "waitBeforeMonitor").value_or(0) > 0) {
      plan.tasks.push_back({"waitBeforeMonitorWebhook", "waitBeforeMonitorWebhook"});
    }
    if (waits) plan.tasks.push_back({"monitorWebhook", "monitorWebhook"});
    return plan;
  }

  void prepare_restart(model::Stage& stage) const override {
    stage.context.erase("webhook");
    if (!base::bool_or(stage.context, "monitorOnly", false)) stage.context.erase("statusEndpoint");
  }
};

net::Headers headers_of(const json::object& context) {
  net::Headers headers;
  if (const auto* custom = base::find_object(context, "customHeaders")) {
    for (const auto& header : *custom) {
      const auto* list = header.value().if_array();
      std::string value =
          list && !list->empty() ? base::plain_text(list->front()) : base::plain_text(header.value());
      headers[std::string(header.key())] = std::move(value);
    }
  }
  return headers;
}

net::ClientRequest request_of(const json::object& context, std::string method, std::string url,
                              const json::value* payload) {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = headers_of(context);
  if (payload != nullptr && !payload->is_null() && request.method != "GET" && request.method != "HEAD") {
    request.body = base::plain_text(*payload);
    if (!request.headers.contains("Content-Type")) request.headers["Content-Type"] = "application/json";
  }
  return request;
}

json::value body_of(const net::ClientResponse& response) {
  try {
    return base::parse_json(response.body, "the answer");
  } catch (const base::Error&) {
    return json::value(response.body);
  }
}

json::object told(const net::ClientResponse& response) {
  json::object headers;
  for (const auto& [name, value] : response.headers) headers[name] = value;
  return {{"statusCode", response.status},
          {"statusCodeValue", response.status},
          {"headers", std::move(headers)},
          {"body", body_of(response)}};
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

class CreateWebhook final : public runner::Task {
 public:
  explicit CreateWebhook(net::Client& client) : client_(client) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& fields = context.stage().context;
    const std::string url = context.text("url");
    net::ClientRequest request =
        request_of(fields, upper(context.text("method", "POST")), url, fields.if_contains("payload"));
    // A crash between the call and its record repeats the call; a receiver can tell by this.
    if (!request.headers.contains("Idempotency-Key"))
      request.headers["Idempotency-Key"] = context.key("webhook");
    auto sending = client_.send(std::move(request));
    const net::ClientResponse response = co_await std::move(sending);
    json::object webhook = told(response);
    if (response.status >= 400) co_return refused(context, response.status, std::move(webhook));
    json::object result;
    if (base::bool_or(fields, "waitForCompletion", false)) {
      const auto status_url = status_url_of(context, url, response, webhook.at("body"));
      if (!status_url) {
        co_return fail_with(context, std::move(webhook),
                            "statusUrlJsonPath: the answer holds no status URL there");
      }
      webhook["statusEndpoint"] = *status_url;
      result["statusEndpoint"] = *status_url;
    }
    result["webhook"] = std::move(webhook);
    co_return runner::succeeded(std::move(result));
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(5);
  }

 private:
  static runner::TaskResult refused(const runner::TaskContext& context, int status, json::object webhook) {
    const json::object& fields = context.stage().context;
    const bool fail_fast = fields.contains("failFastStatusCodes")
                               ? lists_code(fields, "failFastStatusCodes", status)
                               : status == 504;
    const bool retry =
        !fail_fast && (passing(status) || lists_code(fields, "webhookRetryStatusCodes", status));
    if (!retry) {
      return fail_with(context, std::move(webhook),
                       fmt::format("{} answered with status {}", context.text("url"), status));
    }
    return runner::again(
        {.after = std::chrono::seconds(10),
         .waiting_for = fmt::format("another try: {} answered with status {}", context.text("url"), status)},
        {{"webhook", std::move(webhook)}});
  }

  static std::optional<std::string> status_url_of(const runner::TaskContext& context, const std::string& url,
                                                  const net::ClientResponse& response,
                                                  const json::value& body) {
    const std::string resolution = context.text("statusUrlResolution", "getMethod");
    if (resolution == "getMethod") return url;
    std::string found;
    if (resolution == "locationHeader") {
      const auto location = response.headers.find("Location");
      if (location != response.headers.end()) found = location->second;
    } else {
      const json::value* value = at_json_path(body, context.text("statusUrlJsonPath"));
      if (value != nullptr) found = base::plain_text(*value);
    }
    if (found.starts_with('/')) {  // relative to the host that answered
      const auto path = url.find('/', url.find("://") + 3);
      found = url.substr(0, path) + found;
    }
    if (!web_address(found)) return std::nullopt;
    return found;
  }

  net::Client& client_;
};

class WaitBeforeMonitor final : public runner::Task {
 public:
  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const auto seconds = base::whole_number(context.stage().context, "waitBeforeMonitor").value_or(0);
    const auto left = *context.task().start_time + std::chrono::seconds(seconds) - context.now();
    if (left <= std::chrono::milliseconds(0)) co_return runner::succeeded();
    co_return runner::again({.after = left, .waiting_for = "the first look at the status"});
  }
};

class MonitorWebhook final : public runner::Task {
 public:
  explicit MonitorWebhook(net::Client& client) : client_(client) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    net::ClientRequest request =
        request_of(context.stage().context, "GET", context.required_text("statusEndpoint"), nullptr);
    const std::string url = request.url;
    auto sending = client_.send(std::move(request));
    const net::ClientResponse response = co_await std::move(sending);
    json::object webhook = webhook_so_far(context);
    json::object monitor = told(response);
    if (response.status >= 400) {
      const bool retry = passing(response.status) ||
                         lists_code(context.stage().context, "retryStatusCodes", response.status);
      webhook["monitor"] = std::move(monitor);
      const std::string what = fmt::format("{} answered with status {}", url, response.status);
      if (!retry) co_return fail_with(context, std::move(webhook), what);
      co_return look_again(context, std::move(webhook), "another try: " + what);
    }
    co_return judge(context, std::move(webhook), std::move(monitor));
  }

  Async<runner::TaskResult> cancel(runner::TaskContext context) override {
    const json::object& fields = context.stage().context;
    const std::string url = base::string_or(fields, "cancelEndpoint", "");
    if (web_address(url)) {
      net::ClientRequest request = request_of(fields, upper(base::string_or(fields, "cancelMethod", "POST")),
                                              url, fields.if_contains("cancelPayload"));
      auto sending = client_.send(std::move(request));
      co_await std::move(sending);
    }
    co_return runner::TaskResult{};
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  static runner::TaskResult look_again(const runner::TaskContext& context, json::object webhook,
                                       std::string why) {
    const auto running = context.now() - *context.task().start_time;
    const auto after = running < std::chrono::minutes(1) ? std::chrono::seconds(1) : std::chrono::seconds(15);
    return runner::again({.after = after, .waiting_for = std::move(why)}, {{"webhook", std::move(webhook)}});
  }

  /// What the status in the answer means, by the stage's lists of words, or as a percentage.
  static runner::TaskResult judge(const runner::TaskContext& context, json::object webhook,
                                  json::object monitor) {
    const json::object& fields = context.stage().context;
    const std::string path = context.text("statusJsonPath");
    if (path.empty()) {
      webhook["monitor"] = std::move(monitor);
      return runner::succeeded({{"webhook", std::move(webhook)}});
    }
    const json::value* found = at_json_path(monitor.at("body"), path);
    if (found == nullptr || found->is_object() || found->is_array()) {
      const std::string why =
          found == nullptr
              ? fmt::format("Unable to parse status: JSON property '{}' not found in response body", path)
              : fmt::format("The json path '{}' did not resolve to a single value", path);
      webhook["monitor"] = std::move(monitor);
      return fail_with(context, std::move(webhook), why);
    }
    const json::value status = *found;
    monitor["resolvedValue"] = status;
    if (const std::string progress = context.text("progressJsonPath"); !progress.empty()) {
      if (const json::value* text = at_json_path(monitor.at("body"), progress)) {
        monitor["progressMessage"] = base::plain_text(*text);
      }
    }
    const std::string word = base::plain_text(status);
    if (status.is_number()) {
      const double percent = status.to_number<double>();
      monitor["percentComplete"] = percent;
      webhook["monitor"] = std::move(monitor);
      if (percent >= 100) return runner::succeeded({{"webhook", std::move(webhook)}});
      return look_again(context, std::move(webhook), fmt::format("completion: {} %", word));
    }
    webhook["monitor"] = std::move(monitor);
    if (lists_word(fields, "successStatuses", word))
      return runner::succeeded({{"webhook", std::move(webhook)}});
    if (lists_word(fields, "terminalStatuses", word)) {
      return fail_with(context, std::move(webhook), fmt::format("the status is '{}'", word));
    }
    if (lists_word(fields, "canceledStatuses", word)) {
      runner::TaskResult result =
          fail_with(context, std::move(webhook), fmt::format("the status is '{}'", word));
      result.status = Status::canceled;
      return result;
    }
    return look_again(context, std::move(webhook), fmt::format("completion: status is '{}'", word));
  }

  net::Client& client_;
};

}  // namespace

void add_webhook(runner::Catalogs& catalogs, net::Client& client) {
  catalogs.stages.add(std::make_unique<Webhook>());
  catalogs.tasks.add("createWebhook", std::make_unique<CreateWebhook>(client));
  catalogs.tasks.add("waitBeforeMonitorWebhook", std::make_unique<WaitBeforeMonitor>());
  catalogs.tasks.add("monitorWebhook", std::make_unique<MonitorWebhook>(client));
}

}  // namespace gennaker::stages
