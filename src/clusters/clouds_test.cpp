#include "clusters/clouds.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"
#include "base/virtual_clock.h"
#include "clusters/operations.h"
#include "clusters/simulated_cloud.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::clusters {
namespace {

using ::testing::HasSubstr;
using testing::run_async;

class AllClouds : public ::testing::Test {
 protected:
  AllClouds() {
    auto made = std::make_unique<SimulatedCloud>(clock);
    cloud = made.get();
    clouds.add(std::move(made));
  }
  ~AllClouds() override {
    run_async(io, clouds.stop());
    io.poll();
  }
  void start() { run_async(io, clouds.start()); }
  template <class Call>
  std::string refusal(Call call) {
    try {
      call();
    } catch (const base::Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  boost::asio::io_context io;
  base::VirtualClock clock;
  Clouds clouds{io.get_executor()};
  SimulatedCloud* cloud = nullptr;
};

TEST_F(AllClouds, AnUnknownAccountIsRefusedWithTheNearestName) {
  EXPECT_EQ(refusal([&] {
              run_async(io, clouds.perform({.kind = "bake", .key = "k", .account = "lcoal", .what = {}}));
            }),
            "account 'lcoal' is not configured; did you mean 'local'?");
  EXPECT_THAT(refusal([&] { clouds.snapshot("aws"); }), HasSubstr("known: local"));
}

TEST_F(AllClouds, AnAccountBelongsToOneProvider) {
  EXPECT_THAT(refusal([&] { clouds.add(std::make_unique<SimulatedCloud>(clock)); }),
              HasSubstr("account 'local' is configured twice"));
}

TEST_F(AllClouds, NothingIsReadBeforeTheStart) {
  EXPECT_THAT(refusal([&] { clouds.snapshot("local"); }), HasSubstr("not been read yet"));
  start();
  EXPECT_NE(clouds.snapshot("local"), nullptr);
}

TEST_F(AllClouds, WhoActsReadsItsOwnEffect) {
  start();
  const auto before = clouds.snapshot("local")->revision;
  run_async(io, clouds.perform(upsert_load_balancer("k", "local", "here", "shop-front", {})));
  EXPECT_GT(clouds.snapshot("local")->revision, before);
  ASSERT_EQ(clouds.snapshot("local")->load_balancers.size(), 1u);
}

TEST_F(AllClouds, FollowsWhatChangesByItself) {
  std::vector<std::string> heard;
  clouds.on_change([&](const std::string& account, std::uint64_t) { heard.push_back(account); });
  start();
  io.poll();
  heard.clear();
  cloud->put(testing::server_group("shop-v001"));
  io.restart();
  io.poll();
  EXPECT_EQ(clouds.snapshot("local")->server_groups.size(), 1u);
  EXPECT_FALSE(heard.empty());
}

TEST_F(AllClouds, PassesErrorsOn) {
  start();
  EXPECT_THAT(refusal([&] {
                run_async(io, clouds.perform(enable_server_group("k", {"local", "here", "shop-v001"})));
              }),
              HasSubstr("no server group 'shop-v001'"));
  EXPECT_THAT(refusal([&] { run_async(io, clouds.console_output("local", "shop-v001-0")); }),
              HasSubstr("no instance"));
}

TEST(CloudsThreads, ResumeOnTheCallersExecutor) {
  boost::asio::thread_pool providers(1);
  boost::asio::io_context io;
  base::VirtualClock clock;
  Clouds clouds(providers.get_executor());
  clouds.add(std::make_unique<SimulatedCloud>(clock));
  std::vector<std::thread::id> seen;
  auto body = [](Clouds& all, std::vector<std::thread::id>& threads) -> Async<void> {
    co_await all.start();
    threads.push_back(std::this_thread::get_id());
    auto operation = upsert_load_balancer("k", "local", "here", "shop-front", {});
    co_await all.perform(std::move(operation));
    threads.push_back(std::this_thread::get_id());
    co_await all.fresh_snapshot("local");
    co_await all.stop();
    threads.push_back(std::this_thread::get_id());
  };
  boost::asio::co_spawn(io, body(clouds, seen), boost::asio::detached);
  io.run();
  providers.join();
  ASSERT_EQ(seen.size(), 3u);
  for (const auto thread : seen) EXPECT_EQ(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace gennaker::clusters
