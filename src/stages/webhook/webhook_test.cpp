#include "stages/webhook/webhook.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "net/test_server.h"
#include "stages/bind_artifacts.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using gennaker::testing::execution;
using gennaker::testing::object;
using model::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers in turn; the last answer is given for ever. Keeps what was asked.
class Script final : public net::HttpClient {
 public:
  using Answer = std::variant<net::ClientResponse, base::Error>;
  void answer(int status, std::string body = "{}", net::Headers headers = {}) {
    answers_.push_back(net::ClientResponse{status, std::move(headers), std::move(body)});
  }
  void fail(base::Kind kind, bool sent) {
    answers_.push_back(base::Error(kind, "GET x: broken", {{"sent", sent}}));
  }

  net::Async<net::ClientResponse> send(net::ClientRequest request) override {
    requests.push_back(request);
    if (answers_.empty()) throw base::Error(base::Kind::internal, "the script has no answer");
    const Answer answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    if (const auto* error = std::get_if<base::Error>(&answer)) throw *error;
    co_return std::get<net::ClientResponse>(answer);
  }

  std::vector<std::string> calls() const {
    std::vector<std::string> calls;
    for (const auto& request : requests) calls.push_back(request.method + " " + request.url);
    return calls;
  }

  std::vector<net::ClientRequest> requests;

 private:
  std::deque<Answer> answers_;
};

class WebhookStage : public ::testing::Test {
 protected:
  void configure(std::string_view section = "{}") {
    runner::Catalogs catalogs = world_.catalogs();
    add_bind_artifacts(catalogs);
    add_webhook(catalogs, script_, read_webhook_options(object(section), [](const std::string& name) {
                  return std::optional<std::string>("value of " + name);
                }));
  }
  model::Execution pipeline(std::string_view context, std::string type = "webhook") {
    json::object fields = object(context);
    if (!fields.contains("url")) fields["url"] = "http://ci.example.com/jobs";
    return execution({{.type = std::move(type), .context = base::to_text(fields)}});
  }
  Status run(std::string_view context, std::string type = "webhook") {
    if (world_.catalogs().stages.all().empty()) configure();
    return world_.run(pipeline(context, std::move(type)));
  }
  const json::object& context() { return world_.execution().stages.front().context; }
  const json::object& webhook() { return context().at("webhook").as_object(); }
  const json::object& monitor() { return webhook().at("monitor").as_object(); }

  gennaker::testing::StageWorld world_;
  Script script_;
};

TEST_F(WebhookStage, CallsAndKeepsTheAnswer) {
  script_.answer(201, R"({"id": 7})", {{"X-Job", "a"}, {"Set-Cookie", "session=1"}});
  EXPECT_EQ(run(R"({"payload": {"a": 1}, "customHeaders": {"X-Key": "k", "X-List": ["a", "b"]}})"),
            Status::succeeded);
  ASSERT_EQ(script_.requests.size(), 1u);
  const auto& request = script_.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, R"({"a":1})");
  EXPECT_EQ(request.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(request.headers.at("X-Key"), "k");
  EXPECT_EQ(request.headers.at("X-List"), "a, b");
  EXPECT_TRUE(request.headers.contains("Idempotency-Key"));
  EXPECT_EQ(webhook(), object(R"({"statusCode": "CREATED", "statusCodeValue": 201, "headers": {"X-Job": "a"},
                                  "body": {"id": 7}})"));
  EXPECT_TRUE(world_.execution().stages.front().outputs.empty());
}

TEST_F(WebhookStage, SendsNoBodyWithAGet) {
  script_.answer(200, "plain text");
  EXPECT_EQ(run(R"({"method": "get", "payload": {"a": 1}})"), Status::succeeded);
  EXPECT_EQ(script_.requests[0].method, "GET");
  EXPECT_EQ(script_.requests[0].body, "");
  EXPECT_EQ(webhook().at("body"), "plain text");
}

struct Refused {
  std::string_view name, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.name;
}
class WebhookRefuses : public WebhookStage, public ::testing::WithParamInterface<Refused> {};

