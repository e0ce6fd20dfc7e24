#include "net/client.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <condition_variable>
#include <csignal>
#include <curl/curl.h>
#include <deque>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>

#include "base/error.h"

namespace gennaker::net {

std::string shown_url(std::string_view url) {
  auto text = url.substr(0, std::min(url.find_first_of("?#"), url.size()));
  const auto scheme = text.find("://");
  const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto slash = std::min(text.find('/', host), text.size());
  const auto at = text.substr(0, slash).rfind('@');
  const auto from = at == std::string_view::npos ? host : std::max(at + 1, host);
  return fmt::format("{}{}", text.substr(0, host), text.substr(from, 200));
}

namespace {

namespace asio = base::asio;
using base::Error;
using base::Kind;

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// The user's list, and this machine.
std::string with_this_machine(std::string list) {
  if (list == "*") return list;
  if (!list.empty()) list += ',';
  return list + "localhost,127.0.0.1,::1";
}

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

/// One call: made by the caller, then the loop's thread's alone until `done` has been called.
struct Call {
  ClientRequest request;
  std::string no_proxy;
  ClientResponse response;
  bool streaming = false;
  std::function<bool(std::string_view)> on_bytes;
  std::function<bool(const ClientResponse&)> on_head;
  std::function<void(std::exception_ptr)> done;  ///< called once

  Easy easy;
  std::unique_ptr<curl_slist, FreeList> headers;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::string refused_address;  ///< that may_connect said no to
  bool head_told = false, ended_by_caller = false, too_big = false, too_silent = false;
  std::exception_ptr thrown;     ///< by on_bytes or on_head
  curl_off_t last_progress = 0;  ///< microseconds since the call began
};

std::string describe(const Call& call) {
  return fmt::format("{} {}", call.request.method, shown_url(call.request.url));
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
    case CURLE_OPERATION_TIMEDOUT:
      return error(Kind::timeout, reason);
    default:
      return error(Kind::unavailable, reason);
  }
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

bool tell_head(Call& call) {
  if (call.head_told) return true;
  long status = 0;
  curl_easy_getinfo(call.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  call.response.status = static_cast<int>(status);
  call.head_told = true;
  return !call.on_head || goes_on(call, [&call] { return call.on_head(call.response); });
}

void note_progress(Call& call) {
  curl_easy_getinfo(call.easy.get(), CURLINFO_TOTAL_TIME_T, &call.last_progress);
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  Call& call = *static_cast<Call*>(user);
  if (!tell_head(call)) return CURL_WRITEFUNC_ERROR;
  if (call.streaming) {
    note_progress(call);
    const bool more = goes_on(call, [&] { return call.on_bytes({bytes, count}); });
    return more ? count : CURL_WRITEFUNC_ERROR;
  }
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

int check_silence(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Call& call = *static_cast<Call*>(user);
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

void set_method(Call& call, CURL* easy) {
  const auto& request = call.request;
  const bool has_body = !request.body.empty();
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET" && !has_body) return;
  if (has_body || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
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
  if (!call.request.body.empty() && !call.request.headers.contains("Content-Type")) {
    add("Content-Type:");  // libcurl would call it a form
  }
  call.headers.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
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

void prepare(Call& call) {
  call.easy.reset(curl_easy_init());
  CURL* easy = call.easy.get();
  if (!easy) throw Error(Kind::internal, "libcurl cannot start a call: out of memory");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &call);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call.reason.data());
  curl_easy_setopt(easy, CURLOPT_URL, call.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, call.no_proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  if (!call.streaming && !call.request.headers.contains("Accept-Encoding")) {
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // whatever libcurl can unpack
  }
  if (call.request.may_connect) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &call);
  }
  set_method(call, easy);
  set_headers(call, easy);
  set_limits(call, easy);
}

void check(const ClientRequest& request) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Kind::invalid, fmt::format("{} {}: {}", request.method, shown_url(request.url), why));
  };
  const auto breaks = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  };
  const auto scheme = request.url.substr(0, std::min(request.url.find("://"), request.url.size()));
  const NameLess less;
  const bool http = !less(scheme, "http") && !less("http", scheme);
  const bool https = !less(scheme, "https") && !less("https", scheme);
  if (!http && !https) refuse("the URL must begin with http:// or https://");
  if (breaks(request.url) || breaks(request.method)) refuse("a line break in the URL or the method");
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || breaks(name) || breaks(value))
      refuse(fmt::format("the header '{}' has a line break", name));
  }
}

}  // namespace

class Client::Loop final : public std::enable_shared_from_this<Loop> {
 public:
  ~Loop() { stop(); }

