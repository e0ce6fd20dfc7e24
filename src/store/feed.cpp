#include "store/feed.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <deque>

namespace gennaker::store {
namespace {

using boost::system::error_code;

/// One who waits. Whoever empties `resume` first, with the tail's mutex held, calls it.
struct Waiter {
  std::uint64_t after = 0;
  std::function<void(error_code)> resume;
};

}  // namespace

class FeedReader::Tail {
 public:
  explicit Tail(FeedTailOptions options) : options_(options) {}

  /// nullopt: the tail does not reach back that far. Empty: there is nothing yet.
  std::optional<std::vector<FeedEntry>> after(std::uint64_t sequence, std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    if (!begun_ || sequence < floor_) return std::nullopt;
    auto entry = std::upper_bound(entries_.begin(), entries_.end(), sequence,
                                  [](std::uint64_t s, const FeedEntry& e) { return s < e.sequence; });
    std::vector<FeedEntry> found;
    for (; entry != entries_.end() && found.size() < limit; ++entry) found.push_back(*entry);
    return found;
  }

  void append(const std::vector<FeedEntry>& fresh) {
    std::vector<std::shared_ptr<Waiter>> woken;
    {
      const std::lock_guard lock(mutex_);
      if (!begun_) floor_ = fresh.front().sequence - 1;
      begun_ = true;
      for (const FeedEntry& entry : fresh) {
        bytes_ += entry.body.size();
        entries_.push_back(entry);
      }
      newest_ = fresh.back().sequence;
      trim();
      std::vector<std::shared_ptr<Waiter>> ahead;
      for (auto& waiter : waiters_) (waiter->after < newest_ ? woken : ahead).push_back(std::move(waiter));
      waiters_ = std::move(ahead);
    }
    resume(woken, {});
  }

  /// Ends all waits, now and later.
  void end() {
    std::vector<std::shared_ptr<Waiter>> woken;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      woken = std::move(waiters_);
      waiters_.clear();
    }
    resume(woken, base::asio::error::operation_aborted);
  }

  void abandon(const std::shared_ptr<Waiter>& waiter) {
    {
      const std::lock_guard lock(mutex_);
      std::erase(waiters_, waiter);
    }
    resume({waiter}, base::asio::error::operation_aborted);
  }

  /// Either keeps the waiter for later or resumes it at once.
  void add(const std::shared_ptr<Waiter>& waiter) {
    error_code result;
    {
      const std::lock_guard lock(mutex_);
      if (!ended_ && waiter->after >= newest_) {
        waiters_.push_back(waiter);
        return;
      }
      if (ended_) result = base::asio::error::operation_aborted;
    }
    resume({waiter}, result);
  }

 private:
  void trim() {
    while (entries_.size() > 1 && (entries_.size() > options_.entries || bytes_ > options_.bytes)) {
      bytes_ -= entries_.front().body.size();
      floor_ = entries_.front().sequence;
      entries_.pop_front();
    }
  }

  void resume(const std::vector<std::shared_ptr<Waiter>>& waiters, error_code result) {
    for (const auto& waiter : waiters) {
      std::function<void(error_code)> call;
      {
        const std::lock_guard lock(mutex_);
        call.swap(waiter->resume);
      }
      if (call) call(result);
    }
  }

  FeedTailOptions options_;
  mutable std::mutex mutex_;
  std::deque<FeedEntry> entries_;
  std::size_t bytes_ = 0;
  bool begun_ = false;        ///< whether anything has come yet
  std::uint64_t floor_ = 0;   ///< all that is newer than this is in the tail, once begun
  std::uint64_t newest_ = 0;  ///< 0: not known yet
  bool ended_ = false;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

namespace {

/// Suspends until the tail has something after `sequence`.
template <class Tail>
Async<void> wait_for(std::shared_ptr<Tail> tail, std::uint64_t sequence) {
  auto initiate = [](auto handler, std::shared_ptr<Tail> of, std::uint64_t after) {
    using Handler = decltype(handler);
    auto slot = base::asio::get_associated_cancellation_slot(handler);
    auto executor = base::asio::get_associated_executor(handler);
    auto work = base::asio::prefer(executor, base::asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<Handler>(std::move(handler));
    auto waiter = std::make_shared<Waiter>();
    waiter->after = after;
    waiter->resume = [shared, work, slot](error_code result) {
      base::asio::post(work, [shared, slot, result]() mutable {
        if (slot.is_connected()) slot.clear();
        (*shared)(result);
      });
    };
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr(waiter), of](base::asio::cancellation_type) {
        if (const auto waiting = weak.lock()) of->abandon(waiting);
      });
    }
    of->add(waiter);
  };
  auto token = base::asio::use_awaitable;
  co_await base::asio::async_initiate<const base::asio::use_awaitable_t<>, void(error_code)>(
      initiate, token, std::move(tail), sequence);
}

}  // namespace

FeedReader::FeedReader(Store& store, FeedTailOptions options)
    : store_(store), tail_(std::make_shared<Tail>(options)) {
  store.on_feed([tail = tail_](const std::vector<FeedEntry>& fresh) { tail->append(fresh); });
}

FeedReader::~FeedReader() {
  tail_->end();
}

Async<std::vector<FeedEntry>> FeedReader::next(std::uint64_t after, std::size_t limit) {
  const std::shared_ptr<Tail> tail = tail_;
  Store& store = store_;
  limit = std::max<std::size_t>(limit, 1);
  while (true) {
    std::optional<std::vector<FeedEntry>> found = tail->after(after, limit);
    if (!found) found = co_await store.feed(after, limit);
    if (!found->empty()) co_return std::move(*found);
    co_await wait_for(tail, after);
  }
}

}  // namespace gennaker::store
