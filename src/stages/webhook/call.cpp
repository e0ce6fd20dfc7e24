#include "stages/webhook/call.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <re2/re2.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "expressions/expressions.h"

namespace gennaker::stages {
namespace {

/// Headers that say who acts: a webhook must not be able to speak for somebody.
constexpr std::array<std::string_view, 5> denied_headers = {
    "x-spinnaker-user", "x-spinnaker-account", "x-spinnaker-user-origin", "x-spinnaker-request-id",
    "x-spinnaker-execution-id"};

constexpr std::array<std::string_view, 6> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// The values that a preconfigured webhook's expressions see: given ones, else the defaults.
json::object parameter_values(const PreconfiguredWebhook& webhook, const json::object& context) {
  json::object values;
  for (const json::value& parameter : webhook.parameters) {
    const auto* fallback = parameter.as_object().if_contains("defaultValue");
    values[base::string_or(parameter.as_object(), "name", "")] = fallback ? *fallback : json::value(nullptr);
  }
  if (const auto* given = base::find_object(context, "parameterValues")) base::merge_into(values, *given);
  return values;
}

std::optional<engine::Refusal> header_problem(const json::object& fields) {
  const auto* headers = fields.if_contains("customHeaders");
  if (headers == nullptr || headers->is_null()) return std::nullopt;
  if (!headers->is_object()) return engine::Refusal{"customHeaders", "an object is needed"};
  for (const auto& header : headers->get_object()) {
    const std::string name = base::lower_case(header.key());
    if (std::find(denied_headers.begin(), denied_headers.end(), name) != denied_headers.end()) {
      return engine::Refusal{"customHeaders", fmt::format("{} may not be set", std::string(header.key()))};
    }
  }
  return std::nullopt;
}

std::optional<engine::Refusal> signature_problem(const WebhookOptions& options, const json::object& fields) {
  const auto* given = fields.if_contains("signature");
  if (given == nullptr || given->is_null()) return std::nullopt;
  const auto* signature = given->if_object();
  if (signature == nullptr) return engine::Refusal{"signature", "{\"secret\": ...} is needed"};
  const std::string name = base::string_or(*signature, "secret", "");
  if (!options.secrets.contains(name)) {
    return engine::Refusal{
        "signature.secret",
        fmt::format("'{}' is not among webhook.secrets of the server's configuration", name)};
  }
  const std::string algorithm = base::string_or(*signature, "algorithm", "sha256");
  if (base::hmac(algorithm, "key", "")) return std::nullopt;
  return engine::Refusal{"signature.algorithm",
                         fmt::format("'{}' is none of sha256, sha512, sha1", algorithm)};
}

std::string header_value(const json::value& value) {
  const auto* list = value.if_array();
  if (list == nullptr) return base::plain_text(value);
  std::string joined;
  for (const json::value& one : *list) joined += (joined.empty() ? "" : ", ") + base::plain_text(one);
  return joined;
}

/// The timestamp is signed along, so that an old call cannot be sent again later.
void sign(const WebhookOptions& options, const json::object& signature, base::TimePoint now,
          net::ClientRequest& request) {
  const std::string algorithm = base::string_or(signature, "algorithm", "sha256");
  const auto secret = options.secrets.find(base::string_or(signature, "secret", ""));
  if (secret == options.secrets.end()) {  // evaluated to another name than when it was planned
    throw base::Error(base::Kind::invalid, "signature.secret: is not among webhook.secrets",
                      {{"field", "signature"}});
  }
  std::string bytes = request.body;
  if (base::bool_or(signature, "timestamp", true)) {
    const std::string seconds = std::to_string(base::to_millis(now) / 1000);
    request.headers["X-Gennaker-Timestamp"] = seconds;
    bytes = seconds + "." + bytes;
  }
  const auto mac = base::hmac(algorithm, secret->second, bytes);
  if (!mac)
    throw base::Error(base::Kind::invalid, "signature.algorithm: is unknown", {{"field", "signature"}});
  const std::string header = base::string_or(signature, "header", "X-Gennaker-Signature");
  request.headers[header] = fmt::format("{}={}", algorithm, base::to_hex(*mac));
}

bool lets_through(const AllowedRequest& allowed, const std::string& method, const std::string& url) {
  const bool any_method = allowed.methods.empty();
  if (!any_method &&
      std::find(allowed.methods.begin(), allowed.methods.end(), method) == allowed.methods.end()) {
    return false;
  }
  if (allowed.match == AllowedRequest::Match::starts_with) return url.starts_with(allowed.url);
  return RE2::FullMatch(url, RE2(allowed.url, RE2::Quiet));
}

const AllowedRequest* allowed_by(const WebhookOptions& options, const std::string& method,
                                 const std::string& url) {
  const auto found =
      std::find_if(options.allowed.begin(), options.allowed.end(),
                   [&](const AllowedRequest& allowed) { return lets_through(allowed, method, url); });
  return found == options.allowed.end() ? nullptr : &*found;
}

json::value body_of(const net::ClientResponse& response) {
  try {
    return base::parse_json(response.body, "the answer");
  } catch (const base::Error&) {
    return json::value(response.body);
  }
}

/// "NOT_FOUND", as Spinnaker's users compare it.
std::string status_word(int status) {
  std::string word(net::reason_phrase(status));
  std::replace(word.begin(), word.end(), ' ', '_');
  return word == "Unknown" ? std::to_string(status) : upper(word);
}

}  // namespace

json::object webhook_fields(const WebhookOptions& options, const model::Stage& stage) {
  json::object fields = stage.context;
  if (const auto* webhook = options.find(stage.type)) base::merge_into(fields, webhook->fields);
  return fields;
}

Async<json::object> evaluated_fields(const WebhookOptions& options, runner::TaskContext context,
                                     model::Stage stage) {
  const auto* webhook = options.find(stage.type);
  if (webhook == nullptr) co_return stage.context;
  model::Stage seen = stage;
  seen.context["parameterValues"] = parameter_values(*webhook, stage.context);
  expressions::Evaluation evaluation;
  auto evaluate = [&](const expressions::Options& given) {
    const auto root = expressions::of_stage(context.execution(), seen);
    evaluation = expressions::evaluate(webhook->fields, root, given);
    return evaluation.open;
  };
  expressions::Options at;
  at.now = context.now();
  auto evaluating = runner::evaluate_answered(context.answerer(), at, evaluate);
  co_await std::move(evaluating);
  json::object fields = stage.context;
  base::merge_into(fields, evaluation.document);
  co_return fields;
}

std::optional<engine::Refusal> request_problem(const WebhookOptions& options, const json::object& fields) {
  const std::string method = method_of(fields, "method");
  if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
    return engine::Refusal{"method", fmt::format("'{}' is none of {}", method, fmt::join(methods, ", "))};
  }
  if (options.account_required && base::string_or(fields, "account", "").empty()) {
    return engine::Refusal{"account", "the server's configuration asks for one"};
  }
  if (auto problem = header_problem(fields)) return problem;
  return signature_problem(options, fields);
}

