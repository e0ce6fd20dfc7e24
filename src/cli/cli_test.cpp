#include "cli/cli.h"

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "net/sse.h"
#include "net/test_server.h"

namespace gennaker::cli {
namespace {

using net::Request;
using net::Response;
using net::testing::TestServer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace asio = base::asio;

/// A server that answers from a list, and remembers what it was asked.
class Script {
 public:
  /// The answers to "GET /path"; the last one is given again and again.
  void answer(const std::string& what, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[what].push_back({status, body});
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string last_asked() {
    const auto all = asked();
    return all.empty() ? "nothing" : all.back();
  }
  Response next(const Request& request) {
    const std::lock_guard lock(mutex_);
    const auto what = request.method + " " + request.target;
    asked_.push_back(request.body.empty() ? what : what + " " + request.body);
    auto found = answers_.find(what);
    if (found == answers_.end()) {
      return {.status = 404, .headers = {}, .body = R"({"status":404,"message":"There is no such thing"})"};
    }
    const auto [status, body] = found->second.front();
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::pair<int, std::string>>> answers_;
  std::vector<std::string> asked_;
};

Async<Response> reply(Script* script, const Request* request) {
  co_return script->next(*request);
}

Async<void> send_events(net::Stream& stream) {
  for (int i = 0; i < 100; ++i) {
    auto event = net::sse_event("execution", std::to_string(i), R"({"execution":{"id":"01X"},"stages":[]})");
    co_await stream.write(std::move(event));
    co_await base::sleep_for(std::chrono::milliseconds(20));
  }
}

Async<Response> events() {
  co_return Response{.headers = {{"Content-Type", "text/event-stream"}}, .stream = send_events};
}

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    net::Router router;
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      router.add(method, "/{path...}", [this](const Request& request) { return reply(&script_, &request); });
    }
    router.add("GET", "/events", [](const Request&) { return events(); });
    server_.emplace(std::move(router));
  }

  int gennaker(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    Surroundings around{.in = in_, .out = out_, .err = err_, .clock = clock_};
    around.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
    around.terminal = terminal_;
    around.utf8 = true;
    Programs programs;
    programs.serve = [this](const ServeOptions& options) {
      served_ = options;
      return 42;
    };
    programs.test_pipelines = [this](const TestOptions& options) {
      tested_ = options;
      return 43;
    };
    return run(std::move(arguments), around, programs);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  Script script_;
  std::optional<TestServer> server_;
  base::SystemClock clock_;
  std::stringstream in_;
  std::ostringstream out_, err_;
  bool terminal_ = false;
  std::optional<ServeOptions> served_;
  TestOptions tested_;
  std::map<std::string, std::string> environment_{{"USER", "anna"}, {"HOME", "/home/anna"}};

  void SetUp() override { environment_["GENNAKER_GATE"] = server_->url("/"); }
};

constexpr auto running =
    R"({"type":"PIPELINE","id":"01X","application":"web","name":"deploy","buildTime":1700000000000,
  "startTime":1700000000000,"status":"RUNNING","trigger":{"type":"manual","user":"anna"},"stages":[
  {"id":"s1","refId":"1","type":"manualJudgment","name":"Ask","status":"RUNNING","startTime":1700000001000,"context":{},
   "tasks":[]}]})";
constexpr auto succeeded =
    R"({"type":"PIPELINE","id":"01X","application":"web","name":"deploy","buildTime":1700000000000,
  "startTime":1700000000000,"endTime":1700000005000,"status":"SUCCEEDED","trigger":{},"stages":[{"id":"s1","refId":"1",
  "type":"manualJudgment","name":"Ask","status":"SUCCEEDED","startTime":1700000001000,"endTime":1700000004000}]})";
constexpr auto terminal =
    R"({"type":"PIPELINE","id":"01X","application":"web","name":"deploy","buildTime":1700000000000,
  "startTime":1700000000000,"endTime":1700000005000,"status":"TERMINAL","trigger":{},"stages":[]})";

