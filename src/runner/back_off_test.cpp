#include "runner/back_off.h"

#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::runner {
namespace {

using gennaker::testing::stage;
using std::chrono::milliseconds;

const BackOff back_off{.everywhere = milliseconds(2'000),
                       .of_provider = {{"local", milliseconds(5'000)}},
                       .of_account = {{"prod", milliseconds(8'000)}}};

struct Case {
  std::string_view name, context;
  int wish_ms, after_ms;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class Lengthen : public ::testing::TestWithParam<Case> {};

TEST_P(Lengthen, TakesTheLongest) {
  const Case& c = GetParam();
  Again wish{.after = milliseconds(c.wish_ms), .waiting_for = ""};
  lengthen(back_off, stage({.context = std::string(c.context)}), wish);
  EXPECT_EQ(wish.after, milliseconds(c.after_ms));
}

INSTANTIATE_TEST_SUITE_P(
    Stages, Lengthen,
    ::testing::Values(
        Case{"everywhere", "{}", 1'000, 2'000}, Case{"the task's own is longer", "{}", 60'000, 60'000},
        Case{"a provider", R"({"cloudProvider": "local"})", 1'000, 5'000},
        Case{"another provider", R"({"cloudProvider": "far"})", 1'000, 2'000},
        Case{"credentials", R"({"cloudProvider": "local", "credentials": "prod"})", 1'000, 8'000},
        Case{"account", R"({"account": "prod"})", 1'000, 8'000},
        Case{"another account", R"({"account": "test"})", 1'000, 2'000},
        Case{"the stage's own", R"({"account": "prod", "backoffPeriodMs": "9000"})", 1'000, 9'000},
        Case{"the stage's own is shorter", R"({"account": "prod", "backoffPeriodMs": 10})", 1'000, 8'000},
        Case{"a period that is none", R"({"backoffPeriodMs": "soon"})", 1'000, 2'000},
        Case{"goes on at once", R"({"account": "prod", "backoffPeriodMs": 9000})", 0, 0}));

TEST(Lengthen, LetsNewsThroughUnlessTheStageSaysHowLong) {
  Again wish{.after = milliseconds(1), .waiting_for = "", .wake_on = "inventory/prod"};
  lengthen(back_off, stage({.context = R"({"account": "prod"})"}), wish);
  EXPECT_EQ(wish.wake_on, "inventory/prod");
  lengthen(back_off, stage({.context = R"({"backoffPeriodMs": 5})"}), wish);
  EXPECT_EQ(wish.wake_on, "");
}

}  // namespace
}  // namespace gennaker::runner
