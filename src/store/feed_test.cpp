#include "store/feed.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <thread>

#include "store/sqlite/sqlite_store.h"
#include "store/store_contract.h"

namespace gennaker::store {
namespace {

Changes news(int count, const std::string& subject) {
  Changes changes;
  for (int i = 0; i < count; ++i) {
    changes.feed.push_back({.kind = "execution", .application = "shop", .subject = subject, .body = "{}"});
  }
  return changes;
}

class Feed : public testing::Test {
 protected:
  void commit(int count, const std::string& subject = "e") {
    result_of(store_->commit(news(count, subject)));
  }

  Place place_;
  std::unique_ptr<Store> store_ = open_sqlite(place_.path() / "gennaker.db");
};

TEST_F(Feed, GivesAtOnceWhatIsThere) {
  commit(3);
  FeedReader reader(*store_);
  EXPECT_EQ(result_of(reader.next(0, 2)).size(), 2U) << "from the store: the tail has not begun";
  commit(1);
  const auto last = result_of(reader.next(3, 10));
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].sequence, 4U);
  EXPECT_EQ(result_of(reader.next(1, 10)).size(), 3U) << "older than the tail";
}

TEST_F(Feed, ReadsFromTheStoreWhatTheTailHasDropped) {
  FeedReader reader(*store_, {.entries = 2});
  commit(5);
  EXPECT_EQ(result_of(reader.next(0, 10)).size(), 5U);
  EXPECT_EQ(result_of(reader.next(3, 10)).size(), 2U);
}

Async<void> follow(FeedReader& reader, std::uint64_t wanted, std::uint64_t& cursor, std::size_t& seen) {
  while (cursor < wanted) {
    const auto entries = co_await reader.next(cursor, 7);
    for (const FeedEntry& entry : entries) {
      EXPECT_GT(entry.sequence, cursor);
      cursor = entry.sequence;
      ++seen;
    }
  }
}

TEST_F(Feed, ManyFollowWithoutMissingAny) {
  constexpr std::size_t followers = 50, commits = 200;
  FeedReader reader(*store_, {.entries = 32});
  std::vector<std::uint64_t> cursors(followers);
  std::vector<std::size_t> seen(followers);
  base::asio::io_context context;
  for (std::size_t i = 0; i < followers; ++i) {
    auto one = follow(reader, commits, cursors[i], seen[i]);
    base::asio::co_spawn(context, std::move(one), base::asio::detached);
  }
  std::thread writing([&] {
    for (std::size_t i = 0; i < commits; ++i) commit(1);
  });
  // Two threads share the followers.
  std::thread second([&] { context.run(); });
  context.run();
  second.join();
  writing.join();
  for (const std::size_t count : seen) EXPECT_EQ(count, commits);
}

/// Waits for what comes after the first entry.
Async<void> record_end(FeedReader& reader, bool& aborted) {
  try {
    co_await reader.next(1, 10);
  } catch (const boost::system::system_error& error) {
    aborted = error.code() == base::asio::error::operation_aborted;
  }
}

TEST_F(Feed, AWaitCanBeCancelled) {
  FeedReader reader(*store_);
  commit(1);
  base::asio::io_context context;
  base::asio::cancellation_signal signal;
  bool aborted = false;
  auto waiting = record_end(reader, aborted);
  base::asio::co_spawn(context, std::move(waiting),
                       base::asio::bind_cancellation_slot(signal.slot(), base::asio::detached));
  context.poll();  // the tail has begun, so that nothing is read before the wait
  signal.emit(base::asio::cancellation_type::terminal);
  context.restart();
  context.run();
  EXPECT_TRUE(aborted);
  commit(1);  // and nobody is there any more to be woken
  EXPECT_EQ(result_of(reader.next(1, 10)).size(), 1U);
}

TEST_F(Feed, EndingTheReaderEndsTheWaits) {
  auto reader = std::make_unique<FeedReader>(*store_);
  commit(1);
  base::asio::io_context context;
  bool aborted = false;
  auto waiting = record_end(*reader, aborted);
  base::asio::co_spawn(context, std::move(waiting), base::asio::detached);
  context.poll();  // the tail has begun, so that nothing is read before the wait
  reader.reset();
  context.restart();
  context.run();
  EXPECT_TRUE(aborted);
}

}  // namespace
}  // namespace gennaker::store