TEST_P(WebhookRefuses, BeforeAnythingIsSent) {
  EXPECT_EQ(run(GetParam().context), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr(std::string(GetParam().message)));
  EXPECT_TRUE(script_.requests.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Fields, WebhookRefuses,
    ::testing::Values(
        Refused{"no URL", R"({"url": ""})", "url: a URL is needed"},
        Refused{"another scheme", R"({"url": "file:///etc/passwd"})", "url: "},
        Refused{"metadata service", R"({"url": "http://169.254.169.254/x"})", "may not be called"},
        Refused{"a header that says who acts", R"({"customHeaders": {"x-spinnaker-user": "root"}})",
                "may not be set"},
        Refused{"headers that are none", R"({"customHeaders": []})", "customHeaders: an object is needed"},
        Refused{"method", R"({"method": "BREW"})", "method: 'BREW' is none of"},
        Refused{"monitorOnly alone", R"({"monitorOnly": true})", "monitorOnly: needs waitForCompletion"},
        Refused{"resolution", R"({"waitForCompletion": true, "statusUrlResolution": "guess"})",
                "statusUrlResolution"},
        Refused{"no path", R"({"waitForCompletion": true, "statusUrlResolution": "webhookResponse"})",
                "statusUrlJsonPath"},
        Refused{"broken path", R"({"waitForCompletion": true, "statusJsonPath": "$["})",
                "statusJsonPath: JSON path"},
        Refused{"unknown secret", R"({"signature": {"secret": "none"}})",
                "signature.secret: 'none' is not among"}));

TEST_F(WebhookStage, TriesAgainAfterServerErrorsOnly) {
  script_.answer(503);
  script_.answer(429);
  script_.answer(200);
  EXPECT_EQ(run("{}"), Status::succeeded);
  ASSERT_EQ(script_.requests.size(), 3u);
  EXPECT_EQ(script_.requests[0].headers.at("Idempotency-Key"),
            script_.requests[2].headers.at("Idempotency-Key"));
}

TEST_F(WebhookStage, FailsAtOnceWhereThatIsAsked) {
  script_.answer(504);
  EXPECT_EQ(run("{}"), Status::terminal);
  EXPECT_EQ(world_.error(), "http://ci.example.com/jobs answered with status 504");
  EXPECT_EQ(base::plain_text(webhook().at("error")), world_.error());
  EXPECT_EQ(run(R"({"failFastStatusCodes": [503]})"),
            Status::terminal);  // 504 is now retried, until the time-out
  EXPECT_THAT(world_.error(), HasSubstr("timed out"));
}

TEST_F(WebhookStage, RetriesTheCodesThatTheStageNames) {
  script_.answer(404);
  script_.answer(200);
  EXPECT_EQ(run(R"({"webhookRetryStatusCodes": ["404"]})"), Status::succeeded);
}

TEST_F(WebhookStage, NeverShowsAQuery) {
  script_.answer(404);
  EXPECT_EQ(run(R"({"url": "http://ci.example.com/jobs?token=secret"})"), Status::terminal);
  EXPECT_THAT(world_.error(), Not(HasSubstr("secret")));
}

TEST_F(WebhookStage, NeverShowsTheCredentialsOfAUrl) {
  script_.answer(404);
  EXPECT_EQ(run(R"({"url": "http://ann:secret@ci.example.com/jobs"})"), Status::terminal);
  EXPECT_EQ(world_.error(), "http://ci.example.com/jobs answered with status 404");
  script_ = Script();
  script_.answer(200);
  script_.answer(404);
  EXPECT_EQ(run(R"({"url": "http://ann:secret@ci.example.com/jobs", "waitForCompletion": true,
                    "statusJsonPath": "$.status", "successStatuses": "ok"})"),
            Status::terminal);
  EXPECT_EQ(world_.error(), "http://ci.example.com/jobs answered with status 404");
}

TEST_F(WebhookStage, KeepsAPreconfiguredUrlOutOfTheContext) {
  configure(
      R"({"preconfigured": [{"type": "notify", "url": "http://ann:secret@ci.example.com/jobs?token=secret",
                                   "waitForCompletion": true, "statusJsonPath": "$.status",
                                   "successStatuses": "ok"}]})");
  script_.answer(200);
  script_.answer(200, R"({"status": "ok"})");
  EXPECT_EQ(run("{}", "notify"), Status::succeeded);
  const std::string url = "http://ann:secret@ci.example.com/jobs?token=secret";
  EXPECT_THAT(script_.calls(), ElementsAre("POST " + url, "GET " + url));
  EXPECT_EQ(context().at("statusEndpoint"), "http://ci.example.com/jobs");
  EXPECT_THAT(base::to_text(context()), Not(HasSubstr("secret")));
}

TEST_F(WebhookStage, RepeatsWhatWasCertainlyNotReceived) {
  script_.fail(base::Kind::unavailable, false);
  script_.answer(200);
  EXPECT_EQ(run("{}"), Status::succeeded);
  EXPECT_EQ(script_.requests.size(), 2u);
}

TEST_F(WebhookStage, DoesNotRepeatAPostThatMayHaveBeenReceived) {
  script_.fail(base::Kind::timeout, true);
  EXPECT_EQ(run("{}"), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("may have been carried out"));
  EXPECT_EQ(script_.requests.size(), 1u);
}

TEST_F(WebhookStage, RepeatsAGetAndWhatTheServerCallsSafe) {
  configure(R"({"allowedRequests": [{"httpMethods": ["GET", "POST"], "url": "http://ci.example.com/",
                                    "safeToRetry": true}]})");
  for (const char* fields : {R"({"method": "GET"})", "{}"}) {
    script_ = Script();
    script_.fail(base::Kind::timeout, true);
    script_.answer(200);
    EXPECT_EQ(run(fields), Status::succeeded) << fields;
  }
}

TEST_F(WebhookStage, CallsOnlyWhatTheServerAllows) {
  configure(R"({"allowedRequests": [{"httpMethods": ["get"], "url": "http://ci\\.example\\.com/.*",
                                    "matchStrategy": "PATTERN_MATCHES"}]})");
  script_.answer(200);
  EXPECT_EQ(run("{}"), Status::terminal);
  EXPECT_EQ(world_.error(), "http method 'POST', uri: 'http://ci.example.com/jobs' not allowed");
  EXPECT_EQ(run(R"({"method": "GET"})"), Status::succeeded);
}