TEST_F(CommandLineTest, HandsTestsOverWithoutAServer) {
  EXPECT_EQ(gennaker({"test", "a.test.yaml", "folder", "--format", "junit", "--output", "report.xml",
                      "--filter", "x y", "--jobs", "3"}),
            43);
  EXPECT_EQ(tested_.paths, (std::vector<std::string>{"a.test.yaml", "folder"}));
  EXPECT_EQ(tested_.format, "junit");
  EXPECT_EQ(tested_.file, "report.xml");
  EXPECT_EQ(tested_.filter, "x y");
  EXPECT_EQ(tested_.jobs, 3);
  EXPECT_EQ(gennaker({"test"}), usage);
  EXPECT_EQ(gennaker({"test", "a", "--format", "pdf"}), usage);
  EXPECT_EQ(gennaker({"test", "a", "--jobs", "0"}), usage);
}

TEST_F(CommandLineTest, ListsApplications) {
  script_.answer("GET /applications", 200,
                 R"([{"name":"web","email":"a@b.c","cloudProviders":"local"},{"name":"api"}])");
  EXPECT_EQ(gennaker({"application", "list"}), done);
  EXPECT_EQ(out(),
            "NAME  OWNER  CLOUD PROVIDERS  DESCRIPTION\n"
            "web   a@b.c  local            \n"
            "api                           \n");
  EXPECT_EQ(gennaker({"application", "list", "--quiet"}), done);
  EXPECT_EQ(out(), "web\napi\n");
  EXPECT_EQ(gennaker({"--output", "json", "application", "list"}), done);
  EXPECT_EQ(base::parse_json(out(), "output").as_array().size(), 2u);
}

TEST_F(CommandLineTest, SavesAnApplicationThroughATask) {
  script_.answer("POST /tasks", 200, R"({"ref":"/tasks/T1"})");
  script_.answer("GET /tasks/T1", 200, R"({"id":"T1","status":"RUNNING"})");
  script_.answer("GET /tasks/T1", 200, R"({"id":"T1","status":"SUCCEEDED"})");
  EXPECT_EQ(gennaker({"application", "save", "--name", "web", "--owner-email", "a@b.c", "--cloud-providers",
                      "local"}),
            done);
  EXPECT_EQ(out(), "Application web saved.\n");
  EXPECT_THAT(
      script_.asked(),
      Contains(
          R"(POST /tasks {"application":"web","description":"Save application: web","job":[{"type":"createApplication",)"
          R"("user":"anna","application":{"name":"web","email":"a@b.c","cloudProviders":"local"}}]})"));
}

TEST_F(CommandLineTest, SaysWhyATaskFailed) {
  script_.answer("POST /tasks", 200, R"({"ref":"/tasks/T1"})");
  script_.answer("GET /tasks/T1", 200,
                 R"({"id":"T1","status":"TERMINAL","variables":[{"key":"exception","value":)"
                 R"({"details":{"errors":["Application must have a non-empty email"]}}}]})");
  in_ << R"({"name":"web"})";
  EXPECT_EQ(gennaker({"application", "save", "--file", "-"}), failed);
  EXPECT_EQ(err(), "gennaker: Application must have a non-empty email\n");
}

TEST_F(CommandLineTest, RefusesToDeleteWhatIsNotThere) {
  EXPECT_EQ(gennaker({"application", "delete", "webb"}), not_there);
  EXPECT_EQ(err(), "gennaker: There is no such thing\n");
  EXPECT_EQ(gennaker({"pipeline", "delete", "-a", "web", "-n", "no"}), not_there);
  for (const auto& asked : script_.asked()) EXPECT_THAT(asked, StartsWith("GET "));
}

