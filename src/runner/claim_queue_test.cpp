#include "runner/claim_queue.h"

#include <gtest/gtest.h>

namespace gennaker::runner {
namespace {

TEST(ClaimQueues, AreReadAsTheyWereWritten) {
  ClaimQueue queue;
  EXPECT_EQ(ClaimQueue::parse("").text(), "");
  EXPECT_EQ(ClaimQueue::parse("nonsense").holder, std::nullopt);
  queue.wait({"e1", "s1", base::from_millis(1)});
  EXPECT_EQ(queue.text(), "\ne1/s1/1");
  queue.take({"e0", "s0", base::from_millis(2)});
  EXPECT_EQ(queue.text(), "e0/s0/2") << "who came before and did not take it has lost its turn";
  for (int i = 0; i < 600; ++i) queue.wait({"e" + std::to_string(i), "s", base::from_millis(i)});
  EXPECT_EQ(queue.waiting.size(), ClaimQueue::most_waiting);
  const ClaimQueue read = ClaimQueue::parse(queue.text());
  EXPECT_EQ(read.holder, queue.holder);
  EXPECT_EQ(read.waiting, queue.waiting);
}

}  // namespace
}  // namespace gennaker::runner