// ---- waiting for completion ----

TEST_F(WebhookStage, AsksTheSameUrlUntilTheStatusIsGood) {
  script_.answer(200);
  script_.answer(200, R"({"state": "busy", "done": "2 of 3"})");
  script_.answer(200, R"({"state": "Fine", "done": "3 of 3"})");
  EXPECT_EQ(run(R"({"waitForCompletion": true, "statusJsonPath": "$.state", "progressJsonPath": "$.done",
                    "successStatuses": "ok, fine", "terminalStatuses": "bad"})"),
            Status::succeeded);
  EXPECT_THAT(script_.calls(),
              ElementsAre("POST http://ci.example.com/jobs", "GET http://ci.example.com/jobs",
                          "GET http://ci.example.com/jobs"));
  EXPECT_EQ(monitor().at("resolvedValue"), "Fine");
  EXPECT_EQ(monitor().at("progressMessage"), "3 of 3");
  EXPECT_EQ(context().at("statusEndpoint"), "http://ci.example.com/jobs");
}

TEST_F(WebhookStage, FollowsTheLocationHeaderWithTheSchemeThatWorked) {
  script_.answer(202, "{}", {{"Location", "http://ci.example.com/jobs/7"}});
  script_.answer(200);
  EXPECT_EQ(run(R"({"url": "https://ci.example.com/jobs", "waitForCompletion": true,
                    "statusUrlResolution": "locationHeader"})"),
            Status::succeeded);
  EXPECT_EQ(script_.calls()[1], "GET https://ci.example.com/jobs/7");
}

TEST_F(WebhookStage, FindsTheStatusUrlInTheAnswer) {
  script_.answer(200, R"({"links": [{"rel": "self", "href": "x"}, {"rel": "status", "href": "/jobs/8"}]})");
  script_.answer(200);
  const char* fields = R"({"waitForCompletion": true, "statusUrlResolution": "webhookResponse",
                          "statusUrlJsonPath": "$.links[?(@.rel=='status')].href"})";
  EXPECT_EQ(run(fields), Status::succeeded);
  EXPECT_EQ(script_.calls()[1], "GET http://ci.example.com/jobs/8");
  script_ = Script();
  script_.answer(200, "{}");
  EXPECT_EQ(run(fields), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("holds no status URL"));
}

