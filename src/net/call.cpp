#include "net/call.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>

#include "base/error.h"

namespace gennaker::net {
namespace {

using base::Error;
using base::Kind;

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// Runs what the caller gave for a piece of a stream; what it throws ends the call.
template <class Ask>
bool goes_on(Call& call, Ask ask) {
  try {
    call.ended_by_caller = !ask();
  } catch (...) {
    call.thrown = std::current_exception();
  }
  return !call.ended_by_caller && !call.thrown;
}

void note_progress(Call& call) {
  curl_easy_getinfo(call.easy.get(), CURLINFO_TOTAL_TIME_T, &call.last_progress);
}

std::size_t hand_over(Call& call, std::string_view bytes) {
  note_progress(call);
  Taken taken = Taken::yes;
  const bool more = goes_on(call, [&] {
    taken = call.on_bytes(bytes);
    return taken != Taken::enough;
  });
  if (!more) return CURL_WRITEFUNC_ERROR;
  if (taken == Taken::yes) return bytes.size();
  call.paused = true;
  return CURL_WRITEFUNC_PAUSE;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  Call& call = *static_cast<Call*>(user);
  if (!tell_head(call)) return CURL_WRITEFUNC_ERROR;
  if (call.streaming) return hand_over(call, {bytes, count});
  if (call.response.body.size() + count > call.request.answer_limit_bytes) {
    call.too_big = true;
    return CURL_WRITEFUNC_ERROR;
  }
  call.response.body.append(bytes, count);
  return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* user) {
  Call& call = *static_cast<Call*>(user);
  const std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) {  // of the answer, or of one more after a redirect
    call.response.headers.clear();
    return count;
  }
  if (call.streaming) note_progress(call);
  if (trim(line).empty()) {
    long status = 0;
    curl_easy_getinfo(call.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    const bool last = status >= 200 && !(call.request.follow_redirects && status >= 300 && status < 400);
    return !call.streaming || !last || tell_head(call) ? count : CURL_WRITEFUNC_ERROR;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  auto [entry, added] = call.response.headers.try_emplace(std::string(trim(line.substr(0, colon))),
                                                          trim(line.substr(colon + 1)));
  if (!added) entry->second.append(", ").append(trim(line.substr(colon + 1)));
  return count;
}

std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* user) {
  Call& call = *static_cast<Call*>(user);
  note_progress(call);
  std::optional<std::size_t> given;
  const bool more = goes_on(call, [&] {
    given = call.outgoing->give({buffer, size * count});
    return true;
  });
  if (!more) return CURL_READFUNC_ABORT;
  if (given) return *given;
  call.paused = true;
  return CURL_READFUNC_PAUSE;
}

int check_silence(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Call& call = *static_cast<Call*>(user);
  if (call.paused) {  // the silence is ours
    note_progress(call);
    return 0;
  }
  curl_off_t now = 0;
  curl_easy_getinfo(call.easy.get(), CURLINFO_TOTAL_TIME_T, &now);
  const std::chrono::microseconds silence(now - call.last_progress);
  call.too_silent = silence >= call.request.timeout;
  return call.too_silent ? 1 : 0;
}

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  Call& call = *static_cast<Call*>(user);
  std::array<char, NI_MAXHOST> text{};
  const int failed =
      getnameinfo(&address->addr, address->addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  if (failed != 0 || !call.request.may_connect(text.data())) {
    call.refused_address = failed != 0 ? "?" : text.data();
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool has_body(const Call& call) {
  return call.outgoing || !call.request.body.empty();
}

void set_body(Call& call, CURL* easy) {
  const auto& body = call.request.body;
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  if (!call.outgoing) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    return;
  }
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1});
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
  curl_easy_setopt(easy, CURLOPT_READDATA, &call);
  // One that was kept may turn out to be closed, and what has been read cannot be read again.
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void set_method(Call& call, CURL* easy) {
  const auto& request = call.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET" && !has_body(call)) return;
  if (has_body(call) || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    set_body(call, easy);
  }
  // Not for POST: libcurl would then repeat it as POST after a 303.
  if (request.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_headers(Call& call, CURL* easy) {
  curl_slist* list = nullptr;
  const auto add = [&list](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  for (const auto& [name, value] : call.request.headers) {
    // libcurl's way to write a header that is there and empty.
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!call.request.headers.contains("Expect")) add("Expect:");  // saves a round trip
  if (call.outgoing) add("Transfer-Encoding: chunked");
  if (has_body(call) && !call.request.headers.contains("Content-Type")) {
    add("Content-Type:");  // libcurl would call it a form
  }
  call.headers.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}

void set_peer(Call& call, CURL* easy) {
  const auto& request = call.request;
  const bool local = !request.unix_socket.empty();
  if (local) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, local ? "*" : call.no_proxy.c_str());
  const auto set = [easy](CURLoption option, const std::string& file) {
    if (!file.empty()) curl_easy_setopt(easy, option, file.c_str());
  };
  set(CURLOPT_CAINFO, request.tls.ca_file);
  set(CURLOPT_SSLCERT, request.tls.certificate_file);
  set(CURLOPT_SSLKEY, request.tls.key_file);
  // A paused answer would hold up the others of its connection.
  if (call.streaming || call.outgoing) {
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  }
  // A peer that has gone without a word is noticed within three minutes, however silent the call may be.
  if (!local && (call.streaming || request.timeout.count() == 0)) {
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L);
  }
}

void set_limits(Call& call, CURL* easy) {
  const auto& request = call.request;
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  if (!call.streaming) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  } else if (request.timeout.count() > 0) {
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, check_silence);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &call);
  }
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
}