  /// Hands the call to the thread and waits for it. The call's `done` runs on the caller's executor.
  static Async<void> perform(std::shared_ptr<Loop> self, std::shared_ptr<Call> call) {
    auto initiate = [](auto handler, std::shared_ptr<Loop> loop, std::shared_ptr<Call> pending) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      const auto executor = asio::get_associated_executor(handler);
      auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr<Loop>(loop), pending](asio::cancellation_type) mutable {
          if (auto alive = weak.lock()) alive->cancel(pending);
        });
      }
      pending->done = [shared, work, slot](std::exception_ptr error) {
        asio::post(work, [shared, slot, error]() mutable {
          if (slot.is_connected()) slot.clear();
          (*shared)(error);
        });
      };
      loop->submit(std::move(pending));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        initiate, asio::use_awaitable, std::move(self), std::move(call));
  }

  void submit(std::shared_ptr<Call> call) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_) {
        begin();
        added_.push_back(std::exchange(call, nullptr));
        curl_multi_wakeup(multi_);
      }
    }
    if (call) finish(*call, closing(*call));
  }

  void cancel(std::shared_ptr<Call> call) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !multi_) return;
    cancelled_.push_back(std::move(call));
    curl_multi_wakeup(multi_);
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
      if (multi_) curl_multi_wakeup(multi_);
    }
    if (thread_.joinable()) thread_.join();
    if (multi_) curl_multi_cleanup(multi_);
  }

 private:
  static std::exception_ptr closing(const Call& call) {
    return std::make_exception_ptr(
        Error(Kind::unavailable, fmt::format("{}: given up, the program is ending", describe(call))));
  }

  static void finish(Call& call, std::exception_ptr error) {
    call.easy.reset();
    call.headers.reset();
    auto done = std::exchange(call.done, nullptr);
    if (done) done(error);
  }

  /// With the first call. Called with the mutex held.
  void begin() {
    if (multi_) return;
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi_ = curl_multi_init();
    if (!multi_) throw Error(Kind::internal, "libcurl cannot start: out of memory");
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
    // Signals are for the main thread, and a broken pipe is an error code here.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void run() {
    while (take_orders()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect();
      curl_multi_poll(multi_, nullptr, 0, poll_patience(), nullptr);
    }
    auto rest = std::exchange(active_, {});
    for (const auto& [raw, call] : rest) {
      curl_multi_remove_handle(multi_, call->easy.get());
      finish(*call, closing(*call));
    }
  }

  /// libcurl wakes by itself for its own deadlines, not for a stream's silence.
  int poll_patience() const {
    std::chrono::milliseconds patience(60'000);
    for (const auto& [raw, call] : active_) {
      if (call->streaming && call->request.timeout.count() > 0) {
        patience = std::min(patience, std::clamp(call->request.timeout / 4, std::chrono::milliseconds(10),
                                                 std::chrono::milliseconds(1000)));
      }
    }
    return static_cast<int>(patience.count());
  }

  /// false: the end.
  bool take_orders() {
    std::deque<std::shared_ptr<Call>> added, cancelled;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      added.swap(added_);
      cancelled.swap(cancelled_);
      stopping = stopping_;
    }
    for (auto& call : added) {
      if (stopping) {
        finish(*call, closing(*call));
      } else {
        add(std::move(call));
      }
    }
    for (const auto& call : cancelled) drop(*call);
    return !stopping;
  }

  void add(std::shared_ptr<Call> call) {
    try {
      prepare(*call);
      curl_multi_add_handle(multi_, call->easy.get());
    } catch (...) {
      finish(*call, std::current_exception());
      return;
    }
    Call* raw = call.get();
    active_.emplace(raw, std::move(call));
  }

  void drop(Call& call) {
    const auto found = active_.find(&call);
    if (found == active_.end()) return;  // it ended before the order came
    const auto held = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, call.easy.get());
    finish(call, std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Call* raw = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &raw);
      const auto found = active_.find(raw);
      const auto call = std::move(found->second);
      active_.erase(found);
      conclude(*call, code);
    }
  }

  void conclude(Call& call, CURLcode code) {
    if (code == CURLE_OK) tell_head(call);  // an answer without a body
    curl_multi_remove_handle(multi_, call.easy.get());
    std::exception_ptr error = call.thrown;
    if (!error && code != CURLE_OK && !call.ended_by_caller) error = failure(call, code);
    finish(call, error);
  }

  std::mutex mutex_;
  std::deque<std::shared_ptr<Call>> added_, cancelled_;  ///< guarded by mutex_
  bool stopping_ = false;                                ///< guarded by mutex_
  CURLM* multi_ = nullptr;
  std::thread thread_;
  std::unordered_map<Call*, std::shared_ptr<Call>> active_;  ///< the thread's
};

Client::Client(std::string no_proxy)
    : no_proxy_(with_this_machine(std::move(no_proxy))), loop_(std::make_shared<Loop>()) {}

Client::~Client() {
  stop();
}

void Client::stop() {
  loop_->stop();
}

Async<ClientResponse> Client::send(ClientRequest request) {
  check(request);
  auto loop = loop_;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->no_proxy = no_proxy_;
  co_await Loop::perform(std::move(loop), call);
  co_return std::move(call->response);
}

Async<int> Client::stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes,
                          std::function<bool(const ClientResponse&)> on_head) {
  check(request);
  auto loop = loop_;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->no_proxy = no_proxy_;
  call->streaming = true;
  call->on_bytes = std::move(on_bytes);
  call->on_head = std::move(on_head);
  co_await Loop::perform(std::move(loop), call);
  co_return call->response.status;
}

}  // namespace gennaker::net