TEST_F(CommandLineTest, SavesAPipelineUnderTheIdItHas) {
  script_.answer("GET /applications/web/pipelineConfigs/deploy%20a%2Fb", 200, R"({"id":"P1"})");
  script_.answer("POST /pipelines", 200, "");
  in_ << R"({"name":"x","stages":[],"n":1.0})";
  EXPECT_EQ(gennaker({"pipeline", "save", "--file", "-", "-a", "web", "-n", "deploy a/b"}), done);
  EXPECT_EQ(script_.last_asked(),
            R"(POST /pipelines {"name":"deploy a/b","stages":[],"n":1.0,"application":"web","id":"P1"})");
}

TEST_F(CommandLineTest, ShowsTheServersMessageAndItsErrors) {
  script_.answer("POST /pipelines", 400,
                 R"({"message":"The pipeline is wrong","errors":[{"message":"stage 1: no type"}]})");
  in_ << R"({"name":"x","application":"web","id":"P"})";
  EXPECT_EQ(gennaker({"pipeline", "save", "--file", "-"}), failed);
  EXPECT_EQ(err(), "gennaker: The pipeline is wrong\n  stage 1: no type\n");
}

TEST_F(CommandLineTest, ShowsTheStatusOfAnAnswerThatIsNotOurs) {
  script_.answer("GET /applications", 502, "<html>");
  EXPECT_EQ(gennaker({"application", "list"}), failed);
  EXPECT_THAT(err(), HasSubstr("/applications was answered with 502 Bad Gateway"));
  script_.answer("GET /applications/web/pipelineConfigs", 200, "{}");
  EXPECT_EQ(gennaker({"pipeline", "list", "-a", "web"}), failed);
  EXPECT_THAT(err(), HasSubstr("should answer with a list"));
}

TEST_F(CommandLineTest, RunsAPipelineWithParameters) {
  script_.answer("POST /pipelines/web/deploy", 202, R"({"ref":"/pipelines/01X"})");
  EXPECT_EQ(gennaker({"pipeline", "run", "-a", "web", "-n", "deploy", "-p", "tag=1.2", "-p", "note=a=b, c"}),
            done);
  EXPECT_EQ(
      script_.last_asked(),
      R"(POST /pipelines/web/deploy {"type":"manual","parameters":{"tag":"1.2","note":"a=b, c"},"user":"anna"})");
  EXPECT_THAT(out(), HasSubstr("Started 01X\n" + server_->url("/ui/applications/web/executions/01X") + "\n"));
  EXPECT_EQ(gennaker({"pipeline", "run", "--application", "web", "--name", "deploy", "--quiet"}), done);
  EXPECT_EQ(out(), "01X\n");
  EXPECT_EQ(gennaker({"pipeline", "run", "-a", "web", "-n", "deploy", "-p", "tag"}), usage);
  EXPECT_THAT(err(), HasSubstr("-p 'tag': a parameter is written key=value"));
}

TEST(RunParameters, PutsPairsOverTheFile) {
  const json::object file{{"tag", "1"}, {"list", json::array{1}}};
  EXPECT_EQ(run_parameters(file, {"tag=2", "empty=", "x=a=b"}),
            (json::object{{"tag", "2"}, {"list", json::array{1}}, {"empty", ""}, {"x", "a=b"}}));
  EXPECT_THROW(run_parameters(file, {"=1"}), base::Error);
}

TEST_F(CommandLineTest, WatchesInPlainLinesWhenThereIsNoTerminal) {
  script_.answer("POST /pipelines/web/deploy", 202, R"({"ref":"/pipelines/01X"})");
  script_.answer("GET /pipelines/01X", 404, R"({"message":"not yet"})");
  script_.answer("GET /pipelines/01X", 200, running);
  script_.answer("GET /pipelines/01X", 503, R"({"message":"starting"})");
  script_.answer("GET /pipelines/01X", 200, succeeded);
  EXPECT_EQ(gennaker({"pipeline", "run", "-a", "web", "-n", "deploy", "--watch"}), done) << err();
  EXPECT_EQ(out(), server_->url("/ui/applications/web/executions/01X") +
                       "\n[    0.0s] web deploy: RUNNING\n"
                       "[    1.0s] Ask: RUNNING: gennaker execution judge 01X continue|stop\n"
                       "The server does not answer; trying again for 1m 00s.\n"
                       "The server answers again.\n"
                       "[    4.0s] Ask: SUCCEEDED after 3.0s\n"
                       "[    5.0s] web deploy: SUCCEEDED\n");
}

