#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace gennaker::base {
namespace {

std::int64_t millis(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? to_millis(*time) : -1;
}

TEST(Rfc3339, ReadsMoments) {
  EXPECT_EQ(millis("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(millis("2026-11-26T06:59:01Z"), 1'795'676'341'000);
  EXPECT_EQ(millis("2026-11-26T06:59:01.097369768Z"), 1'795'676'341'097);
  EXPECT_EQ(millis("2026-11-26T06:59:01.5Z"), 1'795'676'341'500);
  EXPECT_EQ(millis("2026-11-26T08:59:01.5+02:00"), 1'795'676'341'500);
  EXPECT_EQ(millis("2026-11-26 01:29:01.5-05:30"), 1'795'676'341'500);
  EXPECT_LT(millis("0001-01-01T00:00:00Z"), -62'000'000'000'000);
}

TEST(Rfc3339, RefusesTheRest) {
  for (const std::string_view text :
       {"", "2026", "2026-11-26", "2026-11-26T06:59:01", "2026-11-26T06:59Z", "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-26T24:00:00Z", "2026-11-26T06:60:00Z", "2026-11-26T06:59:01.Z",
        "2026-11-26T06:59:01Zx", "2026-11-26T06:59:01+2", "26-11-26T06:59:01Z", "-026-11-26T06:59:01Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace gennaker::base
