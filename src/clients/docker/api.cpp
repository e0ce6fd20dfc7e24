#include "clients/docker/api.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/timer.h"
#include "clients/docker/container_json.h"
#include "clients/docker/refusal.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

/// Major and minor number: 1.9 is older than 1.10.
using ApiVersion = std::pair<int, int>;
constexpr ApiVersion oldest{1, 40}, newest{1, 47};

constexpr base::JsonLimits answer_limits{.bytes = 32 * 1024 * 1024, .depth = 100};
constexpr std::size_t refusal_limit_bytes = 64 * 1024;
constexpr int most_tries = 3;

std::string to_text(ApiVersion version) {
  return fmt::format("{}.{}", version.first, version.second);
}

std::optional<ApiVersion> parse_version(std::string_view text) {
  ApiVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.second);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

/// The newest that both know.
ApiVersion agreed(const json::object& answer) {
  const auto theirs = parse_version(needed_text(answer, "ApiVersion"));
  const auto least = parse_version(base::string_or(answer, "MinAPIVersion", "1.0"));
  if (!theirs || !least) throw Error(Kind::invalid, "its version of the API cannot be understood");
  const ApiVersion version = std::min(*theirs, newest);
  if (version >= oldest && version >= *least) return version;
  throw Error(Kind::invalid,
              fmt::format("it speaks the API from {} to {}; {} to {} would do", to_text(*least),
                          to_text(*theirs), to_text(oldest), to_text(newest)));
}

/// Podman names itself as a component; Docker as the platform, but not where a distribution has built it.
std::string product(const json::object& answer) {
  std::set<std::string> names;
  if (const auto* components = base::find_array(answer, "Components")) {
    for (const auto& component : *components) {
      if (component.is_object()) names.insert(base::string_or(component.as_object(), "Name", ""));
    }
  }
  if (names.contains("Podman Engine")) return "Podman Engine";
  const std::string platform = base::string_or(object_or_empty(answer, "Platform"), "Name", "");
  return platform.empty() && names.contains("Engine") ? "Docker Engine" : platform;
}

bool has_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  return colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
}

std::string tcp_url(std::string_view authority, bool tls) {
  const std::string_view port = has_port(authority) ? "" : tls ? ":2376" : ":2375";
  return fmt::format("{}://{}{}", tls ? "https" : "http", authority, port);
}

Error without_words(std::string_view what) {
  return {Kind::invalid, fmt::format("{}: the engine reports an error, but not which", what)};
}

/// Throws when a line of a stream tells of an error.
void check_line(const json::object& line, const std::string& what, Kind otherwise) {
  const std::string detail = base::string_or(object_or_empty(line, "errorDetail"), "message", "");
  const std::string message = detail.empty() ? base::string_or(line, "error", "") : detail;
  if (!message.empty()) throw broken_off(what, message, otherwise);
  if (line.contains("error") || line.contains("errorDetail")) throw without_words(what);
}

Async<std::string> rest_of(net::AnswerStream& answer) {
  std::string body;
  while (body.size() < refusal_limit_bytes) {
    const std::string bytes = co_await answer.read();
    if (bytes.empty()) break;
    body += bytes;
  }
  co_return body;
}