Async<net::ClientResponse> send_webhook(WebhookParts parts, json::object fields, WebhookCall call,
                                        base::TimePoint now) {
  net::ClientRequest request;
  request.method = call.method;
  request.url = call.url;
  if (const auto* custom = base::find_object(fields, "customHeaders")) {
    for (const auto& header : *custom)
      request.headers[std::string(header.key())] = header_value(header.value());
  }
  if (!call.idempotency_key.empty() && !request.headers.contains("Idempotency-Key")) {
    request.headers["Idempotency-Key"] = call.idempotency_key;
  }
  if (!call.payload.is_null() && call.method != "GET" && call.method != "HEAD") {
    request.body = base::plain_text(call.payload);
    if (!request.headers.contains("Content-Type")) request.headers["Content-Type"] = "application/json";
  }
  if (!parts.options.allowed.empty() && allowed_by(parts.options, call.method, call.url) == nullptr) {
    throw base::Error(
        base::Kind::invalid,
        fmt::format("http method '{}', uri: '{}' not allowed", call.method, net::shown_url(call.url)),
        {{"field", "url"}});
  }
  if (const auto* signature = base::find_object(fields, "signature"))
    sign(parts.options, *signature, now, request);
  auto sending = net::send_within(parts.client, parts.options.fence, std::move(request));
  co_return co_await std::move(sending);
}

bool safe_to_retry(const WebhookOptions& options, const WebhookCall& call) {
  if (call.method == "GET" || call.method == "HEAD") return true;
  const auto* allowed = allowed_by(options, call.method, call.url);
  return allowed != nullptr && allowed->safe_to_retry;
}

json::object told(const net::ClientResponse& response) {
  json::object headers;
  for (const auto& [name, value] : response.headers) {
    // A cookie is a key to the other side, and nobody here needs it.
    if (base::lower_case(name) != "set-cookie") headers[name] = value;
  }
  return {{"statusCode", status_word(response.status)},
          {"statusCodeValue", response.status},
          {"headers", std::move(headers)},
          {"body", body_of(response)}};
}

std::string method_of(const json::object& fields, std::string_view field) {
  const std::string method = base::string_or(fields, field, "");
  return method.empty() ? "POST" : upper(method);
}

json::value payload_of(const json::object& fields, std::string_view field) {
  const auto* payload = fields.if_contains(field);
  return payload == nullptr ? json::value() : *payload;
}

}  // namespace gennaker::stages
