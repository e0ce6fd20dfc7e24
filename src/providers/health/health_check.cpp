#include "providers/health/health_check.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace gennaker::providers {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Check {
  explicit Check(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}
  tcp::socket socket;
  asio::steady_timer timer;
  bool done = false;
  bool timed_out = false;
};

std::string in_words(const boost::system::error_code& error) {
  if (error == asio::error::connection_refused) return "connection refused";
  if (error == asio::error::eof) return "closed the connection without an answer";
  return error.message();
}

/// nullopt: well.
Async<std::optional<std::string>> ask(std::shared_ptr<Check> check, tcp::endpoint place,
                                      HealthCheckSettings settings) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await check->socket.async_connect(place, token);
  if (error) co_return in_words(error);
  if (settings.type != CheckType::http) co_return std::nullopt;
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: Gennaker-HealthCheck\r\nAccept: */*\r\nConnection: "
      "close\r\n\r\n",
      settings.path, place.address().to_string(), place.port());
  const auto sent = asio::buffer(request);
  co_await asio::async_write(check->socket, sent, token);
  if (error) co_return in_words(error);
  std::string answer;
  auto buffer = asio::dynamic_buffer(answer, 8192);
  co_await asio::async_read_until(check->socket, buffer, "\r\n", token);
  if (error) co_return in_words(error);
  co_return judge_status_line(answer);
}

}  // namespace

std::optional<std::string> judge_status_line(std::string_view line) {
  const std::string_view code = line.size() >= 12 ? line.substr(9, 3) : "";
  const bool understood = line.starts_with("HTTP/1.") && code.find_first_not_of("0123456789") == code.npos;
  if (!understood || code.empty()) return "the answer is not HTTP";
  if (code[0] == '2' || code[0] == '3') return std::nullopt;
  return fmt::format("HTTP {}", code);
}

Async<std::optional<std::string>> check_health(std::string address, int port, HealthCheckSettings settings) {
  auto executor = co_await asio::this_coro::executor;
  auto check = std::make_shared<Check>(executor);
  check->timer.expires_after(settings.timeout);
  check->timer.async_wait([check](const boost::system::error_code& error) {
    if (error || check->done) return;
    check->timed_out = true;
    boost::system::error_code ignored;
    check->socket.close(ignored);
  });
  const tcp::endpoint place(asio::ip::make_address(address), static_cast<std::uint16_t>(port));
  std::optional<std::string> reason = co_await ask(check, place, settings);
  check->done = true;
  check->timer.cancel();
  if (check->timed_out) co_return fmt::format("no answer in {} ms", settings.timeout.count());
  co_return reason;
}

}  // namespace gennaker::providers