TEST_F(WebhookStage, TakesANumberForPerCent) {
  script_.answer(200);
  script_.answer(200, R"({"p": 40})");
  script_.answer(200, R"({"p": 100})");
  EXPECT_EQ(run(R"({"waitForCompletion": true, "statusJsonPath": "$.p"})"), Status::succeeded);
  EXPECT_EQ(monitor().at("percentComplete"), 100);
}

struct Judged {
  std::string_view body, error;
  Status status;
};
void PrintTo(const Judged& c, std::ostream* out) {
  *out << c.body;
}
class WebhookJudges : public WebhookStage, public ::testing::WithParamInterface<Judged> {};

TEST_P(WebhookJudges, TheAnswer) {
  script_.answer(200);
  script_.answer(200, std::string(GetParam().body));
  EXPECT_EQ(run(R"({"waitForCompletion": true, "statusJsonPath": "$.state", "successStatuses": "ok",
                    "canceledStatuses": "gone", "terminalStatuses": "bad"})"),
            GetParam().status);
  EXPECT_THAT(world_.error(), HasSubstr(std::string(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    Statuses, WebhookJudges,
    ::testing::Values(Judged{R"({"state": "OK"})", "", Status::succeeded},
                      Judged{R"({"state": "bad"})", "the status is 'bad'", Status::terminal},
                      Judged{R"({"state": "gone"})", "the status is 'gone'", Status::canceled},
                      Judged{R"({"other": 1})",
                             "Unable to parse status: JSON property '$.state' not found in response body",
                             Status::terminal},
                      Judged{R"({"state": {"a": 1}})",
                             "The json path '$.state' did not resolve to a single value", Status::terminal}));

TEST_F(WebhookStage, NeedsToKnowWhichWordIsGood) {
  script_.answer(200);
  script_.answer(200, R"({"state": "ok"})");
  EXPECT_EQ(run(R"({"waitForCompletion": true, "statusJsonPath": "$.state"})"), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("successStatuses: a list is needed"));
}

TEST_F(WebhookStage, LooksAgainAsOftenAsTheStageSays) {
  const char* fields = R"({"waitForCompletion": true, "retries": {"404": {"maxAttempts": 3}}})";
  script_.answer(200);
  script_.answer(404);
  script_.answer(404);
  script_.answer(200);
  EXPECT_EQ(run(fields), Status::succeeded);
  EXPECT_EQ(monitor().at("pastStatusCodes").as_array().size(), 2u);
  script_ = Script();
  script_.answer(200);
  script_.answer(404);
  EXPECT_EQ(run(fields), Status::terminal);
  EXPECT_EQ(script_.requests.size(), 4u);  // the call, and three looks
  EXPECT_EQ(monitor().at("statusCode"), "NOT_FOUND");
}

TEST_F(WebhookStage, LooksAgainAfterABrokenConnection) {
  script_.answer(200);
  script_.fail(base::Kind::timeout, true);
  script_.answer(500);
  script_.answer(200);
  EXPECT_EQ(run(R"({"waitForCompletion": true})"), Status::succeeded);
}

TEST_F(WebhookStage, WaitsBeforeTheFirstLook) {
  script_.answer(200);
  const auto begun = world_.clock().now();
  EXPECT_EQ(run(R"({"waitForCompletion": true, "waitBeforeMonitor": "30"})"), Status::succeeded);
  EXPECT_GE(world_.clock().now() - begun, std::chrono::seconds(30));
}

TEST_F(WebhookStage, OnlyMonitors) {
  script_.answer(200);
  EXPECT_EQ(run(R"({"url": "", "monitorOnly": true, "waitForCompletion": true,
                    "statusEndpoint": "http://ci.example.com/status"})"),
            Status::succeeded);
  EXPECT_THAT(script_.calls(), ElementsAre("GET http://ci.example.com/status"));
}

constexpr const char* cancellable =
    R"({"waitForCompletion": true, "statusJsonPath": "$.state", "successStatuses": "ok",
    "terminalStatuses": "bad", "cancelEndpoint": "http://ci.example.com/stop", "cancelMethod": "PUT",
    "cancelPayload": {"why": "off"}})";

TEST_F(WebhookStage, CallsOffWhenTheExecutionIsCancelled) {
  configure();
  script_.answer(200);
  script_.answer(200, R"({"state": "busy"})");
  world_.run_until(pipeline(cancellable),
                   [&](const model::Execution&) { return script_.requests.size() == 2; });
  EXPECT_EQ(world_.cancel(), Status::canceled);
  EXPECT_EQ(script_.calls().back(), "PUT http://ci.example.com/stop");
  EXPECT_EQ(script_.requests.back().body, R"({"why":"off"})");
}