TEST_F(CommandLineTest, DrawsInPlaceOnATerminal) {
  terminal_ = true;
  script_.answer("GET /pipelines/01X", 200, running);
  script_.answer("GET /pipelines/01X", 200, succeeded);
  EXPECT_EQ(gennaker({"pipeline", "watch", "01X"}), done);
  EXPECT_THAT(out(), AllOf(HasSubstr("\x1b[4A\r"), HasSubstr("SUCCEEDED"), HasSubstr("\x1b[J\x1b[?25h")));
}

TEST_F(CommandLineTest, TellsScriptsHowTheExecutionEnded) {
  script_.answer("GET /pipelines/01X", 200, terminal);
  EXPECT_EQ(gennaker({"pipeline", "watch", "01X"}), failed);
  EXPECT_EQ(gennaker({"pipeline", "watch", "01X", "--output", "json"}), failed);
  EXPECT_EQ(base::parse_json_object(out(), "output").at("status"), "TERMINAL");
  EXPECT_EQ(gennaker({"pipeline", "watch", "01X", "--quiet"}), failed);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(gennaker({"pipeline", "watch", "01Y"}), not_there);
}

TEST_F(CommandLineTest, ListsAndShowsExecutions) {
  script_.answer("GET /applications/web/pipelines?expand=false&limit=10", 200,
                 fmt::format("[{},{}]", terminal, succeeded));
  EXPECT_EQ(gennaker({"execution", "list", "-a", "web"}), done);
  EXPECT_THAT(out(), AllOf(HasSubstr("ID   PIPELINE  STATUS"), HasSubstr("01X  deploy    SUCCEEDED"),
                           HasSubstr("5.0s")));
  script_.answer("GET /applications/web/pipelineConfigs/deploy", 200, R"({"id":"P1"})");
  script_.answer(
      "GET /executions?expand=false&pipelineConfigIds=P1&limit=3&statuses=RUNNING&statuses=TERMINAL", 200,
      "[]");
  EXPECT_EQ(gennaker({"execution", "list", "-a", "web", "-n", "deploy", "--limit", "3", "--status",
                      "RUNNING,TERMINAL"}),
            done)
      << err();
  script_.answer("GET /pipelines/01X", 200, succeeded);
  EXPECT_EQ(gennaker({"execution", "get", "01X"}), done);
  EXPECT_THAT(out(), HasSubstr(" ✔ Ask     3.0s\n"));
}

TEST_F(CommandLineTest, CancelsWithAReason) {
  script_.answer("PUT /pipelines/01X/cancel?reason=too%20slow", 200, "");
  EXPECT_EQ(gennaker({"execution", "cancel", "01X", "--reason", "too slow"}), done);
  EXPECT_EQ(gennaker({"execution", "cancel", "01Y"}), not_there);
}

