#include "cli/gate.h"

#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::cli {
namespace {

using base::Error;
using base::Kind;

Kind kind_of(int status) {
  switch (status) {
    case 400:
    case 422:
      return Kind::invalid;
    case 401:
      return Kind::unauthenticated;
    case 403:
      return Kind::forbidden;
    case 404:
      return Kind::not_found;
    case 409:
      return Kind::conflict;
    case 502:
    case 503:
    case 504:
      return Kind::unavailable;
    default:
      return Kind::internal;
  }
}

/// The server's `message`, and what a validation adds to it; without one, the status.
std::string message_of(const net::ClientRequest& request, const net::ClientResponse& response) {
  std::string message;
  try {
    const auto object = base::parse_json_object(response.body, "the answer");
    message = base::string_or(object, "message", "");
    if (const auto* errors = base::find_array(object, "errors")) {
      for (const auto& error : *errors) {
        const auto text =
            error.is_object() ? base::string_or(error.as_object(), "message", "") : base::plain_text(error);
        if (!text.empty() && message.find(text) == std::string::npos) message += "\n  " + text;
      }
    }
  } catch (const Error&) {
    // Not ours: a proxy's page, or another server.
  }
  if (!message.empty()) return message;
  return fmt::format("{} {} was answered with {} {}", request.method, net::shown_url(request.url),
                     response.status, net::reason_phrase(response.status));
}

}  // namespace

Gate::Gate(net::Client& client, std::string endpoint) : client_(client), endpoint_(std::move(endpoint)) {
  while (endpoint_.ends_with('/')) endpoint_.pop_back();
}

std::string Gate::url(std::string_view path) const {
  return endpoint_ + std::string(path);
}

std::string Gate::shown_url(std::string_view path) const {
  return net::shown_url(endpoint_) + std::string(path);
}

net::ClientRequest Gate::request_for(std::string method, std::string_view path) const {
  net::ClientRequest request{
      .method = std::move(method), .url = url(path), .timeout = std::chrono::seconds(60)};
  request.headers["User-Agent"] = "gennaker";
  request.answer_limit_bytes = 256 * 1024 * 1024;
  return request;
}

Async<net::ClientResponse> Gate::answer_to(net::ClientRequest request) {
  const auto sent = request;
  net::ClientResponse response = co_await client_.send(std::move(request));
  if (response.status >= 300) {
    throw Error(kind_of(response.status), message_of(sent, response), {{"status", response.status}});
  }
  co_return response;
}

Async<json::value> Gate::call(std::string method, std::string path, json::value body) {
  net::ClientRequest request = request_for(std::move(method), path);
  request.headers["Accept"] = "application/json";
  if (!body.is_null()) {
    request.headers["Content-Type"] = "application/json";
    request.body = base::to_text(body);
  }
  const std::string what = fmt::format("the answer to {} {}", request.method, net::shown_url(request.url));
  net::ClientResponse response = co_await answer_to(std::move(request));
  if (response.body.empty()) co_return nullptr;
  co_return base::parse_json(response.body, what, {.bytes = 256 * 1024 * 1024, .depth = 500});
}

Async<std::string> Gate::get_text(std::string path) {
  net::ClientRequest request = request_for("GET", path);
  net::ClientResponse response = co_await answer_to(std::move(request));
  co_return std::move(response.body);
}

Async<std::unique_ptr<net::AnswerStream>> Gate::follow(std::string path, std::string last_id) {
  net::ClientRequest request = request_for("GET", path);
  request.headers["Accept"] = "text/event-stream";
  if (!last_id.empty()) request.headers["Last-Event-ID"] = last_id;
  const auto sent = request;
  std::unique_ptr<net::AnswerStream> stream = co_await client_.open(std::move(request));
  if (stream->head().status < 300) co_return stream;
  net::ClientResponse refusal = stream->head();
  for (;;) {
    const std::string more = co_await stream->read();
    if (more.empty()) break;
    refusal.body += more;
  }
  throw Error(kind_of(refusal.status), message_of(sent, refusal), {{"status", refusal.status}});
}

Async<json::value> Gate::call(std::string method, std::string path) {
  return call(std::move(method), std::move(path), json::value());
}

Async<json::value> Gate::get(std::string path) {
  return call("GET", std::move(path));
}

Async<json::object> Gate::get_object(std::string path) {
  const auto shown = shown_url(path);
  json::value answer = co_await get(std::move(path));
  if (!answer.is_object()) {
    throw Error(Kind::internal,
                fmt::format("{} should answer with an object: is it Gennaker's address?", shown));
  }
  co_return std::move(answer.as_object());
}

Async<json::array> Gate::get_array(std::string path) {
  const auto shown = shown_url(path);
  json::value answer = co_await get(std::move(path));
  if (!answer.is_array()) {
    throw Error(Kind::internal,
                fmt::format("{} should answer with a list: is it Gennaker's address?", shown));
  }
  co_return std::move(answer.as_array());
}

std::string path(std::initializer_list<std::string_view> parts) {
  std::string text;
  bool name = false;
  for (const auto part : parts) {
    text += name ? net::percent_encode(part) : std::string(part);
    name = !name;
  }
  return text;
}

bool is_unreachable(const base::Error& error) {
  const bool silent = error.kind() == Kind::unavailable || error.kind() == Kind::timeout;
  return silent && !error.details().contains("status");
}

}  // namespace gennaker::cli
