#include "net/call_loop.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <csignal>
#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

namespace asio = base::asio;
using base::Error;
using base::Kind;

std::exception_ptr closing(const Call& call) {
  return std::make_exception_ptr(
      Error(Kind::unavailable, fmt::format("{}: given up, the program is ending", describe(call))));
}

void finish(Call& call, std::exception_ptr error) {
  call.easy.reset();
  call.headers.reset();
  if (call.outgoing) call.outgoing->end();
  auto done = std::exchange(call.done, nullptr);
  if (done) done(error);
}

}  // namespace

Async<void> CallLoop::perform(std::shared_ptr<CallLoop> self, std::shared_ptr<Call> call) {
  auto initiate = [](auto handler, std::shared_ptr<CallLoop> loop, std::shared_ptr<Call> pending) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    const auto executor = asio::get_associated_executor(handler);
    auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<CallLoop>(loop), pending](asio::cancellation_type) mutable {
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

void CallLoop::submit(std::shared_ptr<Call> call) {
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

void CallLoop::cancel(std::shared_ptr<Call> call) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !multi_) return;
  cancelled_.push_back(std::move(call));
  curl_multi_wakeup(multi_);
}

void CallLoop::resume(std::shared_ptr<Call> call) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !multi_) return;
  resumed_.push_back(std::move(call));
  curl_multi_wakeup(multi_);
}

void CallLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    if (multi_) curl_multi_wakeup(multi_);
  }
  if (thread_.joinable()) thread_.join();
  if (multi_) curl_multi_cleanup(multi_);
}

/// With the first call. Called with the mutex held.
void CallLoop::begin() {
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

void CallLoop::run() {
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
int CallLoop::poll_patience() const {
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
bool CallLoop::take_orders() {
  std::deque<std::shared_ptr<Call>> added, cancelled, resumed;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    added.swap(added_);
    cancelled.swap(cancelled_);
    resumed.swap(resumed_);
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
  for (const auto& call : resumed) go_on(*call);
  return !stopping;
}

void CallLoop::add(std::shared_ptr<Call> call) {
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

/// nullptr: it has ended before.
std::shared_ptr<Call> CallLoop::remove(Call& call) {
  const auto found = active_.find(&call);
  if (found == active_.end()) return nullptr;
  auto held = std::move(found->second);
  active_.erase(found);
  return held;
}

void CallLoop::go_on(Call& call) {
  if (!active_.contains(&call) || !std::exchange(call.paused, false)) return;
  // Hands over what libcurl has kept meanwhile; what the caller says to that is known only here.
  const CURLcode code = curl_easy_pause(call.easy.get(), CURLPAUSE_CONT);
  if (code == CURLE_OK) return;
  const auto held = remove(call);
  conclude(call, code);
}

void CallLoop::drop(Call& call) {
  const auto held = remove(call);
  if (!held) return;
  curl_multi_remove_handle(multi_, call.easy.get());
  finish(call, std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
}

void CallLoop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Call* raw = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &raw);
    const auto call = remove(*raw);
    conclude(*call, code);
  }
}

void CallLoop::conclude(Call& call, CURLcode code) {
  if (code == CURLE_OK) tell_head(call);  // an answer without a body
  curl_multi_remove_handle(multi_, call.easy.get());
  std::exception_ptr error = call.thrown;
  if (!error && code != CURLE_OK && !call.ended_by_caller) error = failure(call, code);
  finish(call, error);
}

}  // namespace gennaker::net