/// Of a socket's path libcurl does not say what the matter is with it.
std::string why_not_connected(const Call& call, const char* reason) {
  long number = 0;
  curl_easy_getinfo(call.easy.get(), CURLINFO_OS_ERRNO, &number);
  if (call.request.unix_socket.empty() || number == 0) return reason;
  return fmt::format("cannot connect: {}", std::system_category().message(static_cast<int>(number)));
}

}  // namespace

std::string describe(const Call& call) {
  const auto& request = call.request;
  const std::string text = fmt::format("{} {}", request.method, shown_url(request.url));
  return request.unix_socket.empty() ? text : fmt::format("{} on {}", text, request.unix_socket);
}

std::exception_ptr failure(const Call& call, CURLcode code) {
  const char* reason = call.reason[0] ? call.reason.data() : curl_easy_strerror(code);
  const auto error = [&](Kind kind, const std::string& why) {
    long sent = 0;
    curl_easy_getinfo(call.easy.get(), CURLINFO_REQUEST_SIZE, &sent);
    return std::make_exception_ptr(
        Error(kind, fmt::format("{}: {}", describe(call), why), {{"sent", sent > 0}}));
  };
  if (!call.refused_address.empty()) {
    return error(Kind::invalid, fmt::format("the address {} may not be called", call.refused_address));
  }
  if (call.too_big) {
    return error(Kind::invalid, fmt::format("the answer is larger than the limit of {} bytes",
                                            call.request.answer_limit_bytes));
  }
  if (call.too_silent) {
    return error(Kind::timeout, fmt::format("nothing came for {} ms", call.request.timeout.count()));
  }
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return error(Kind::invalid, fmt::format("the URL cannot be used: {}", reason));
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return error(Kind::invalid, fmt::format("a file for TLS cannot be used: {}", reason));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
      // OpenSSL's words for it may be no more than "EVP lib".
      return error(Kind::unavailable,
                   fmt::format("TLS could not be agreed on, look at the certificates: {}", reason));
    case CURLE_OPERATION_TIMEDOUT:
      return error(Kind::timeout, reason);
    case CURLE_COULDNT_CONNECT:
      return error(Kind::unavailable, why_not_connected(call, reason));
    default:
      return error(Kind::unavailable, reason);
  }
}

bool tell_head(Call& call) {
  if (call.head_told) return true;
  long status = 0;
  curl_easy_getinfo(call.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  call.response.status = static_cast<int>(status);
  call.head_told = true;
  return !call.on_head || goes_on(call, [&call] { return call.on_head(call.response); });
}

void prepare(Call& call) {
  call.easy.reset(curl_easy_init());
  CURL* easy = call.easy.get();
  if (!easy) throw Error(Kind::internal, "libcurl cannot start a call: out of memory");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &call);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call.reason.data());
  curl_easy_setopt(easy, CURLOPT_URL, call.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  if (!call.streaming && !call.request.headers.contains("Accept-Encoding")) {
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // whatever libcurl can unpack
  }
  if (call.request.may_connect && call.request.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &call);
  }
  set_peer(call, easy);
  set_method(call, easy);
  set_headers(call, easy);
  set_limits(call, easy);
}

}  // namespace gennaker::net
