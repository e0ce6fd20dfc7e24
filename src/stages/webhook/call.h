#pragma once

#include <optional>
#include <string>

#include "engine/stage.h"
#include "runner/task.h"
#include "stages/webhook/options.h"

/// The calls of a webhook stage: what its fields are, and how a request is made of them.
namespace gennaker::stages {

using base::Async;

/// The stage's fields with those of its preconfigured type over them, expressions in these as they are
/// written.
json::object webhook_fields(const WebhookOptions& options, const model::Stage& stage);
/// The same with these expressions evaluated. They see `parameterValues`. Never to be put into a context: the
/// configuration's headers may be secrets.
/// `options` must outlive the call.
Async<json::object> evaluated_fields(const WebhookOptions& options, runner::TaskContext context,
                                     model::Stage stage);

/// What is wrong with the fields that make a request, if anything.
std::optional<engine::Refusal> request_problem(const WebhookOptions& options, const json::object& fields);

struct WebhookParts {
  net::HttpClient& client;
  const WebhookOptions& options;
};

struct WebhookCall {
  std::string method, url;
  json::value payload = {};          ///< null: none
  std::string idempotency_key = {};  ///< empty: none is sent
};

/// Sends a call with the headers, and the signature, that `fields` want. Throws as net::send_within, and
/// `invalid` when the server's configuration allows no such request.
Async<net::ClientResponse> send_webhook(WebhookParts parts, json::object fields, WebhookCall call,
                                        base::TimePoint now);

/// Whether a call whose answer was lost may be made once more.
bool safe_to_retry(const WebhookOptions& options, const WebhookCall& call);

/// statusCode, statusCodeValue, headers and body of an answer, as the context shows them.
json::object told(const net::ClientResponse& response);
/// In capitals.
std::string method_of(const json::object& fields, std::string_view field);
/// null for a field that is absent.
json::value payload_of(const json::object& fields, std::string_view field);

}  // namespace gennaker::stages
