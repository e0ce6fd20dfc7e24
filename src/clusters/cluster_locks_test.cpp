#include "clusters/cluster_locks.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/virtual_clock.h"
#include "store/memory/memory_store.h"
#include "store/store_contract.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::clusters {
namespace {

using model::Status;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = boost::json;

const Place place{"prod", "eu", "shop-main"};

class ClustersLocks : public ::testing::Test {
 protected:
  /// A pipeline with two stages that run; the second belongs to the first.
  void run(const std::string& id, Status status = Status::running, json::object trigger = {}) {
    model::Execution execution = testing::execution({{.type = "deploy"}, {.type = "createServerGroup"}});
    execution.id = id;
    execution.name = "Ship";
    execution.pipeline_config_id = "ship";
    execution.status = status;
    execution.trigger = std::move(trigger);
    for (std::size_t i = 0; i < execution.stages.size(); ++i) {
      model::Stage& stage = execution.stages[i];
      stage.id = id + (i == 0 ? "-deploy" : "-create");
      stage.name = i == 0 ? "Deploy" : "Deploy in eu";
      stage.status = status;
      stage.start_time = base::from_millis(1000);
      if (i == 0) continue;
      stage.owner = model::Owner::before;
      stage.parent_id = id + "-deploy";
    }
    keep(execution);
  }
  void keep(const model::Execution& execution) {
    testing::run_async(io_, store_.commit(store::changes_for(execution)));
  }
  void finish(const std::string& id) {
    model::Execution execution = *testing::run_async(io_, store_.execution(id));
    execution.status = Status::succeeded;
    for (model::Stage& stage : execution.stages) {
      stage.status = Status::succeeded;
      stage.end_time = clock_.now();
    }
    keep(execution);
  }
  static Claimant claimant(const std::string& id) {
    return {.execution_id = id,
            .stage_id = id + "-deploy",
            .since = base::from_millis(1000),
            .within = {id + "-create", id + "-deploy"},
            .parent_execution_id = "",
            .parent_stage_id = ""};
  }
  std::optional<LockHolder> acquire(Claimant who, Place where = place) {
    return testing::run_async(io_, locks_.acquire(std::move(where), std::move(who)));
  }
  std::vector<LockHolder> held() { return testing::run_async(io_, locks_.held()); }

  boost::asio::io_context io_;
  base::VirtualClock clock_;
  base::SeededRandom random_{1};
  store::MemoryStore store_;
  ClusterLocks locks_{store_, clock_, random_};
};

TEST_F(ClustersLocks, OneHoldsItAndAsksAgain) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_FALSE(acquire(claimant("a"))) << "who has it is not kept waiting";
  const auto holder = acquire(claimant("b"));
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->execution_id, "a");
  EXPECT_EQ(holder->description, "stage 'Deploy' of pipeline 'Ship', execution a");
  EXPECT_FALSE(acquire(claimant("b"), {"prod", "us", "shop-main"})) << "another region is another lock";
}

TEST_F(ClustersLocks, NamesAreTheSameInAnyCase) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_TRUE(acquire(claimant("b"), {"Prod", "EU", "Shop-Main"}));
}

TEST_F(ClustersLocks, EndsWithItsStage) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  run("a", Status::succeeded);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_THAT(testing::run_async(io_, store_.claims("lock/")), IsEmpty()) << "it is looked at once";
  EXPECT_FALSE(acquire(claimant("b")));
}

TEST_F(ClustersLocks, LastsUntilACancelledStageHasCleanedUp) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  model::Execution ended = *testing::run_async(io_, store_.execution("a"));
  ended.status = Status::canceled;
  for (model::Stage& stage : ended.stages) stage.status = Status::canceled;
  ended.stages[1].tasks.push_back({.id = "1", .name = "create", .implementation = "create"});
  ended.stages[1].tasks[0].status = Status::running;
  keep(ended);
  EXPECT_TRUE(acquire(claimant("b")));
  ended.stages[1].tasks[0].status = Status::canceled;
  keep(ended);
  EXPECT_FALSE(acquire(claimant("b")));
}

TEST_F(ClustersLocks, ARestartedStageHasToAskAgain) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  model::Execution again = *testing::run_async(io_, store_.execution("a"));
  again.find_stage("a-deploy")->start_time = base::from_millis(2000);
  keep(again);
  EXPECT_FALSE(acquire(claimant("b")));
  Claimant restarted = claimant("a");
  restarted.since = base::from_millis(2000);
  EXPECT_TRUE(acquire(restarted));
}

