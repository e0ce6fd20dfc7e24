#include "net/http.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "net/compression.h"

namespace gennaker::net {
namespace {

TEST(Percent, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("deploy prod/é#?&+~-._"), "deploy%20prod%2F%C3%A9%23%3F%26%2B~-._");
  EXPECT_EQ(percent_decode("deploy%20prod%2f%C3%A9+"), "deploy prod/é+");
}

TEST(Percent, LeavesMalformedEscapesAlone) {
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
}

TEST(SplitPath, SplitsBeforeItDecodes) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split_path("/a%2Fb/c"), (Parts{"a/b", "c"}));
  EXPECT_EQ(split_path("/a/b/"), (Parts{"a", "b"}));
  EXPECT_EQ(split_path("/"), Parts{});
  EXPECT_EQ(split_path(""), Parts{});
  EXPECT_EQ(split_path("/a//b"), (Parts{"a", "", "b"}));
  EXPECT_EQ(split_path("/v1.2.3/x.json"), (Parts{"v1.2.3", "x.json"}));
}

TEST(QueryValues, FollowGatesRules) {
  const auto query = parse_query("a=1&a=2&b=x%2Cy&empty=&plus=a+b%2B&flag&&c==&%C3%A9=u");
  EXPECT_EQ(query.get("a"), "1,2");
  EXPECT_EQ(query.list("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query.list("b"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(query.get("empty"), std::nullopt);
  EXPECT_EQ(query.get("flag"), std::nullopt);
  EXPECT_TRUE(query.list("empty").empty());
  EXPECT_EQ(query.get("plus"), "a b+");
  EXPECT_EQ(query.get("c"), "=");
  EXPECT_EQ(query.get("é"), "u");
  EXPECT_EQ(query.get_or("none", "x"), "x");
}

TEST(QueryValues, RefusesWithTheParametersName) {
  const auto query = parse_query("yes=ON&no=0&bad=maybe&n=12&big=999&text=3x&huge=99999999999999999999");
  EXPECT_TRUE(query.flag("yes", false));
  EXPECT_FALSE(query.flag("no", true));
  EXPECT_TRUE(query.flag("absent", true));
  EXPECT_EQ(query.number("n", 0, 0, 100), 12);
  EXPECT_EQ(query.number("absent", 7, 0, 100), 7);
  const auto field = [](auto ask) -> std::string {
    try {
      ask();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::Kind::invalid);
      return std::string(error.details().at("field").as_string());
    }
    return "accepted";
  };
  EXPECT_EQ(field([&] { query.flag("bad", false); }), "bad");
  for (const std::string name : {"big", "text", "huge"}) {
    EXPECT_EQ(field([&] { query.number(name, 0, 0, 100); }), name);
  }
}

TEST(HeaderNames, CompareWithoutCase) {
  const Headers headers = {{"Content-Type", "x"}};
  EXPECT_TRUE(headers.contains("content-type"));
  EXPECT_FALSE(headers.contains("content-typ"));
}

TEST(AcceptEncoding, KnowsWhoTakesGzip) {
  for (const auto* yes : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "*", "br,gzip;q=0.1"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const auto* no : {"", "identity", "gzip;q=0", "br, gzip; q=0.0", "xgzip"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace gennaker::net