TEST_F(WebhookStage, CallsOffOnceWhenTheStageFails) {
  script_.answer(200);
  script_.answer(200, R"({"state": "bad"})");
  EXPECT_EQ(run(cancellable), Status::terminal);
  EXPECT_THAT(script_.calls(),
              ElementsAre("POST http://ci.example.com/jobs", "GET http://ci.example.com/jobs",
                          "PUT http://ci.example.com/stop"));
}

TEST_F(WebhookStage, CallsOffAfterATimeOutAndOutlivesAFailureOfThat) {
  script_.answer(200);
  for (int i = 0; i < 400; ++i) script_.answer(200, R"({"state": "busy"})");
  script_.fail(base::Kind::unavailable, false);
  json::object fields = object(cancellable);
  fields["stageTimeoutMs"] = 10'000;
  EXPECT_EQ(run(base::to_text(fields)), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("timed out"));
  EXPECT_EQ(script_.calls().back(), "PUT http://ci.example.com/stop");
}

TEST_F(WebhookStage, CallsOffOnceWhatTheStatusCallsCanceled) {
  for (const char* option : {"completeOtherBranchesThenFail", "continuePipeline"}) {
    script_ = Script();
    script_.answer(200);
    script_.answer(200, R"({"state": "gone"})");
    json::object fields = object(cancellable);
    fields["canceledStatuses"] = "gone";
    fields["failPipeline"] = false;
    fields[option] = true;
    run(base::to_text(fields));
    EXPECT_THAT(script_.calls(),
                ElementsAre("POST http://ci.example.com/jobs", "GET http://ci.example.com/jobs",
                            "PUT http://ci.example.com/stop"))
        << option;
  }
}

TEST_F(WebhookStage, DoesNotCallOffWhatWasNeverStarted) {
  script_.answer(404);
  EXPECT_EQ(run(cancellable), Status::terminal);
  EXPECT_EQ(script_.requests.size(), 1u);
}

TEST_F(WebhookStage, BindsTheArtifactsOfTheAnswer) {
  script_.answer(200, R"({"artifacts": [{"type": "docker/image", "name": "shop", "reference": "shop:2"}]})");
  EXPECT_EQ(run(R"({"expectedArtifacts": [{"id": "e", "matchArtifact": {"name": "shop"}}]})"),
            Status::succeeded);
  EXPECT_EQ(world_.execution().stages.front().outputs.at("artifacts").at(0).at("reference"), "shop:2");
}

// ---- signatures ----

TEST_F(WebhookStage, SignsBodyAndTime) {
  configure(R"({"secrets": {"shop": {"environment": "SHOP_KEY"}}})");
  script_.answer(200);
  EXPECT_EQ(run(R"({"payload": {"a": 1}, "signature": {"secret": "shop"}})"), Status::succeeded);
  const auto& headers = script_.requests[0].headers;
  const std::string time = headers.at("X-Gennaker-Timestamp");
  EXPECT_EQ(time, std::to_string(base::to_millis(world_.clock().now()) / 1000));
  EXPECT_EQ(headers.at("X-Gennaker-Signature"),
            "sha256=" + base::to_hex(*base::hmac("sha256", "value of SHOP_KEY", time + R"(.{"a":1})")));
  EXPECT_THAT(base::to_text(context()), Not(HasSubstr("SHOP_KEY")));
}

TEST_F(WebhookStage, SignsAsGitHubDoesWithoutATime) {
  configure(R"({"secrets": {"hub": {"value": "key"}}})");
  script_.answer(200);
  EXPECT_EQ(run(R"({"payload": "text", "signature": {"secret": "hub", "header": "X-Hub-Signature-256",
                    "timestamp": false}})"),
            Status::succeeded);
  const auto& headers = script_.requests[0].headers;
  EXPECT_EQ(headers.at("X-Hub-Signature-256"),
            "sha256=" + base::to_hex(*base::hmac("sha256", "key", "text")));
  EXPECT_FALSE(headers.contains("X-Gennaker-Timestamp"));
}

// ---- preconfigured ----