TEST_F(CommandLineTest, JudgesTheStageThatWaits) {
  script_.answer("GET /pipelines/01X", 200, running);
  script_.answer("PATCH /pipelines/01X/stages/s1", 200, running);
  EXPECT_EQ(gennaker({"execution", "judge", "01X", "continue", "--input", "ship it"}), done) << err();
  EXPECT_EQ(script_.last_asked(),
            R"(PATCH /pipelines/01X/stages/s1 {"judgmentStatus":"continue","judgmentInput":"ship it"})");
  EXPECT_EQ(gennaker({"execution", "judge", "01X", "stop", "--stage", "Other"}), not_there);
  EXPECT_EQ(gennaker({"execution", "judge", "01X", "perhaps"}), usage);
  script_.answer(
      "GET /pipelines/01Z", 200,
      R"({"id":"01Z","stages":[{"id":"a","refId":"1","name":"A","type":"manualJudgment","status":"RUNNING"},)"
      R"({"id":"b","refId":"2","name":"B","type":"manualJudgment","status":"RUNNING"}]})");
  EXPECT_EQ(gennaker({"execution", "judge", "01Z", "stop"}), usage);
  EXPECT_THAT(err(), HasSubstr("choose one with --stage: 'A' (1), 'B' (2)"));
}

TEST_F(CommandLineTest, ListsClustersWithTheirServerGroups) {
  script_.answer("GET /applications/web/clusters", 200, R"({"local":["web-main","web-old"]})");
  script_.answer(
      "GET /applications/web/serverGroups", 200,
      R"([{"name":"web-main-v001","account":"local","cluster":"web-main","region":"here","isDisabled":true,)"
      R"("createdTime":1,"instanceCounts":{"total":2,"up":0}},{"name":"web-main-v002","account":"local",)"
      R"("cluster":"web-main","region":"here","createdTime":2,"instanceCounts":{"total":3,"up":2}}])");
  EXPECT_EQ(gennaker({"cluster", "list", "-a", "web", "--quiet"}), done) << err();
  EXPECT_EQ(out(), "web-main-v002\nweb-main-v001\n");
  EXPECT_EQ(gennaker({"cluster", "list", "-a", "web"}), done);
  EXPECT_THAT(out(),
              AllOf(HasSubstr("web-main-v002  here    enabled   2/3 up"), HasSubstr("local    web-old")));
}

TEST_F(CommandLineTest, ListsLocksAsBreakTakesThem) {
  script_.answer("GET /clusterLocks", 200,
                 R"([{"account":"local","region":"here","cluster":"web-main","executionId":"01X","since":0,)"
                 R"("description":"stage 'Deploy' of pipeline 'Ship', execution 01X"}])");
  EXPECT_EQ(gennaker({"lock", "list", "--quiet"}), done) << err();
  EXPECT_EQ(out(), "local here web-main\n");
  EXPECT_EQ(gennaker({"lock", "list"}), done);
  EXPECT_THAT(out(), AllOf(HasSubstr("local    here    web-main"),
                           HasSubstr("stage 'Deploy' of pipeline 'Ship', execution 01X")));
}

TEST_F(CommandLineTest, BreaksALockWithAReason) {
  const std::string asked = "DELETE /clusterLocks/local/here/web-main?reason=it%20hangs";
  script_.answer(asked, 200, R"({"description":"stage 'Deploy' of pipeline 'Ship', execution 01X"})");
  EXPECT_EQ(gennaker({"lock", "break", "local", "here", "web-main", "--reason", "it hangs"}), done) << err();
  EXPECT_EQ(script_.last_asked(), asked);
  EXPECT_EQ(out(),
            "The lock of web-main in local/here was taken from stage 'Deploy' of pipeline 'Ship', "
            "execution 01X.\n");
  EXPECT_EQ(
      gennaker({"lock", "break", "local", "here", "web-main", "--reason", "it hangs", "--output", "json"}),
      done);
  EXPECT_THAT(out(), HasSubstr(R"("description": "stage 'Deploy')"));
  EXPECT_EQ(gennaker({"lock", "break", "local", "here", "web-main"}), usage);
  EXPECT_THAT(err(), HasSubstr("--reason is required"));
  EXPECT_EQ(gennaker({"lock", "break", "local", "here", "nowhere", "--reason", "x"}), not_there);
}

TEST_F(CommandLineTest, ShowsABake) {
  script_.answer("GET /bakes/01X-0123456789", 200,
                 R"({"id":"01X-0123456789","state":"COMPLETED","result":"SUCCESS","account":"local",)"
                 R"("region":"here","imageId":"demo-1","executionId":"01X","inputs":["name: demo"]})");
  EXPECT_EQ(gennaker({"bake", "get", "01X-0123456789"}), done) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr("01X-0123456789  COMPLETED SUCCESS  local    here    demo-1"),
                           HasSubstr("\n  name: demo\n")));
  EXPECT_EQ(gennaker({"bake", "get", "01X-0123456789", "--quiet"}), done);
  EXPECT_EQ(out(), "01X-0123456789\n");
  EXPECT_EQ(gennaker({"bake", "get", "01Y-0123456789"}), not_there);
}