TEST_F(ClustersLocks, WhatAStageStartsMayDoWhatTheStageMay) {
  run("a");
  EXPECT_FALSE(acquire(claimant("a")));
  Claimant within = claimant("a");
  within.stage_id = "a-create";
  EXPECT_FALSE(acquire(within));
  run("child", Status::running, {{"parentExecutionId", "a"}, {"parentPipelineStageId", "a-create"}});
  Claimant child = claimant("child");
  child.parent_execution_id = "a";
  child.parent_stage_id = "a-create";
  EXPECT_FALSE(acquire(child)) << "its parent waits for it";
  Claimant grandchild = claimant("grandchild");
  grandchild.parent_execution_id = "child";
  grandchild.parent_stage_id = "child-create";
  EXPECT_FALSE(acquire(grandchild));
  Claimant stranger = claimant("child");
  stranger.parent_execution_id = "a";
  stranger.parent_stage_id = "another stage";
  EXPECT_TRUE(acquire(stranger));
}

TEST_F(ClustersLocks, IsSeenAndTakenAway) {
  run("a");
  run("b");
  EXPECT_FALSE(acquire(claimant("a")));
  ASSERT_EQ(held().size(), 1u);
  EXPECT_EQ(to_text(held()[0].place), "shop-main in prod/eu");
  EXPECT_EQ(testing::run_async(io_, locks_.take_away(place, "ann", "it hangs")).execution_id, "a");
  EXPECT_THAT(held(), IsEmpty());
  const auto note = testing::run_async(io_, store_.document("clusterLock", "prod/eu/shop-main"));
  EXPECT_EQ(note->updated_by, "ann");
  EXPECT_EQ(note->body.at("reason"), "it hangs");
  EXPECT_FALSE(acquire(claimant("b")));
  EXPECT_TRUE(acquire(claimant("a"))) << "the former holder waits";
  run("b", Status::succeeded);
  try {
    testing::run_async(io_, locks_.take_away(place, "ann", "it hangs"));
    FAIL() << "nobody had it";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::not_found);
    EXPECT_THAT(error.what(), HasSubstr("shop-main in prod/eu"));
  }
}

TEST_F(ClustersLocks, ComesToThoseWhoWaitInTheirOrder) {
  for (const char* id : {"a", "b", "c"}) run(id);
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_EQ(acquire(claimant("b"))->execution_id, "a");
  EXPECT_EQ(acquire(claimant("c"))->execution_id, "a");
  EXPECT_EQ(acquire(claimant("b"))->execution_id, "a");
  ASSERT_EQ(held().size(), 1u);
  ASSERT_EQ(held()[0].waiting.size(), 2u);
  EXPECT_EQ(held()[0].waiting[0].execution_id, "b");
  EXPECT_FALSE(acquire(claimant("a"))) << "who waits does not change who has it";
  finish("a");
  const auto next = acquire(claimant("c"));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->execution_id, "b");
  EXPECT_FALSE(next->has_it);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_FALSE(acquire(claimant("b")));
  EXPECT_TRUE(acquire(claimant("c"))->has_it);
  finish("b");
  EXPECT_FALSE(acquire(claimant("c")));
  EXPECT_THAT(held()[0].waiting, IsEmpty());
}

TEST_F(ClustersLocks, WhoHasEndedIsNotWaitedFor) {
  for (const char* id : {"a", "b", "c"}) run(id);
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_TRUE(acquire(claimant("b")));
  EXPECT_TRUE(acquire(claimant("c")));
  finish("b");
  finish("a");
  EXPECT_FALSE(acquire(claimant("c")));
}

TEST_F(ClustersLocks, WhoDoesNotTakeItLosesItsTurn) {
  for (const char* id : {"a", "b", "c"}) run(id);
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_TRUE(acquire(claimant("b")));
  finish("a");
  EXPECT_TRUE(acquire(claimant("c")));
  clock_.advance(std::chrono::seconds(10));
  EXPECT_FALSE(acquire(claimant("c")));
  EXPECT_EQ(acquire(claimant("b"))->execution_id, "c");
}

TEST_F(ClustersLocks, ThatIsTakenAwayGoesToTheFirstWhoWaits) {
  for (const char* id : {"a", "b", "c"}) run(id);
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_TRUE(acquire(claimant("b")));
  testing::run_async(io_, locks_.take_away(place, "ann", "it hangs"));
  EXPECT_EQ(acquire(claimant("c"))->execution_id, "b");
  EXPECT_EQ(acquire(claimant("a"))->execution_id, "b");
  EXPECT_FALSE(acquire(claimant("b")));
}

TEST_F(ClustersLocks, WhoStartsAgainWaitsAtTheEnd) {
  for (const char* id : {"a", "b", "c"}) run(id);
  EXPECT_FALSE(acquire(claimant("a")));
  EXPECT_TRUE(acquire(claimant("b")));
  EXPECT_TRUE(acquire(claimant("c")));
  Claimant restarted = claimant("b");
  restarted.since = base::from_millis(2000);
  EXPECT_TRUE(acquire(restarted));
  const auto waiting = held()[0].waiting;
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].execution_id, "c");
  EXPECT_EQ(waiting[1].since, base::from_millis(2000));
}

}  // namespace
}  // namespace gennaker::clusters
