#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"

/// HTTP as plain values: what handlers read and answer, what clients send and get.
namespace gennaker::net {

using base::Async;

/// Names compare without regard to case.
struct NameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::map<std::string, std::string, NameLess>;

/// Query parameters in order. The same name may come several times.
class Query {
 public:
  Query() = default;
  explicit Query(std::vector<std::pair<std::string, std::string>> pairs) : pairs_(std::move(pairs)) {}
  /// Values of a repeated parameter are joined by commas; nullopt when absent or empty.
  std::optional<std::string> get(std::string_view name) const;
  std::string get_or(std::string_view name, std::string_view fallback) const;
  /// x=a&x=b and x=a,b both give two; empty parts are dropped.
  std::vector<std::string> list(std::string_view name) const;
  /// All, as they came: for filters whose names are the client's.
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  /// true/false, 1/0, yes/no, on/off. Throws base::Error `invalid` naming the parameter.
  bool flag(std::string_view name, bool fallback) const;
  /// Throws base::Error `invalid` naming the parameter and the range.
  std::int64_t number(std::string_view name, std::int64_t fallback, std::int64_t low,
                      std::int64_t high) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// A repeated header is one entry, its values joined by commas (cookies: by semicolons).
struct Request {
  std::string method;                                          ///< "GET"
  std::string target;                                          ///< as sent, with the query
  std::vector<std::string> path;                               ///< split at '/', then percent-decoded
  std::map<std::string, std::string, std::less<>> parameters;  ///< the route's {names}
  Query query;
  Headers headers;
  std::string body;
  std::string remote_address;

  const std::string& parameter(std::string_view name) const;  ///< must exist in the route
  std::string header_or(std::string_view name, std::string_view fallback) const;
};

/// The open end of a streamed answer.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Sends at once, and waits while the client is slow. Throws base::Error `unavailable` when the client has
  /// gone or takes nothing for as long as the server's idle timeout.
  virtual Async<void> write(std::string chunk) = 0;
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  /// Set: the body is what this writes, until it returns or throws; `body` is ignored. What it waits for is
  /// cancelled (asio's terminal cancellation) as soon as the client leaves or the server stops, so it should
  /// wait only for what can be cancelled: timers, channels. The function lives until its coroutine has ended.
  std::function<Async<void>(Stream&)> stream = {};
};

/// Percent-encodes everything but unreserved characters: for one path segment or query value.
std::string percent_encode(std::string_view text);
std::string percent_decode(std::string_view text);  ///< malformed escapes stay as they are
Query parse_query(std::string_view text);           ///< "+" is a space
/// "/a/b%2Fc/" gives {"a", "b/c"}: split first, then decoded; a trailing slash is ignored.
std::vector<std::string> split_path(std::string_view path);
std::string_view reason_phrase(int status);  ///< "Not Found"; "Unknown" for a status that has no name

}  // namespace gennaker::net
