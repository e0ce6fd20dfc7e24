#include "bakery/bakes.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/virtual_clock.h"
#include "store/memory/memory_store.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::bakery {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

class BakesKept : public ::testing::Test {
 protected:
  std::optional<FinishedBake> find(const std::string& key) {
    return testing::run_async(io_, bakes_.find(key));
  }
  void keep(const std::string& key, const std::string& id, const std::string& image) {
    testing::run_async(io_, bakes_.keep({.key = key, .id = id, .image_id = image, .inputs = {"name: shop"}}));
  }
  std::size_t versions(const std::string& key) {
    return testing::run_async(io_, store_.history("bake", key, 10)).size();
  }

  boost::asio::io_context io_;
  base::VirtualClock clock_;
  store::MemoryStore store_;
  Bakes bakes_{store_, store_, clock_};
};

TEST_F(BakesKept, AreFoundByTheirKey) {
  EXPECT_FALSE(find("bake:a"));
  keep("bake:a", "01X-0123456789", "sha-1");
  const auto found = find("bake:a");
  EXPECT_EQ(found->image_id, "sha-1");
  EXPECT_THAT(found->inputs, ElementsAre("name: shop"));
  EXPECT_FALSE(find("bake:b"));
}

TEST_F(BakesKept, AreReplacedByTheNextAndNotWrittenTwice) {
  keep("bake:a", "01X-0123456789", "sha-1");
  keep("bake:a", "01X-0123456789", "sha-1");
  EXPECT_EQ(versions("bake:a"), 1u);
  keep("bake:a", "02X-0123456789", "sha-1");
  EXPECT_EQ(find("bake:a")->id, "02X-0123456789");
}

TEST(BakeId, NamesTheExecutionAndTheAttemptsOfOneStep) {
  const std::string id = bake_id("01X/stage/5/1/bake");
  EXPECT_THAT(id, MatchesRegex("01X-[0-9a-f]{10}"));
  EXPECT_EQ(execution_of_bake(id), "01X");
  EXPECT_NE(id, bake_id("01X/stage/6/1/bake"));
}

}  // namespace
}  // namespace gennaker::bakery
