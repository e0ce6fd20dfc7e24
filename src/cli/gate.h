#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/client.h"

namespace gennaker::cli {

namespace json = boost::json;
using net::Async;

/// The server's API, with its refusals as base::Error whose message is the server's.
class Gate {
 public:
  /// `endpoint`: "http://127.0.0.1:8084", with or without a slash at the end.
  Gate(net::Client& client, std::string endpoint);

  /// The JSON of a good answer; null when it has no body. Throws base::Error: `not_found` for 404 and so on
  /// (with `status` in its details), `unavailable` or `timeout` without `status` when nothing answered.
  Async<json::value> call(std::string method, std::string path, json::value body);
  Async<json::value> call(std::string method, std::string path);
  Async<json::value> get(std::string path);
  Async<json::object> get_object(std::string path);
  Async<json::array> get_array(std::string path);
  /// What is no JSON, as it is.
  Async<std::string> get_text(std::string path);
  /// Server-sent events behind `last_id` (empty: from the first), as they come. Throws as call().
  Async<std::unique_ptr<net::AnswerStream>> follow(std::string path, std::string last_id);

  net::Client& client() { return client_; }
  std::string url(std::string_view path) const;
  /// The same for people and logs: without the credentials that the endpoint may hold.
  std::string shown_url(std::string_view path) const;

 private:
  Async<net::ClientResponse> answer_to(net::ClientRequest request);
  net::ClientRequest request_for(std::string method, std::string_view path) const;

  net::Client& client_;
  std::string endpoint_;
};

/// "/applications/" + encoded name + ...: every second part is a name that is percent-encoded.
std::string path(std::initializer_list<std::string_view> parts);

/// Whether nothing answered, as against an answer that says no.
bool is_unreachable(const base::Error& error);

}  // namespace gennaker::cli