TEST_F(CommandLineTest, PrintsABakesLog) {
  script_.answer("GET /bakery/logs/any/01X-0123456789", 200, "Step 1\nStep\x1b[31m 2\n");
  EXPECT_EQ(gennaker({"bake", "log", "01X-0123456789"}), done) << err();
  EXPECT_EQ(out(), "Step 1\nStep [31m 2\n");
  EXPECT_EQ(gennaker({"bake", "log", "01Y-0123456789"}), not_there);
}

TEST_F(CommandLineTest, FollowsABakesLogToItsEnd) {
  const std::string begin = net::sse_event("log", "7", R"({"text":"Step 1\n"})");
  const auto end = [](const std::string& result) {
    return net::sse_event("log", "14", R"({"text":"Step 2\n"})") +
           net::sse_event("end", "14", R"({"state":"COMPLETED","result":")" + result + R"("})");
  };
  script_.answer("GET /bakes/01X-0123456789/log", 200, begin);
  script_.answer("GET /bakes/01X-0123456789/log", 200, end("SUCCESS"));
  EXPECT_EQ(gennaker({"bake", "log", "01X-0123456789", "--follow"}), done) << err();
  EXPECT_EQ(out(), "Step 1\nStep 2\n01X-0123456789: COMPLETED SUCCESS\n");
  script_.answer("GET /bakes/01Z-0123456789/log", 200, end("FAILURE"));
  EXPECT_EQ(gennaker({"bake", "log", "01Z-0123456789", "--follow", "--quiet"}), failed);
  EXPECT_EQ(out(), "Step 2\n");
  EXPECT_EQ(gennaker({"bake", "log", "01Y-0123456789", "--follow"}), not_there);
}

