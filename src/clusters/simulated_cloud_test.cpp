#include "clusters/simulated_cloud.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/virtual_clock.h"
#include "clusters/operations.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::clusters {
namespace {

using namespace std::chrono_literals;
using gennaker::testing::run_async;
using gennaker::testing::server_group;

class ACloud : public ::testing::Test {
 protected:
  ACloud() { cloud.put(model::Image{.id = "i1", .name = "shop", .account = "local", .region = "here"}); }

  model::Operation create(const std::string& key, int size = 2) {
    ServerGroupSpec spec;
    spec.account = "local";
    spec.region = "here";
    spec.moniker = {.app = "shop", .stack = "main", .detail = "", .cluster = ""};
    spec.image_id = "i1";
    spec.capacity = {.min = size, .max = size, .desired = size};
    return create_server_group(key, spec);
  }
  json::object perform(model::Operation operation) {
    return run_async(io, cloud.perform(std::move(operation)));
  }

  boost::asio::io_context io;
  base::VirtualClock clock;
  SimulatedCloud cloud{clock};
};

TEST_F(ACloud, GivesTheSameNameToTheSameKey) {
  EXPECT_EQ(perform(create("a"))["serverGroupName"], "shop-main-v000");
  EXPECT_EQ(perform(create("a"))["serverGroupName"], "shop-main-v000");
  const auto second = perform(create("b"));
  EXPECT_EQ(second.at("serverGroupName"), "shop-main-v001");
  EXPECT_EQ(second.at("ancestorServerGroupName"), "shop-main-v000");
  EXPECT_EQ(cloud.effects().size(), 2u);
}

TEST_F(ACloud, KnowsAKeyAgainWithoutItsEffect) {
  cloud.forget_effects();
  EXPECT_EQ(perform(create("a"))["serverGroupName"], "shop-main-v000");
  EXPECT_EQ(perform(create("a"))["serverGroupName"], "shop-main-v000");
  EXPECT_EQ(cloud.now().server_groups.size(), 1u);
  EXPECT_TRUE(cloud.effects().empty());
}

TEST_F(ACloud, KnowsAsManyKeysAgainAsItIsTold) {
  cloud.remember_keys(2);
  for (const std::string key : {"a", "b", "c"}) perform(create(key, 1));
  perform(create("c", 1));
  EXPECT_EQ(cloud.now().server_groups.size(), 3u);
  perform(create("a", 1));
  EXPECT_EQ(cloud.now().server_groups.size(), 4u) << "what is forgotten takes effect anew";
  EXPECT_EQ(cloud.effect_count(), 4u);
}

TEST_F(ACloud, HealsWithTime) {
  cloud.set_time_to_healthy(5s);
  perform(create("a"));
  EXPECT_EQ(cloud.now().server_groups[0].instances[0].state, model::HealthState::starting);
  clock.advance(5s);
  EXPECT_EQ(cloud.now().server_groups[0].instances[0].state, model::HealthState::up);
}

TEST_F(ACloud, WakesItsWatchersWhenSomethingChanges) {
  std::uint64_t seen = 0;
  const auto known = cloud.now().revision;
  auto watching = [](SimulatedCloud& watched, std::uint64_t from, std::uint64_t& result) -> Async<void> {
    const auto snapshot = co_await watched.watch("local", from);
    result = snapshot.revision;
  };
  boost::asio::co_spawn(io, watching(cloud, known, seen), boost::asio::detached);
  io.poll();
  EXPECT_EQ(seen, 0u);
  cloud.put(server_group("shop-v001"));
  io.restart();
  io.poll();
  EXPECT_GT(seen, known);
}

TEST_F(ACloud, RefusesWhatIsNotThere) {
  const auto refused = [&](model::Operation operation) {
    try {
      perform(std::move(operation));
    } catch (const base::Error& error) {
      return error.kind();
    }
    return base::Kind::internal;
  };
  EXPECT_EQ(refused(enable_server_group("k", {"local", "here", "shop-v009"})), base::Kind::not_found);
  EXPECT_EQ(refused({.kind = "juggle", .key = "k2", .account = "local", .what = {}}), base::Kind::invalid);
  auto without_image = create("k3");
  without_image.what["imageId"] = "nothing";
  EXPECT_EQ(refused(without_image), base::Kind::not_found);
  EXPECT_TRUE(cloud.effects().empty());
}

TEST_F(ACloud, TakesEffectOnceWhateverGoesWrong) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCloud faulty(clock, seed);
    faulty.put(model::Image{.id = "i1", .name = "shop", .account = "local", .region = "here"});
    faulty.set_faults({.crash_before = 0.2, .crash_after = 0.3, .lost_answer = 0.2, .doubled_call = 0.3});
    bool answered = false;
    for (int attempt = 0; attempt < 100 && !answered; ++attempt) {
      try {
        run_async(io, faulty.perform(create("key", 4)));
        answered = true;
      } catch (const base::Error& error) {
        ASSERT_TRUE(error.worth_retrying());
      }
    }
    ASSERT_TRUE(answered);
    ASSERT_EQ(faulty.now().server_groups.size(), 1u);
    EXPECT_EQ(faulty.now().server_groups[0].instances.size(), 4u);
    EXPECT_EQ(faulty.effects().size(), 1u);
    EXPECT_EQ(faulty.operations_run_twice(), 0);
  }
}

}  // namespace
}  // namespace gennaker::clusters
