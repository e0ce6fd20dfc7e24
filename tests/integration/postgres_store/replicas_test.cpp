// Several servers on one real PostgreSQL: whose an execution is, and what they hear of each other.

#include <condition_variable>
#include <gtest/gtest.h>

#include "base/error.h"
#include "databases.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"
#include "store/store_contract.h"

namespace gennaker::store {
namespace {

using postgres::Address;
using postgres::Connection;
using std::chrono::milliseconds;

constexpr std::chrono::seconds patience(20);

/// A server's store, and what it is told.
class Replica {
 public:
  explicit Replica(const std::string& url, PostgresOptions options = {})
      : store_(open_postgres(url, options)) {
    Watcher watcher;
    watcher.mail = [this] { note([this] { ++mail_; }); };
    watcher.inherited = [this](std::vector<std::string> ids) {
      note([&] {
        ++inheritances_;
        inherited_.insert(inherited_.end(), ids.begin(), ids.end());
      });
    };
    watcher.lost = [this](Lease lease) { note([&] { lost_ = lease; }); };
    store_->watch(std::move(watcher));
    store_->on_feed([this](const std::vector<FeedEntry>& entries) {
      note([&] {
        for (const FeedEntry& entry : entries) heard_.push_back(entry.subject);
      });
    });
  }
  ~Replica() { leave(); }

  Store& store() { return *store_; }
  void leave() {
    if (store_) store_->watch({});
    store_.reset();
  }
  void commit(Changes changes) { result_of(store_->commit(std::move(changes))); }

  // Each waits until it is so.
  bool inherits(const std::string& id) {
    return comes_true(
        [&] { return std::find(inherited_.begin(), inherited_.end(), id) != inherited_.end(); });
  }
  bool hears_of(const std::string& subject) {
    return comes_true([&] { return std::find(heard_.begin(), heard_.end(), subject) != heard_.end(); });
  }
  bool gets_mail(int at_least) {
    return comes_true([&] { return mail_ >= at_least; });
  }
  /// And has another by then.
  bool loses(Lease lease) {
    return comes_true([&] { return lost_ == lease && inheritances_ > 0; });
  }
  /// Looks when there is mail, and when there was some.
  bool finds_a_command() {
    for (int seen = 0;; ++seen) {
      if (!result_of(store_->commands()).empty()) return true;
      if (!gets_mail(seen + 1)) return false;
    }
  }