TEST_F(CommandLineTest, KnowsWhenNobodyAnswers) {
  asio::io_context io;
  std::uint16_t port = 0;
  { port = asio::ip::tcp::acceptor(io, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port(); }
  EXPECT_EQ(gennaker({"application", "list", "--gate-endpoint", fmt::format("http://127.0.0.1:{}", port)}),
            unreachable);
  EXPECT_THAT(err(), HasSubstr("Is the server running at"));
  EXPECT_EQ(gennaker({"application", "list", "--gate-endpoint",
                      fmt::format("http://ann:secret@127.0.0.1:{}", port)}),
            unreachable);
  EXPECT_THAT(err(), Not(HasSubstr("secret")));
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(gennaker({}), usage);
  EXPECT_EQ(gennaker({"bogus"}), usage);
  EXPECT_THAT(err(), HasSubstr("'bogus' is not a command; there is serve, application"));
  EXPECT_EQ(gennaker({"pipeline", "fly"}), usage);
  EXPECT_THAT(err(), HasSubstr("'fly' is not a command; there is list, get"));
  EXPECT_EQ(gennaker({"pipeline", "run", "-n", "x"}), usage);
  EXPECT_THAT(err(), HasSubstr("--application is required"));
  EXPECT_EQ(gennaker({"pipeline", "save", "--file", "/no/such/file"}), usage);
  EXPECT_THAT(err(), HasSubstr("cannot read the file '/no/such/file'"));
  in_ << "[1]";
  EXPECT_EQ(gennaker({"pipeline", "save", "--file", "-"}), usage);
  EXPECT_THAT(err(), HasSubstr("standard input"));
  EXPECT_EQ(gennaker({"--help"}), done);
  EXPECT_THAT(out(), AllOf(HasSubstr("serve"), HasSubstr("Exit status:")));
}

TEST_F(CommandLineTest, HandsServeItsOptions) {
  EXPECT_EQ(gennaker({"serve", "--port", "9", "--log-level", "debug"}), 42);
  EXPECT_EQ(served_->port, 9);
  EXPECT_EQ(served_->address, std::nullopt);
  EXPECT_EQ(served_->data_folder, "/home/anna/.local/share/gennaker");
  EXPECT_FALSE(served_->data_folder_given);
  environment_["GENNAKER_DATA"] = "/srv/data";
  EXPECT_EQ(gennaker({"serve"}), 42);
  EXPECT_EQ(served_->data_folder, "/srv/data");
  EXPECT_EQ(gennaker({"serve", "--data", "/d"}), 42);
  EXPECT_EQ(served_->data_folder, "/d");
  EXPECT_TRUE(served_->data_folder_given);
  EXPECT_EQ(served_->store, std::nullopt);
  environment_["GENNAKER_STORE"] = "sqlite:/srv/a.db";
  EXPECT_EQ(gennaker({"serve"}), 42);
  EXPECT_EQ(served_->store, "sqlite:/srv/a.db");
  EXPECT_EQ(gennaker({"serve", "--store", "postgresql://db/shop"}), 42);
  EXPECT_EQ(served_->store, "postgresql://db/shop");
  EXPECT_EQ(gennaker({"serve", "--port", "99999"}), usage);
  EXPECT_EQ(gennaker({"serve", "--log-level", "loud"}), usage);
}

TEST_F(CommandLineTest, CompletesEveryCommandInEveryShell) {
  const std::map<std::string, std::vector<std::string>> commands = {
      {"application", {"list", "get", "save", "delete"}},
      {"pipeline", {"list", "get", "save", "delete", "run", "watch"}},
      {"execution", {"list", "get", "cancel", "judge"}},
      {"cluster", {"list"}},
      {"lock", {"list", "break"}},
      {"bake", {"get", "log"}}};
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(gennaker({"completion", shell}), done);
    for (const auto& [group, names] : commands) {
      for (const auto& name : names) {
        const auto wanted = shell == "fish" ? "-a " + name + " " : fmt::format("'{} {}')", group, name);
        EXPECT_THAT(out(), HasSubstr(wanted)) << shell;
      }
    }
    EXPECT_THAT(out(), HasSubstr("parameter-file")) << shell;
    EXPECT_THAT(out(), HasSubstr("gate-endpoint")) << shell;
  }
  EXPECT_EQ(gennaker({"completion", "tcsh"}), usage);
}

TEST_F(CommandLineTest, WritesABashCompletionThatWorks) {
  ASSERT_EQ(gennaker({"completion", "bash"}), done);
  const std::string file = ::testing::TempDir() + fmt::format("gennaker-completion-{}.bash", ::getpid());
  std::ofstream(file) << out() << R"(
    COMP_WORDS=(gennaker --quiet pipeline run --w) COMP_CWORD=4; _gennaker; echo "${COMPREPLY[@]}"
    COMP_WORDS=(gennaker execution "") COMP_CWORD=2; _gennaker; echo "${COMPREPLY[@]:0:4}"
  )";
  FILE* shell = ::popen(fmt::format("bash '{}'", file).c_str(), "r");
  std::array<char, 1000> text{};
  const auto size = std::fread(text.data(), 1, text.size(), shell);
  ::pclose(shell);
  std::remove(file.c_str());
  EXPECT_EQ(std::string(text.data(), size), "--watch\nlist get cancel judge\n");
}

}  // namespace
}  // namespace gennaker::cli
