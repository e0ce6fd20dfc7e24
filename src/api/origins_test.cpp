#include "api/origins.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gennaker::api {
namespace {

struct Case {
  std::string_view name, method, origin, host;
  bool allowed;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class OriginsCheck : public testing::TestWithParam<Case> {};

TEST_P(OriginsCheck, KeepsStrangersPagesOut) {
  const Origins origins({"https://deck.example.com"});
  net::Request request;
  request.method = GetParam().method;
  request.headers["Host"] = GetParam().host;
  if (!GetParam().origin.empty()) request.headers["Origin"] = GetParam().origin;
  if (GetParam().allowed) {
    EXPECT_NO_THROW(origins.check(request));
  } else {
    EXPECT_THROW(origins.check(request), base::Error);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Requests, OriginsCheck,
    testing::Values(Case{"a command line", "POST", "", "127.0.0.1:8084", true},
                    Case{"our page", "POST", "http://127.0.0.1:8084", "127.0.0.1:8084", true},
                    Case{"our page by name", "POST", "http://localhost:8084", "localhost:8084", true},
                    Case{"IPv6", "PUT", "http://[::1]:8084", "[::1]:8084", true},
                    Case{"a listed page", "POST", "https://deck.example.com", "127.0.0.1:8084", true},
                    Case{"a stranger reads", "GET", "https://evil.example", "127.0.0.1:8084", true},
                    Case{"a stranger", "POST", "https://evil.example", "127.0.0.1:8084", false},
                    Case{"a stranger deletes", "DELETE", "https://evil.example", "127.0.0.1:8084", false},
                    Case{"another port", "POST", "http://127.0.0.1:9000", "127.0.0.1:8084", false},
                    Case{"no origin to name", "POST", "null", "127.0.0.1:8084", false},
                    Case{"a name pointed at us", "POST", "http://evil.example:8084", "evil.example:8084",
                         false}));

TEST(Origins, OnlyListedPagesMayReadAnswers) {
  const Origins origins({"https://deck.example.com"});
  net::Request request;
  EXPECT_FALSE(origins.lists(request));
  request.headers["Origin"] = "https://evil.example";
  EXPECT_FALSE(origins.lists(request));
  request.headers["Origin"] = "https://deck.example.com";
  EXPECT_TRUE(origins.lists(request));
}

}  // namespace
}  // namespace gennaker::api
