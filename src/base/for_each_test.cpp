#include "base/for_each.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

#include "testing/run_async.h"

namespace gennaker::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ForEach : public ::testing::Test {
 protected:
  Async<void> note(int item) {
    most_ = std::max(most_, ++running_);
    begun_.push_back(item);
    for (int i = 0; i < 3; ++i) co_await asio::post(asio::use_awaitable);
    --running_;
    if (item == 13) throw std::runtime_error("13");
    ended_.push_back(item);
  }
  void run(std::vector<int> items, std::size_t at_most) {
    auto work = [this](int item) { return note(item); };
    testing::run_async(io_, for_each(std::move(items), at_most, work));
  }

  boost::asio::io_context io_{1};
  int running_ = 0, most_ = 0;
  std::vector<int> begun_, ended_;
};

TEST_F(ForEach, BeginsInOrderAndEndsWithAll) {
  run({1, 2, 3, 4, 5}, 2);
  EXPECT_THAT(begun_, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(ended_.size(), 5u);
  EXPECT_EQ(most_, 2);
}

TEST_F(ForEach, HasNothingToDo) {
  run({}, 4);
  EXPECT_THAT(begun_, IsEmpty());
}

TEST_F(ForEach, BeginsNoOtherOnceOneFailed) {
  EXPECT_THROW(run({1, 13, 3, 4, 5, 6, 7}, 2), std::runtime_error);
  EXPECT_LT(begun_.size(), 7u);
  EXPECT_EQ(running_, 0) << "those under way have ended";
}

}  // namespace
}  // namespace gennaker::base