bool good(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

Api::Api(net::Client& http, const base::Clock& clock, EngineAddress address)
    : http_(http), clock_(clock), shown_(net::shown_url(address.host)), tls_(std::move(address.tls)) {
  const std::string_view host = address.host;
  const auto scheme = host.substr(0, std::min(host.find("://"), host.size()));
  std::string_view rest = host.size() > scheme.size() ? host.substr(scheme.size() + 3) : "";
  if (scheme == "unix" && rest.starts_with('/')) {
    socket_ = rest;
    base_url_ = "http://localhost";
    return;
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool known = scheme == "tcp" || scheme == "http" || scheme == "https";
  if (!known || rest.empty() || rest.find('/') != std::string_view::npos) {
    throw Error(Kind::invalid,
                fmt::format("'{}' is not where an engine can be: unix:///run/podman/podman.sock or "
                            "tcp://host:2376 could be",
                            shown_));
  }
  base_url_ = tcp_url(rest, scheme == "https" || tls_.has_value());
}

std::string Api::named(std::string_view what) const {
  return fmt::format("engine {}: {}", shown_, what);
}

net::ClientRequest Api::request(ApiCall call, std::string_view prefix) const {
  net::ClientRequest request{.method = std::move(call.method),
                             .url = fmt::format("{}{}{}", base_url_, prefix, call.path),
                             .headers = std::move(call.headers),
                             .connect_timeout = std::chrono::milliseconds(10'000),
                             .timeout = call.timeout,
                             .follow_redirects = false,
                             .answer_limit_bytes = answer_limits.bytes,
                             .unix_socket = socket_,
                             .body_source = std::move(call.upload)};
  if (tls_) request.tls = *tls_;
  if (request.body_source) request.headers.emplace("Content-Type", "application/x-tar");
  if (call.body) {
    request.headers.emplace("Content-Type", "application/json");
    request.body = base::to_text(*call.body);
  }
  return request;
}

/// Another engine may listen there when it is back.
void Api::note(const Error& error) {
  if (error.worth_retrying()) version_.reset();
}

Async<EngineVersion> Api::negotiate() {
  ApiCall call{.what = "ask for its version", .path = "/version"};
  auto asked = request(std::move(call), "");
  const auto answer = co_await http_.send(std::move(asked));
  if (answer.status >= 500) throw refusal("ask for its version", answer.status, answer.body);
  json::object told;
  if (good(answer.status)) told = base::parse_json_object(answer.body, "its version", answer_limits);
  if (!told.contains("ApiVersion")) {
    throw Error(Kind::invalid,
                fmt::format("something listens there that does not speak the Docker Engine API: "
                            "GET /version was answered with status {}",
                            answer.status));
  }
  co_return EngineVersion{.name = product(told),
                          .version = base::string_or(told, "Version", ""),
                          .api = to_text(agreed(told)),
                          .os = base::string_or(told, "Os", ""),
                          .architecture = base::string_or(told, "Arch", "")};
}

Async<EngineVersion> Api::version() {
  try {
    auto negotiated = co_await negotiate();
    version_ = negotiated;
    co_return negotiated;
  } catch (const Error& error) {
    note(error);
    throw with_context(fmt::format("engine {}", shown_), error);
  }
}

Async<std::string> Api::prefix() {
  if (version_) co_return "/v" + version_->api;
  const auto told = co_await version();
  co_return "/v" + told.api;
}

Async<ApiAnswer> Api::try_once(ApiCall call, int also) {
  const std::string what = named(call.what);
  const std::string before = co_await prefix();
  auto asked = request(std::move(call), before);
  net::ClientResponse answer;
  try {
    answer = co_await http_.send(std::move(asked));
  } catch (const Error& error) {
    note(error);
    throw with_context(what, error);
  }
  if (!good(answer.status) && answer.status != also) throw refusal(what, answer.status, answer.body);
  co_return ApiAnswer{.status = answer.status, .body = std::move(answer.body)};
}

Async<ApiAnswer> Api::ask(ApiCall call, int also) {
  return try_once(std::move(call), also);
}

Async<ApiAnswer> Api::look(ApiCall call, int also) {
  std::chrono::milliseconds pause(200);
  for (int tried = 1;; ++tried) {
    try {
      auto trying = try_once(call, also);
      co_return co_await std::move(trying);
    } catch (const Error& error) {
      if (error.kind() != Kind::unavailable || tried == most_tries) throw;
    }
    auto waiting = base::sleep_for(clock_, pause);
    co_await std::move(waiting);
    pause *= 2;
  }
}

Async<std::unique_ptr<net::AnswerStream>> Api::open(ApiCall call) {
  const std::string what = named(call.what);
  const std::string before = co_await prefix();
  auto asked = request(std::move(call), before);
  std::unique_ptr<net::AnswerStream> answer;
  std::string why;
  try {
    answer = co_await http_.open(std::move(asked));
    if (!good(answer->head().status)) why = co_await rest_of(*answer);
  } catch (const Error& error) {
    note(error);
    throw with_context(what, error);
  }
  if (!good(answer->head().status)) throw refusal(what, answer->head().status, why);
  co_return answer;
}

Async<void> Api::follow(ApiCall call, Kind otherwise, std::function<void(const json::object&)> on_line) {
  const std::string what = named(call.what);
  auto answer = co_await open(std::move(call));
  JsonLines lines(what);
  bool more = true;
  while (more) {
    std::string bytes;
    try {
      bytes = co_await answer->read();
    } catch (const Error& error) {
      note(error);
      throw with_context(what, error);
    }
    more = !bytes.empty();
    const auto found = more ? lines.feed(bytes) : lines.finish();
    for (const auto& line : found) {
      check_line(line, what, otherwise);
      on_line(line);
    }
  }
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    text += text.empty() ? '?' : '&';
    text += fmt::format("{}={}", name, net::percent_encode(value));
  }
  return text;
}

std::string container_part(std::string_view name) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
  };
  const bool good_name = !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), fits) &&
                         std::isalnum(static_cast<unsigned char>(name.front())) != 0;
  if (good_name) return std::string(name);
  throw Error(
      Kind::invalid,
      fmt::format(
          "'{}' cannot be a container's name: letters, digits, '_', '.' and '-' can, with a letter or "
          "a digit first, 255 at most",
          name.substr(0, 300)));
}

json::object object_in(const ApiAnswer& answer, const std::string& what) {
  return base::parse_json_object(answer.body, what, answer_limits);
}

std::vector<json::object> objects_in(const ApiAnswer& answer, const std::string& what) {
  const json::value parsed = base::parse_json(answer.body, what, answer_limits);
  std::vector<json::object> found;
  if (!parsed.is_array()) throw Error(Kind::invalid, what + ": the engine's answer is no list");
  for (const auto& entry : parsed.as_array()) {
    if (!entry.is_object()) throw Error(Kind::invalid, what + ": an entry of the engine's list is no object");
    found.push_back(entry.as_object());
  }
  return found;
}

}  // namespace gennaker::clients::docker