constexpr const char* with_deploy_hook = R"({"preconfigured": [{
    "type": "deployHook", "label": "Deploy hook", "url": "http://hooks.example.com/${parameterValues.app}",
    "method": "PUT", "customHeaders": {"Authorization": "Bearer hidden"},
    "parameters": [{"name": "app", "defaultValue": "shop"}], "permissions": {"WRITE": ["deployers"]}}]})";

TEST_F(WebhookStage, PreconfiguredOnesHideWhatTheyAre) {
  configure(with_deploy_hook);
  script_.answer(200);
  auto made = pipeline(R"({"url": "http://elsewhere.example.com", "payload": {"a": 1}})", "deployHook");
  made.authentication["roles"] = json::array{"deployers"};
  EXPECT_EQ(world_.run(made), Status::succeeded) << world_.error();
  EXPECT_THAT(script_.calls(), ElementsAre("PUT http://hooks.example.com/shop"));
  EXPECT_EQ(script_.requests[0].headers.at("Authorization"), "Bearer hidden");
  EXPECT_EQ(script_.requests[0].body, R"({"a":1})");
  EXPECT_THAT(base::to_text(context()), Not(HasSubstr("hidden")));
  made.stages[0].context["parameterValues"] = object(R"({"app": "pay"})");
  world_.run(made);
  EXPECT_EQ(script_.calls().back(), "PUT http://hooks.example.com/pay");
}

TEST_F(WebhookStage, PreconfiguredOnesAreForThoseWithTheRole) {
  configure(with_deploy_hook);
  EXPECT_EQ(run("{}", "deployHook"), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("permissions: none of the user's roles"));
}

TEST(WebhookOptions, SayWhatIsWrong) {
  const auto refusal = [](std::string_view section) -> std::string {
    try {
      read_webhook_options(object(section), [](const std::string&) { return std::nullopt; });
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("{}"), "");
  EXPECT_THAT(refusal(R"({"retry": 1})"), HasSubstr("webhook.retry: is unknown"));
  EXPECT_THAT(refusal(R"({"urlRestrictions": {"rejectedIps": ["x"]}})"), HasSubstr("'x' is no address"));
  EXPECT_THAT(refusal(R"({"allowedRequests": [{"url": "(", "matchStrategy": "PATTERN_MATCHES"}]})"),
              HasSubstr("webhook.allowedRequests[0].url: is no regular expression"));
  EXPECT_THAT(refusal(R"({"secrets": {"a": {"file": "/nowhere/at/all"}}})"),
              HasSubstr("webhook.secrets.a.file: the file /nowhere/at/all cannot be read"));
  EXPECT_THAT(refusal(R"({"secrets": {"a": {"environment": "NOT_SET"}}})"), HasSubstr("webhook.secrets.a: "));
  EXPECT_THAT(refusal(R"({"preconfigured": [{}]})"), HasSubstr("webhook.preconfigured[0].type"));
}

// ---- a real server and the real client ----

TEST(WebhookTask, CallsARealServer) {
  using net::testing::TestServer;
  net::Router router;
  std::string seen;
  router.add("POST", "/hook", [&seen](const net::Request& request) -> net::Async<net::Response> {
    seen = request.body + request.header_or("Idempotency-Key", "none");
    net::Response response{
        .status = 202, .headers = {{"Content-Type", "application/json"}}, .body = R"({"ok": true})"};
    co_return response;
  });
  TestServer server(std::move(router));
  net::Client client;
  engine::StageCatalog stages;
  runner::TaskCatalog tasks;
  runner::Catalogs catalogs{stages, tasks};
  add_webhook(catalogs, client, read_webhook_options({}, {}));
  auto made = std::make_shared<model::Execution>(
      execution({{.type = "webhook",
                  .context = fmt::format(R"({{"url": "{}", "payload": "hello "}})", server.url("/hook"))}}));
  made->stages[0].start_time = base::TimePoint{};
  const runner::TaskContext context(made, made->stages[0], {.id = "1"}, base::TimePoint{});
  const auto result = net::testing::run(tasks.find("createWebhook")->run(context));
  EXPECT_EQ(result.status, Status::succeeded);
  EXPECT_EQ(result.context.at("webhook").at("body"), object(R"({"ok": true})"));
  EXPECT_EQ(seen, "hello " + context.key("webhook"));
}

}  // namespace
}  // namespace gennaker::stages
