#include "clients/docker/refusal.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "net/http.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

struct Words {
  std::string_view words;
  Kind kind;
};

/// What an engine, mostly Podman, calls a 500 and is none of its faults.
constexpr Words of_engines[] = {
    {"container state improper", Kind::conflict},
    {"already in use", Kind::conflict},
    {"in use by", Kind::conflict},
    {"please force removal", Kind::conflict},
    {"already exists", Kind::conflict},
    {"no such container", Kind::not_found},
    {"no such image", Kind::not_found},
    {"image not known", Kind::not_found},
    {"network not found", Kind::not_found},
    {"no such volume", Kind::not_found},
    {"invalid argument", Kind::invalid},
    {"invalid signal", Kind::invalid},
    {"is an invalid filter", Kind::invalid},
    {"cannot unmarshal", Kind::invalid},
    {"failed to be parsed", Kind::invalid},
    {"must have at least one component", Kind::invalid},
    {"payload does not match", Kind::invalid},
    {"cannot locate specified dockerfile", Kind::invalid},
    {"command that was not found", Kind::invalid},
};

/// What registries and networks say, as engines pass it on. The first that is found counts.
constexpr Words of_registries[] = {
    {"unauthorized", Kind::unauthenticated},
    {"authentication required", Kind::unauthenticated},
    {"no basic auth credentials", Kind::unauthenticated},
    {"incorrect username or password", Kind::unauthenticated},
    {"toomanyrequests", Kind::unavailable},
    {"too many requests", Kind::unavailable},
    {"denied", Kind::forbidden},
    {"403 (forbidden)", Kind::forbidden},
    {"manifest unknown", Kind::not_found},
    {"name unknown", Kind::not_found},
    {"repository name not known", Kind::not_found},
    {"manifest for", Kind::not_found},
    {"image not known", Kind::not_found},
    {"no such image", Kind::not_found},
    {"does not exist locally", Kind::not_found},
    {"connection refused", Kind::unavailable},
    {"connection reset", Kind::unavailable},
    {"no such host", Kind::unavailable},
    {"i/o timeout", Kind::unavailable},
    {"tls handshake timeout", Kind::unavailable},
    {"deadline exceeded", Kind::unavailable},
    {"unexpected eof", Kind::unavailable},
    {"service unavailable", Kind::unavailable},
    {"bad gateway", Kind::unavailable},
};

bool says_no_space(std::string_view message) {
  return message.find("no space left on device") != std::string_view::npos;
}

std::optional<Kind> find_kind(std::span<const Words> table, std::string_view message) {
  const std::string lower = base::lower_case(message);
  const auto found = std::find_if(table.begin(), table.end(), [&](const Words& row) {
    return lower.find(row.words) != std::string::npos;
  });
  return found == table.end() ? std::nullopt : std::optional(found->kind);
}

Kind kind_of_500(std::string_view message) {
  if (const auto kind = find_kind(of_engines, message)) return *kind;
  return find_kind(of_registries, message).value_or(Kind::internal);
}

Kind kind_of(int status, std::string_view message) {
  switch (status) {
    case 401:
      return Kind::unauthenticated;
    case 403:
      return Kind::forbidden;
    case 404:
      return Kind::not_found;
    case 408:
    case 504:
      return Kind::timeout;
    case 409:
      return Kind::conflict;
    case 429:
    case 502:
    case 503:
      return Kind::unavailable;
    case 500:
      return kind_of_500(message);
    default:
      return status >= 500 ? Kind::internal : Kind::invalid;
  }
}

/// The engine's own words. A proxy in between writes what it likes: a line of that is enough.
std::string message_of(int status, std::string_view body) {
  try {
    const auto answer = base::parse_json_object(body, "the answer");
    const std::string message(base::trimmed(base::string_or(answer, "message", "")));
    if (!message.empty()) return message;
  } catch (const Error&) {
  }
  const auto line = base::trimmed(body.substr(0, body.find('\n'))).substr(0, 200);
  if (line.empty() || line.front() == '<' || line.front() == '{') {
    return fmt::format("it answered {} ({}) without a reason", status, net::reason_phrase(status));
  }
  return fmt::format("it answered {} ({}): {}", status, net::reason_phrase(status), line);
}

Error made(Kind kind, std::string_view what, std::string_view message, boost::json::object details) {
  if (says_no_space(message)) {
    kind = Kind::internal;
    details["reason"] = "no_space";
  }
  return {kind, fmt::format("{}: {}", what, message), std::move(details)};
}

}  // namespace

Error refusal(std::string_view what, int status, std::string_view body) {
  const std::string message = message_of(status, body);
  return made(kind_of(status, message), what, message, {{"status", status}});
}

Error broken_off(std::string_view what, std::string_view message, Kind otherwise) {
  const std::string_view words = base::trimmed(message);
  return made(find_kind(of_registries, words).value_or(otherwise), what, words, {});
}

Error with_context(std::string_view what, const Error& error) {
  return {error.kind(), fmt::format("{}: {}", what, error.what()), error.details()};
}

}  // namespace gennaker::clients::docker
