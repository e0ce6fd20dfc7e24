#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace gennaker::net {
namespace {

Async<Response> reply(std::string text) {
  co_return Response{.body = std::move(text)};
}

Handler says(std::string name) {
  return [name](const Request& request) {
    std::string text = name;
    for (const auto& [key, value] : request.parameters) text += fmt::format(" {}={}", key, value);
    return reply(std::move(text));
  };
}

Router router() {
  Router router;
  for (const auto& [method, pattern] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/"},
           {"GET", "/pipelines/{id}"},
           {"DELETE", "/pipelines/{id}"},
           {"POST", "/pipelines/start"},
           {"POST", "/pipelines/{application}/{name}"},
           {"GET", "/pipelines/{id}/{stageId}/evaluateExpression"},
           {"GET", "/pipelines/v2/list"},
           {"GET", "/ui/{path...}"},
           {"GET", "/ui/settings.js"},
           {"PUT", "/files/{account}/{path...}"},
       }) {
    router.add(method, pattern, says(fmt::format("{} {}", method, pattern)));
  }
  return router;
}

struct Case {
  std::string_view name, method, path, expected;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class RouterTable : public ::testing::TestWithParam<Case> {};

TEST_P(RouterTable, FindsTheHandler) {
  const auto routes = router();
  Request request{.method = std::string(GetParam().method)};
  request.path = split_path(GetParam().path);
  std::vector<std::string> others;
  const Handler* handler = routes.find(request, &others);
  std::string found = fmt::format("none {}", fmt::join(others, ","));
  if (handler) found = testing::run((*handler)(request)).body;
  EXPECT_EQ(found, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, RouterTable,
    ::testing::Values(
        Case{"the root", "GET", "/", "GET /"},
        Case{"a placeholder", "GET", "/pipelines/01A", "GET /pipelines/{id} id=01A"},
        Case{"a trailing slash", "GET", "/pipelines/01A/", "GET /pipelines/{id} id=01A"},
        Case{"a literal before a placeholder", "POST", "/pipelines/start", "POST /pipelines/start"},
        Case{"a literal that has another method", "GET", "/pipelines/start", "GET /pipelines/{id} id=start"},
        Case{"other names at the same place", "POST", "/pipelines/web/deploy%20a%2Fb",
             "POST /pipelines/{application}/{name} application=web name=deploy a/b"},
        Case{"a literal branch that leads nowhere", "GET", "/pipelines/v2/s/evaluateExpression",
             "GET /pipelines/{id}/{stageId}/evaluateExpression id=v2 stageId=s"},
        Case{"a literal branch that leads on", "GET", "/pipelines/v2/list", "GET /pipelines/v2/list"},
        Case{"HEAD", "HEAD", "/pipelines/01A", "GET /pipelines/{id} id=01A"},
        Case{"the rest", "GET", "/ui/a/b%2Fc/d", "GET /ui/{path...} path=a/b/c/d"},
        Case{"an empty rest", "GET", "/ui", "GET /ui/{path...} path="},
        Case{"a literal before the rest", "GET", "/ui/settings.js", "GET /ui/settings.js"},
        Case{"a rest behind a literal that leads nowhere", "GET", "/ui/settings.js/x",
             "GET /ui/{path...} path=settings.js/x"},
        Case{"a placeholder and a rest", "PUT", "/files/prod/a/b",
             "PUT /files/{account}/{path...} account=prod path=a/b"},
        Case{"an unknown path", "GET", "/nothing", "none "},
        Case{"an empty segment", "GET", "/pipelines//evaluateExpression", "none "},
        Case{"another method", "PATCH", "/pipelines/01A", "none DELETE,GET,HEAD"},
        Case{"methods of all branches", "PATCH", "/pipelines/start", "none DELETE,GET,HEAD,POST"}));

}  // namespace
}  // namespace gennaker::net