 private:
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class Condition>
  bool comes_true(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> inherited_, heard_;
  int mail_ = 0, inheritances_ = 0;
  Lease lost_ = 0;
  std::unique_ptr<Store> store_;
};

Changes running(const std::string& id, Lease lease) {
  model::Execution execution;
  execution.id = id;
  execution.application = "shop";
  execution.status = model::Status::running;
  Changes changes;
  changes.lease = lease;
  changes.executions.push_back(row_of(execution));
  changes.feed.push_back({.kind = "execution", .application = "shop", .subject = id, .body = "{}"});
  return changes;
}

class Replicas : public ::testing::TestWithParam<testing::Way> {
 protected:
  void sql(const std::string& text) {
    Connection(Address(url_of(place_.path())), milliseconds(10'000)).run_script(text);
  }
  void count_as_gone(Replica& replica) {
    sql(fmt::format("UPDATE replicas SET alive_until = '-infinity' WHERE id = {}", replica.store().lease()));
  }
  /// A heartbeat that is rare does not get in the way.
  static PostgresOptions still() { return {.heartbeat = std::chrono::hours(1)}; }

  Place place_;
  std::string url_ =
      GetParam() == testing::Way::direct ? url_of(place_.path()) : pooled_url_of(place_.path());
};

TEST_P(Replicas, AnExecutionBelongsToWhoMadeIt) {
  Replica one(url_), two(url_);
  EXPECT_NE(one.store().lease(), two.store().lease());
  one.commit(running("a", one.store().lease()));
  EXPECT_EQ(result_of(one.store().lease_on("a")), one.store().lease());
  EXPECT_EQ(result_of(two.store().lease_on("a")), std::nullopt);
  EXPECT_EQ(result_of(one.store().unfinished_executions()), std::vector<std::string>{"a"});
  EXPECT_TRUE(result_of(two.store().unfinished_executions()).empty());
  EXPECT_EQ(result_of(two.store().execution("a"))->status, model::Status::running) << "all may read it";
}

TEST_P(Replicas, WhoIsGivenUpWritesNothingMore) {
  Replica one(url_, still());
  const Lease lease = one.store().lease();
  one.commit(running("a", lease));
  Replica two(url_);
  count_as_gone(one);
  ASSERT_TRUE(two.inherits("a"));
  EXPECT_EQ(result_of(two.store().lease_on("a")), two.store().lease());

  Changes late = running("a", lease);
  late.executions[0].status = model::Status::terminal;
  EXPECT_THROW(one.commit(late), LeaseLost);
  EXPECT_EQ(result_of(two.store().execution("a"))->status, model::Status::running);
  // It comes anew, and what it still has from before is refused all the same.
  ASSERT_TRUE(one.loses(lease));
  EXPECT_THROW(one.commit(late), LeaseLost);
  EXPECT_EQ(result_of(two.store().execution("a"))->status, model::Status::running);
  one.commit(running("b", one.store().lease()));
  EXPECT_TRUE(result_of(two.store().execution("b")));
}

TEST_P(Replicas, ABatchIsRefusedOnlyWhereItsLeaseHasRunOut) {
  Replica one(url_, still());
  const Lease lease = one.store().lease();
  sql("DELETE FROM replicas");
  Changes document;
  document.documents.push_back({.kind = "pipeline", .id = "p", .scope = "shop", .body = {{"value", 1}}});
  base::asio::io_context context;
  auto refused =
      base::asio::co_spawn(context, one.store().commit(running("a", lease)), base::asio::use_future);
  auto written = base::asio::co_spawn(context, one.store().commit(document), base::asio::use_future);
  context.run();
  EXPECT_THROW(refused.get(), LeaseLost);
  EXPECT_NO_THROW(written.get());
  EXPECT_FALSE(result_of(one.store().execution("a")));
  EXPECT_TRUE(result_of(one.store().document("pipeline", "p")));
}

TEST_P(Replicas, WhoLeavesHandsOverAtOnce) {
  Replica one(url_), two(url_);
  one.commit(running("a", one.store().lease()));
  one.leave();
  EXPECT_TRUE(two.inherits("a"));
}

TEST_P(Replicas, WhoComesFindsWhatBelongsToNobody) {
  {
    Replica one(url_);
    one.commit(running("a", one.store().lease()));
  }
  Replica two(url_);
  EXPECT_EQ(result_of(two.store().unfinished_executions()), std::vector<std::string>{"a"});
}

TEST_P(Replicas, WhatHasEndedIsTakenWhenItIsWanted) {
  Replica two(url_);
  {
    Replica one(url_);
    Changes ended = running("a", one.store().lease());
    ended.executions[0].active = false;
    one.commit(ended);
    EXPECT_EQ(result_of(two.store().lease_on("a")), std::nullopt) << "its server is there";
  }
  Replica three(url_);  // by then the row of the first is removed
  EXPECT_EQ(result_of(two.store().lease_on("a")), two.store().lease());
  EXPECT_EQ(result_of(three.store().lease_on("a")), std::nullopt);
}

TEST_P(Replicas, CommandsReachTheServerOfTheirExecution) {
  Replica one(url_), two(url_);
  one.commit(running("a", one.store().lease()));
  Changes asked;
  asked.commands = {{.id = "1", .execution_id = "a", .event = "{}", .slot_of = ""}};
  two.commit(asked);
  EXPECT_TRUE(one.finds_a_command());
  EXPECT_TRUE(result_of(two.store().commands()).empty());
  Changes answered = running("a", one.store().lease());
  answered.answers = {{.command_id = "1", .refusal = ""}};
  one.commit(answered);
  EXPECT_TRUE(two.gets_mail(2)) << "its own, and the answer";
  EXPECT_EQ(result_of(two.store().answers({"1"})).size(), 1);
}

TEST_P(Replicas, AnHeirInheritsCommands) {
  Replica one(url_, still());
  Changes ended = running("a", one.store().lease());
  ended.executions[0].active = false;
  one.commit(ended);
  Replica two(url_);
  Changes asked;
  asked.commands = {{.id = "1", .execution_id = "a", .event = "{}", .slot_of = ""}};
  two.commit(asked);
  EXPECT_TRUE(result_of(two.store().commands()).empty());
  count_as_gone(one);
  EXPECT_TRUE(two.finds_a_command());
}

TEST_P(Replicas, NewsReachesWhoDoesNothing) {
  Replica one(url_), two(url_);
  one.commit(running("a", one.store().lease()));
  EXPECT_TRUE(two.hears_of("a"));
  one.commit(running("b", one.store().lease()));
  EXPECT_TRUE(two.hears_of("b"));
}

INSTANTIATE_TEST_SUITE_P(Ways, Replicas, ::testing::Values(testing::Way::direct, testing::Way::pooled),
                         [](const auto& info) {
                           return info.param == testing::Way::direct ? "direct" : "pooled";
                         });

}  // namespace
}  // namespace gennaker::store
