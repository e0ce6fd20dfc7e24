#include "base/ids.h"

#include <gtest/gtest.h>

namespace gennaker::base {
namespace {

TEST(UlidSequence, KeepsTheOrderWithinAMillisecond) {
  SeededRandom random(1);
  UlidSequence ids(random);
  std::string last;
  for (int i = 0; i < 3000; ++i) {
    const std::string id = ids.next(from_millis(1'700'000'000'000 + i / 1000));
    EXPECT_EQ(id.size(), 26u);
    EXPECT_LT(last, id);
    last = id;
  }
}

/// Whose bits are all set: the next one carries over, and never stands still.
class Highest final : public Random {
 public:
  std::uint64_t next() override { return (calls_++ % 2 == 0) ? 0x1234 : UINT64_MAX; }

 private:
  int calls_ = 0;
};

TEST(UlidSequence, CarriesOver) {
  Highest random;
  UlidSequence ids(random);
  const std::string first = ids.next(from_millis(5)), second = ids.next(from_millis(5));
  EXPECT_LT(first, second);
}

}  // namespace
}  // namespace gennaker::base
