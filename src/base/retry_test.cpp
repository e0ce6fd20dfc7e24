#include "base/retry.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/virtual_clock.h"

namespace gennaker::base {
namespace {

/// How often work is tried that fails so many times as it says, in virtual time.
int tries_of(int failures, Kind kind) {
  VirtualClock clock;
  asio::io_context io;
  int tries = 0;
  auto work = [&tries, failures, kind]() -> Async<void> {
    if (++tries <= failures) throw Error(kind, "not now");
    co_return;
  };
  asio::co_spawn(io, until_it_works(clock, "it could not be done", work), asio::detached);
  for (;;) {
    io.restart();
    while (io.poll() > 0) io.restart();
    const auto due = clock.next_due();
    if (!due) return tries;
    clock.advance_to(*due);
  }
}

TEST(UntilItWorks, TriesAgainWhatIsWorthIt) {
  EXPECT_EQ(tries_of(0, Kind::unavailable), 1);
  EXPECT_EQ(tries_of(20, Kind::unavailable), 21);
}

TEST(UntilItWorks, EndsWithAnErrorThatStays) {
  EXPECT_EQ(tries_of(20, Kind::internal), 1);
}

}  // namespace
}  // namespace gennaker::base
