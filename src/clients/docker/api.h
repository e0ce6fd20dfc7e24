#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "clients/docker/engine.h"
#include "clients/docker/json_lines.h"
#include "net/client.h"

namespace gennaker::clients::docker {

namespace json = boost::json;

/// One call of the API.
struct ApiCall {
  std::string what;  ///< for messages: "start container 'web'"
  std::string method = "GET";
  std::string path;                       ///< without the version, with the query
  std::optional<json::object> body = {};  ///< as JSON
  net::BodySource upload = {};            ///< in place of it: a tar
  net::Headers headers = {};
  std::chrono::milliseconds timeout{60'000};  ///< of the whole call; of a stream the longest silence
};

struct ApiAnswer {
  int status = 0;
  std::string body;
};

/// The way to an engine: its address, the version, and errors as base::Error, whose messages begin with
/// engine and `what`.
class Api {
 public:
  Api(net::Client& http, const base::Clock& clock, EngineAddress address);

  Async<EngineVersion> version();

  /// A good answer (2xx) or one of the status `also`.
  Async<ApiAnswer> ask(ApiCall call, int also = 0);
  /// The same for what only reads, with three tries.
  Async<ApiAnswer> look(ApiCall call, int also = 0);
  /// A good answer that is read as it comes.
  Async<std::unique_ptr<net::AnswerStream>> open(ApiCall call);
  /// A good answer of JSON lines, to its end. A line that tells of an error ends it: `otherwise` is the
  /// error's kind where its words do not tell.
  Async<void> follow(ApiCall call, base::Kind otherwise, std::function<void(const json::object&)> on_line);

  /// "engine unix:///run/podman.sock: start container 'web'"
  std::string named(std::string_view what) const;

 private:
  net::ClientRequest request(ApiCall call, std::string_view prefix) const;
  Async<std::string> prefix();
  Async<EngineVersion> negotiate();
  Async<ApiAnswer> try_once(ApiCall call, int also);
  void note(const base::Error& error);

  net::Client& http_;
  const base::Clock& clock_;
  std::string shown_;  ///< the address
  std::string base_url_;
  std::string socket_;
  std::optional<net::TlsFiles> tls_;
  std::optional<EngineVersion> version_;
};

/// "?a=1&b=2", percent-encoded; empty values are left out.
std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);
/// A container's name or id, as a part of a path. Throws base::Error `invalid`.
std::string container_part(std::string_view name);
/// Of a good answer. Throws base::Error `invalid` for something else.
json::object object_in(const ApiAnswer& answer, const std::string& what);
std::vector<json::object> objects_in(const ApiAnswer& answer, const std::string& what);

}  // namespace gennaker::clients::docker
