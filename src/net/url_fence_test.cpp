#include "net/url_fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace gennaker::net {
namespace {

using ::testing::HasSubstr;
using testing::run;
using testing::TestServer;

struct Case {
  std::string_view name, url, problem;  ///< no problem: allowed
  UrlRules rules = {};
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class Fence : public ::testing::TestWithParam<Case> {};

TEST_P(Fence, SaysWhatIsWrong) {
  const UrlFence fence(GetParam().rules);
  EXPECT_THAT(fence.problem(std::string(GetParam().url)).value_or(""),
              HasSubstr(std::string(GetParam().problem)));
  EXPECT_EQ(fence.problem(std::string(GetParam().url)).has_value(), !GetParam().problem.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Urls, Fence,
    ::testing::Values(
        Case{"a name", "https://example.com/a?b", ""}, Case{"this machine", "http://127.0.0.1:8090/", ""},
        Case{"no URL", "example.com", "is no URL"},
        Case{"another scheme", "ftp://example.com/", "must begin with http"},
        Case{"metadata service", "http://169.254.169.254/latest", "may not be called"},
        Case{"the same as IPv6", "http://[::ffff:169.254.169.254]/latest", "may not be called"},
        Case{"link local", "http://[fe80::1]/", "may not be called"},
        Case{"localhost", "http://localhost/", "this machine", {.reject_localhost = true}},
        Case{"localhost as address", "http://[::1]/", "may not be called", {.reject_localhost = true}},
        Case{"an address", "http://10.1.2.3/", "write its name", {.reject_verbatim_ips = true}},
        Case{"a network", "http://10.1.2.3/", "may not be called", {.rejected_ips = {"10.0.0.0/8"}}},
        Case{"beside the network", "http://11.1.2.3/", "", {.rejected_ips = {"10.0.0.0/8"}}},
        Case{"excluded", "http://a.internal/", "excludedDomains", {.excluded_domains = {"internal"}}},
        Case{"allowed domain", "http://api.example.com/", "", {.allowed_domains = {"example.com"}}},
        Case{"only looks like it",
             "http://badexample.com/",
             "allowedDomains",
             {.allowed_domains = {"example.com"}}},
        Case{"host pattern",
             "http://example.org/",
             "allowedHostnamesRegex",
             {.allowed_hostnames_regex = ".*\\.example\\.com"}}));

TEST(Fence, DoesNotRepeatSecrets) {
  const UrlFence fence(UrlRules{});
  for (const char* url : {"ftp://ann:secret@example.com/?token=secret", "ann:secret@example.com/",
                          "http://ann:secret@169.254.169.254/?token=secret"}) {
    EXPECT_THAT(fence.problem(url).value_or("secret"), Not(HasSubstr("secret"))) << url;
  }
}

TEST(FenceRules, AreRefusedWhenTheyMakeNoSense) {
  EXPECT_THROW(UrlFence({.allowed_hostnames_regex = "("}), base::Error);
  EXPECT_THROW(UrlFence({.rejected_ips = {"10.0.0.0/99"}}), base::Error);
}

Async<Response> show(const Request& request) {
  co_return Response{.body =
                         request.method + " " + request.header_or("X-Key", "no key") + " " + request.body};
}

Router routes(const std::string& other = "") {
  Router router;
  router.add("GET", "/show", show);
  router.add("POST", "/show", show);
  const auto redirect = [](int status, std::string to) {
    return [status, to](const Request&) -> Async<Response> {
      Response response{.status = status, .headers = {{"Location", to}}};
      co_return response;
    };
  };
  router.add("POST", "/near", redirect(307, "/show"));
  router.add("POST", "/later", redirect(303, "show"));
  router.add("POST", "/far", redirect(307, other));
  router.add("GET", "/circle", redirect(302, "/circle"));
  router.add("GET", "/inside", redirect(302, "http://169.254.169.254/"));
  return router;
}

std::string call(const std::string& method, const std::string& url, UrlRules rules = {}) {
  Client client;
  auto fence = std::make_shared<const UrlFence>(std::move(rules));
  ClientRequest request{.method = method, .url = url, .headers = {{"X-Key", "secret"}}};
  if (method == "POST") request.body = "body";
  try {
    return run(send_within(client, fence, std::move(request))).body;
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(SendWithin, FollowsRedirectsAndKeepsKeysAtHome) {
  TestServer other(routes());
  TestServer server(routes(other.url("/show")));
  EXPECT_EQ(call("POST", server.url("/near")), "POST secret body");
  EXPECT_EQ(call("POST", server.url("/later")), "GET secret ");
  EXPECT_EQ(call("POST", server.url("/far")), "POST no key body");
}

TEST(SendWithin, ChecksWhereRedirectsLead) {
  TestServer server(routes());
  EXPECT_THAT(call("GET", server.url("/inside")), HasSubstr("169.254.169.254"));
  EXPECT_THAT(call("GET", server.url("/circle")), HasSubstr("10 redirects"));
}

TEST(SendWithin, ChecksTheAddressesOfNames) {
  TestServer server(routes());
  const UrlRules rules{.rejected_ips = {"127.0.0.0/8", "::1"}};
  const auto url = fmt::format("http://localhost:{}/show", server.port());
  EXPECT_THAT(call("GET", url, rules), HasSubstr("may not be called"));
  EXPECT_EQ(call("GET", url), "GET secret ");
}

}  // namespace
}  // namespace gennaker::net
