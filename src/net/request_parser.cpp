#include "net/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;

std::string_view view(string_view text) {
  return {text.data(), text.size()};
}

[[noreturn]] void refuse(int status, const std::string& message) {
  throw base::Error(base::Kind::invalid, message, {{"status", status}});
}

/// The path of "/path?query", of "http://host/path?query" (as proxies send it) and of "*"; nullopt: none of
/// them.
std::optional<std::string_view> without_origin(std::string_view target) {
  if (target.starts_with('/')) return target;
  if (target == "*") return std::string_view();
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const auto path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view() : target.substr(path);
}

void read_target(Request& request) {
  const auto local = without_origin(request.target);
  if (!local) {
    refuse(400, fmt::format("the request is malformed: its target '{}' must begin with '/'",
                            request.target.substr(0, 200)));
  }
  const auto question = std::min(local->find('?'), local->size());
  request.path = split_path(local->substr(0, question));
  if (question < local->size()) request.query = parse_query(local->substr(question + 1));
}

}  // namespace

class RequestParser::Grammar final : public http::basic_parser<true> {
 public:
  Request request;
  int version = 11;
  bool expects_continue = false;

  explicit Grammar(std::size_t head_limit_bytes) : head_limit_bytes_(head_limit_bytes) {
    header_limit(static_cast<std::uint32_t>(head_limit_bytes));
    eager(true);
  }

 private:
  std::size_t head_bytes_ = 0, head_limit_bytes_;

  using error_code = boost::system::error_code;

  void on_request_impl(http::verb, string_view method, string_view target, int http_version,
                       error_code&) override {
    version = http_version;
    request.method = view(method);
    request.target = view(target);
  }

  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(http::field, string_view name, string_view value, error_code& error) override {
    if (is_header_done()) return;  // a trailer behind a chunked body: nobody asked for it
    // Beast's own limit starts again when a read ends with a whole field.
    head_bytes_ += name.size() + value.size() + 4;
    if (head_bytes_ > head_limit_bytes_) {
      error = http::error::header_limit;
      return;
    }
    auto [entry, added] = request.headers.try_emplace(std::string(view(name)), view(value));
    if (added) return;
    entry->second += boost::beast::iequals(name, "cookie") ? "; " : ", ";
    entry->second += view(value);
  }

  void on_header_impl(error_code&) override {
    const auto expect = request.headers.find("expect");
    expects_continue =
        expect != request.headers.end() && boost::beast::iequals(expect->second, "100-continue");
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // A length is a claim: the memory for a big body is taken when the body comes.
    if (length) request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 256 * 1024)));
  }
  std::size_t on_body_impl(string_view body, error_code&) override {
    request.body += view(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request.body += view(body);
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

RequestParser::RequestParser(std::size_t header_limit_bytes, std::size_t body_limit_bytes)
    : header_limit_bytes_(header_limit_bytes), body_limit_bytes_(body_limit_bytes) {
  reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  grammar_ = std::make_unique<Grammar>(header_limit_bytes_);
  grammar_->body_limit(body_limit_bytes_);
}

std::size_t RequestParser::feed(std::string_view bytes) {
  const bool head_before = head_done();
  boost::system::error_code error;
  const std::size_t used = grammar_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) error = {};
  if (error == http::error::body_limit) {
    refuse(413, fmt::format("the request's body is larger than the limit of {} bytes", body_limit_bytes_));
  }
  if (error == http::error::header_limit) {
    refuse(431, fmt::format("the request's head is larger than the limit of {} bytes", header_limit_bytes_));
  }
  if (error) refuse(400, fmt::format("the request is malformed: {}", error.message()));
  if (!head_before && head_done()) {
    read_target(grammar_->request);
    if (http_1_1() && !grammar_->request.headers.contains("host")) {
      refuse(400, "the request is malformed: HTTP/1.1 wants a header Host");
    }
  }
  return used;
}

bool RequestParser::head_done() const {
  return grammar_->is_header_done();
}
bool RequestParser::done() const {
  return grammar_->is_done();
}
bool RequestParser::keep_alive() const {
  return grammar_->keep_alive();
}
bool RequestParser::http_1_1() const {
  return grammar_->version >= 11;
}
bool RequestParser::expects_continue() const {
  return grammar_->expects_continue && http_1_1() && head_done() && !done();
}
Request& RequestParser::request() {
  return grammar_->request;
}

}  // namespace gennaker::net
