#include "clients/docker/engine.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "net/test_server.h"
#include "net/test_tls.h"

namespace gennaker::clients::docker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
namespace json = boost::json;
using net::testing::run;

/// What an engine would answer, in pieces; recorded from Podman 4.3.1 and Docker 20.10.24.
struct Recorded {
  int status = 200;
  std::string body = {};
  std::vector<std::string> more = {};  ///< sent after the body, one by one
};

base::Async<void> write_pieces(net::Stream& stream, std::vector<std::string> pieces) {
  for (std::string& piece : pieces) co_await stream.write(std::move(piece));
}

base::Async<net::Response> answer_of(Recorded recorded) {
  net::Response response{.status = recorded.status, .body = recorded.body};
  if (!recorded.more.empty()) {
    std::vector<std::string> pieces = std::move(recorded.more);
    if (!recorded.body.empty()) pieces.insert(pieces.begin(), std::move(recorded.body));
    response.stream = [pieces](net::Stream& stream) { return write_pieces(stream, pieces); };
  }
  co_return response;
}

constexpr std::string_view podman_version =
    R"({"Platform":{"Name":"linux/amd64/debian-12"},"Components":[{"Name":"Podman Engine","Version":"4.3.1"},)"
    R"({"Name":"Conmon"}],"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"})";

/// An engine that answers from a list and notes what it was asked.
class FakeEngine {
 public:
  void expect(std::string call, Recorded answer) {
    const std::lock_guard lock(mutex_);
    answers_[std::move(call)].push_back(std::move(answer));
  }
  /// In place of those before.
  void answer(const std::string& call, Recorded answer) {
    const std::lock_guard lock(mutex_);
    answers_[call] = {std::move(answer)};
  }
  net::Request last() {
    const std::lock_guard lock(mutex_);
    return requests_.back();
  }
  int count(const std::string& target) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(requests_.begin(), requests_.end(),
                                          [&](const auto& request) { return request.target == target; }));
  }
  EngineAddress address() const { return {.host = fmt::format("tcp://127.0.0.1:{}", server_.port())}; }

 private:
  net::Router router() {
    net::Router router;
    for (const auto* method : {"GET", "POST", "DELETE"}) {
      router.add(method, "/{rest...}",
                 [this](const net::Request& request) { return answer_of(find(request)); });
    }
    return router;
  }
  /// The last answer stays.
  Recorded find(const net::Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const auto found = answers_.find(request.method + " " + request.target);
    if (found == answers_.end()) return {.status = 404, .body = R"({"message":"page not found"})"};
    Recorded answer = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    return answer;
  }

  std::mutex mutex_;
  std::map<std::string, std::deque<Recorded>> answers_{
      {"GET /version", {{.body = std::string(podman_version)}}}};
  std::vector<net::Request> requests_;
  net::testing::TestServer server_{router()};
};

class DockerEngine : public ::testing::Test {
 protected:
  template <class Work>
  std::string failure_of(Work work) {
    try {
      work();
      return "";
    } catch (const base::Error& error) {
      details_ = error.details();
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }
  json::object body() { return base::parse_json_object(fake_.last().body, "the request"); }

  base::SystemClock clock_;
  net::Client http_;
  FakeEngine fake_;
  Engine engine_{http_, clock_, fake_.address()};
  json::object details_;
};

TEST_F(DockerEngine, AgreesOnAVersion) {
  const auto version = run(engine_.version());
  EXPECT_EQ(version.name, "Podman Engine");
  EXPECT_EQ(version.version, "4.3.1");
  EXPECT_EQ(version.api, "1.41");
  EXPECT_EQ(version.os + " " + version.architecture, "linux amd64");
  fake_.expect("GET /v1.41/containers/json", {.body = "[]"});
  EXPECT_TRUE(run(engine_.list_containers({.also_stopped = false})).empty());
  EXPECT_EQ(fake_.count("/version"), 1);
}

struct VersionCase {
  std::string_view name, answer, outcome;
};
void PrintTo(const VersionCase& c, std::ostream* out) {
  *out << c.name;
}
class EngineVersions : public ::testing::TestWithParam<VersionCase> {};

TEST_P(EngineVersions, AreAgreedOnOrRefused) {
  net::Router router;
  router.add("GET", "/version",
             [](const net::Request&) { return answer_of({.body = std::string(GetParam().answer)}); });
  net::testing::TestServer server(std::move(router));
  net::Client http;
  const base::SystemClock clock;
  Engine engine(http, clock, {.host = server.url("")});
  std::string outcome;
  try {
    outcome = run(engine.version()).api;
  } catch (const base::Error& error) {
    outcome = fmt::format("{}: {}", base::to_string(error.kind()), error.what());
  }
  EXPECT_THAT(outcome, HasSubstr(std::string(GetParam().outcome)));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, EngineVersions,
    ::testing::Values(
        VersionCase{"the oldest", R"({"ApiVersion":"1.40"})", "1.40"},
        VersionCase{"newer than ours", R"({"ApiVersion":"1.52","MinAPIVersion":"1.44"})", "1.47"},
        VersionCase{"too old", R"({"ApiVersion":"1.9","MinAPIVersion":"1.1"})",
                    "it speaks the API from 1.1 to 1.9; 1.40 to 1.47 would do"},
        VersionCase{"too new", R"({"ApiVersion":"1.60","MinAPIVersion":"1.50"})",
                    "it speaks the API from 1.50"},
        VersionCase{"something else", R"({"version":"9"})", "does not speak the Docker Engine API"},
        VersionCase{"no JSON", "<html>", "invalid: "},
        VersionCase{"no version", R"({"ApiVersion":"one"})", "cannot be understood"}));

TEST(EngineAddresses, AreChecked) {
  net::Client http;
  const base::SystemClock clock;
  for (const std::string host : {"", "unix://", "unix://relative", "tcp://", "ssh://host",
                                 "/var/run/docker.sock", "tcp://host/path", "host:2375"}) {
    EXPECT_THROW(Engine(http, clock, {.host = host}), base::Error) << host;
  }
  for (const std::string host : {"unix:///run/docker.sock", "tcp://host", "tcp://[::1]:2375",
                                 "https://host:2376/", "http://10.0.0.1:80"}) {
    EXPECT_NO_THROW(Engine(http, clock, {.host = host})) << host;
  }
}

TEST_F(DockerEngine, ShowsItsCertificate) {
  net::testing::TestAuthority authority;
  authority.issue("server");
  authority.issue("gennaker");
  const net::TlsFiles files{.ca_file = authority.ca_file(),
                            .certificate_file = authority.file("gennaker.pem"),
                            .key_file = authority.file("gennaker.key")};
  const net::testing::TlsServer server(
      authority,
      fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", podman_version.size(), podman_version));
  Engine engine(http_, clock_, {.host = fmt::format("tcp://127.0.0.1:{}", server.port()), .tls = files});
  EXPECT_EQ(run(engine.version()).name, "Podman Engine");
}

TEST_F(DockerEngine, SaysThatNobodyListens) {
  Engine engine(http_, clock_, {.host = "unix:///nowhere/podman.sock"});
  EXPECT_EQ(failure_of([&] { run(engine.version()); }),
            "unavailable: engine unix:///nowhere/podman.sock: GET http://localhost/version on "
            "/nowhere/podman.sock: cannot connect: No such file or directory");
}

TEST_F(DockerEngine, ListsContainers) {
  fake_.expect(
      "GET /v1.41/containers/json?all=true&filters=%7B%22label%22%3A%5B%22app%3Dweb%22%2C%22x%22%5D%7D",
      {.body = R"([{"Id":"98","Names":["/web-v000-0"],"Image":"docker.io/library/busy:1",)"
               R"("ImageID":"sha256:cc","Command":"sh","Created":1795676374,)"
               R"("Ports":[{"IP":"127.0.0.1","PrivatePort":8000,"PublicPort":38071,"Type":"tcp"},)"
               R"({"PrivatePort":53,"Type":"udp"}],"Labels":{"app":"web"},"State":"running",)"
               R"("Status":"Up 2 seconds","Mounts":[]},)"
               R"({"Id":"99","Names":null,"Labels":null,"Ports":null,"State":"stopped"}])"});
  const auto found = run(engine_.list_containers({.labels = {"app=web", "x"}}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, "98");
  EXPECT_THAT(found[0].names, ElementsAre("web-v000-0"));
  EXPECT_EQ(found[0].state, ContainerState::running);
  EXPECT_EQ(base::to_millis(found[0].created), 1'795'676'374'000);
  EXPECT_THAT(found[0].labels, ElementsAre(Pair("app", "web")));
  ASSERT_EQ(found[0].ports.size(), 2U);
  EXPECT_EQ(found[0].ports[0].host_port, 38071);
  EXPECT_EQ(found[0].ports[1].protocol, Protocol::udp);
  EXPECT_EQ(found[1].state, ContainerState::exited);
}

TEST_F(DockerEngine, RefusesAnswersThatAreNone) {
  const std::string list = "GET /v1.41/containers/json?all=true";
  for (const std::string body : {"", "{}", "[1]", "[{}]", R"([{"Id":7,"State":"running"}])", "not JSON"}) {
    fake_.answer(list, {.body = body});
    EXPECT_THAT(failure_of([&] { run(engine_.list_containers({})); }), HasSubstr("invalid: ")) << body;
  }
}

constexpr std::string_view inspected =
    R"({"Id":"98","Created":"2026-11-26T06:59:34.849231529Z","State":{"Status":"running","Running":true,)"
    R"("OOMKilled":false,"Pid":22066,"ExitCode":0,"Error":"","StartedAt":"2026-11-26T06:59:35.051640879Z",)"
    R"("FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"healthy","FailingStreak":0,"Log":null}},)"
    R"("Image":"sha256:cc","Name":"/web","RestartCount":2,"HostConfig":{"NetworkMode":"bridge",)"
    R"("RestartPolicy":{"Name":"on-failure","MaximumRetryCount":4},"Memory":33554432,"NanoCpus":500000000},)"
    R"("Mounts":[{"Type":"volume","Name":"vol1","Source":"/var/vol1","Destination":"/data","RW":true},)"
    R"({"Type":"bind","Source":"/etc","Destination":"/mnt","RW":false}],"Config":{"Hostname":"web0","User":"0:0",)"
    R"("Tty":false,"Env":["A=b"],"Cmd":["sleep","9"],"Image":"web:1","WorkingDir":"/","Entrypoint":[],)"
    R"("Labels":{"app":"web"},"StopSignal":"15","StopTimeout":3},"NetworkSettings":{"Ports":{"8000/tcp":)"
    R"([{"HostIp":"127.0.0.1","HostPort":"38071"}],"53/udp":null},"Networks":{"podman":{"IPAddress":"10.88.0.3"}}}})";

TEST_F(DockerEngine, InspectsAContainer) {
  fake_.expect("GET /v1.41/containers/web/json", {.body = std::string(inspected)});
  const auto found = run(engine_.inspect_container("web"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "web");
  EXPECT_EQ(found->image, "web:1");
  EXPECT_EQ(found->image_id, "sha256:cc");
  EXPECT_EQ(found->state, ContainerState::running);
  EXPECT_EQ(found->health, Health::healthy);
  EXPECT_EQ(found->pid, 22066);
  EXPECT_EQ(found->restarts, 2);
  EXPECT_EQ(base::to_millis(*found->started), 1'795'676'375'051);
  EXPECT_FALSE(found->finished) << "the year 1 is never";
  EXPECT_THAT(found->command, ElementsAre("sleep", "9"));
  EXPECT_EQ(found->restart.most_retries, 4);
  EXPECT_EQ(found->memory_limit_bytes, 33'554'432);
  EXPECT_EQ(found->cpu_limit_millis, 500);
  ASSERT_EQ(found->mounts.size(), 2U);
  EXPECT_EQ(found->mounts[0].source, "vol1");
  EXPECT_TRUE(found->mounts[1].read_only);
  EXPECT_EQ(found->stop_timeout, std::chrono::seconds(3));
  ASSERT_EQ(found->ports.size(), 2U);
  EXPECT_EQ(found->ports[0].host_port, 38071);
  EXPECT_EQ(found->ports[1].container_port, 53);
  EXPECT_EQ(found->ports[1].host_port, 0) << "not published";
  EXPECT_THAT(found->addresses, ElementsAre(Pair("podman", "10.88.0.3")));
}

TEST_F(DockerEngine, TellsAbsenceFromFailure) {
  EXPECT_FALSE(run(engine_.inspect_container("gone")));
  EXPECT_FALSE(run(engine_.inspect_image("gone:1")));
  EXPECT_EQ(run(engine_.remove_container("gone")), Change::already);
  EXPECT_EQ(run(engine_.remove_image("gone:1")), Change::already);
  EXPECT_THAT(failure_of([&] { run(engine_.start_container("gone")); }),
              HasSubstr("not_found: " + fmt::format("engine {}: start container 'gone': page not found",
                                                    fake_.address().host)));
  EXPECT_EQ(details_.at("status").as_int64(), 404);
}

ContainerSpec full_spec() {
  return {.image = "web:1",
          .entrypoint = {"/bin/web"},
          .command = {"--port", "8000"},
          .environment = {{"A", "b c"}},
          .labels = {{"app", "web"}},
          .network = "bridge",
          .ports = {{.container_port = 8000, .host_address = "127.0.0.1"},
                    {.container_port = 53, .protocol = Protocol::udp, .host_port = 5353}},
          .mounts = {{.source = "/etc", .target = "/mnt", .read_only = true},
                     {.kind = Mount::Kind::tmpfs, .target = "/run"}},
          .restart = {.kind = RestartPolicy::Kind::on_failure, .most_retries = 2},
          .health_check = HealthCheck{.command = {"true"}, .interval = std::chrono::milliseconds(500)},
          .memory_limit_bytes = 1 << 25,
          .cpu_limit_millis = 250,
          .process_limit = 50,
          .ulimits = {{.name = "nofile", .soft = 512, .hard = 1024}},
          .hostname = "web0",
          .user = "1000:1000",
          .working_directory = "/srv",
          .stop_signal = "SIGINT",
          .stop_timeout = std::chrono::seconds(3)};
}

TEST_F(DockerEngine, CreatesAContainer) {
  fake_.expect("POST /v1.41/containers/create?name=web-v000-0",
               {.status = 201, .body = R"({"Id":"b2","Warnings":["no swap"]})"});
  const auto created = run(engine_.create_container("web-v000-0", full_spec()));
  EXPECT_EQ(created.change, Change::done);
  EXPECT_EQ(created.id, "b2");
  EXPECT_THAT(created.warnings, ElementsAre("no swap"));
  EXPECT_EQ(
      body(),
      json::parse(
          R"({"Image":"web:1","Entrypoint":["/bin/web"],"Cmd":["--port","8000"],"Env":["A=b c"],)"
          R"("Labels":{"app":"web"},"ExposedPorts":{"8000/tcp":{},"53/udp":{}},"Healthcheck":{"Test":["CMD","true"],)"
          R"("Interval":500000000,"Timeout":30000000000,"StartPeriod":0,"Retries":3},"Hostname":"web0",)"
          R"("User":"1000:1000","WorkingDir":"/srv","StopSignal":"SIGINT","StopTimeout":3,"HostConfig":{)"
          R"("NetworkMode":"bridge","PortBindings":{"8000/tcp":[{"HostIp":"127.0.0.1","HostPort":""}],)"
          R"("53/udp":[{"HostIp":"","HostPort":"5353"}]},"Mounts":[{"Type":"bind","Target":"/mnt","Source":"/etc",)"
          R"("ReadOnly":true},{"Type":"tmpfs","Target":"/run"}],"Ulimits":[{"Name":"nofile","Soft":512,"Hard":1024}],)"
          R"("RestartPolicy":{"Name":"on-failure","MaximumRetryCount":2},"Memory":33554432,"NanoCpus":250000000,)"
          R"("PidsLimit":50}})")
          .as_object());
}

TEST_F(DockerEngine, TellsThatAContainerIsThereAlready) {
  // Docker's words, then Podman's.
  const std::string call = "POST /v1.41/containers/create?name=web";
  fake_.expect(call, {.status = 409, .body = R"({"message":"Conflict. The name is already in use"})"});
  fake_.expect(
      call,
      {.status = 500,
       .body =
           R"({"cause":"that name is already in use","message":"container create: creating )"
           R"(container storage: the container name \"web\" is already in use by 2d5b","response":500})"});
  fake_.expect(call, {.status = 404, .body = R"({"message":"no such image: web:1: image not known"})"});
  EXPECT_EQ(run(engine_.create_container("web", {.image = "web:1"})).change, Change::already);
  EXPECT_EQ(run(engine_.create_container("web", {.image = "web:1"})).change, Change::already);
  EXPECT_THAT(failure_of([&] { run(engine_.create_container("web", {.image = "web:1"})); }),
              HasSubstr("not_found: "));
}

TEST_F(DockerEngine, TellsChangesFromWhatWasSoAlready) {
  for (const auto& [call, done, already] : std::vector<std::tuple<std::string, Recorded, Recorded>>{
           {"start", {.status = 204}, {.status = 304}}, {"stop?t=3", {.status = 204}, {.status = 304}}}) {
    fake_.expect("POST /v1.41/containers/web/" + call, done);
    fake_.expect("POST /v1.41/containers/web/" + call, already);
  }
  EXPECT_EQ(run(engine_.start_container("web")), Change::done);
  EXPECT_EQ(run(engine_.start_container("web")), Change::already);
  EXPECT_EQ(run(engine_.stop_container("web", std::chrono::seconds(3))), Change::done);
  EXPECT_EQ(run(engine_.stop_container("web", std::chrono::seconds(3))), Change::already);
  const std::string kill = "POST /v1.41/containers/web/kill?signal=SIGTERM";
  fake_.expect(kill, {.status = 204});
  fake_.expect(kill, {.status = 409, .body = R"({"message":"Container web is not running"})"});
  fake_.expect(kill,
               {.status = 500,
                .body = R"({"cause":"container state improper","message":"can only kill running containers. )"
                        R"(d1 is in state created: container state improper","response":500})"});
  EXPECT_EQ(run(engine_.kill_container("web", "SIGTERM")), Change::done);
  EXPECT_EQ(run(engine_.kill_container("web", "SIGTERM")), Change::already);
  EXPECT_EQ(run(engine_.kill_container("web", "SIGTERM")), Change::already);
  fake_.expect("DELETE /v1.41/containers/web?force=true&v=true", {.status = 204});
  EXPECT_EQ(run(engine_.remove_container("web", Force::yes)), Change::done);
}

TEST_F(DockerEngine, WaitsForTheExitStatus) {
  const std::string call = "POST /v1.41/containers/web/wait?condition=not-running";
  fake_.expect(call, {.body = R"({"StatusCode":7,"Error":null})"});
  fake_.expect(call, {.body = R"({"StatusCode":0,"Error":{"Message":"lost it"}})"});
  fake_.expect(call, {.body = "{}"});
  EXPECT_EQ(run(engine_.wait_container("web")), 7);
  EXPECT_THAT(failure_of([&] { run(engine_.wait_container("web")); }), HasSubstr("internal: "));
  EXPECT_THAT(failure_of([&] { run(engine_.wait_container("web")); }), HasSubstr("'StatusCode'"));
}

TEST_F(DockerEngine, RefusesNamesThatLeadElsewhere) {
  for (const std::string name : {"", "..", "a/b", "../images", "a b", "a?x", "-a"}) {
    EXPECT_THAT(failure_of([&] { run(engine_.start_container(name)); }), HasSubstr("invalid: ")) << name;
  }
  for (const std::string name : {"", "..", "a/../b", "a//b", "a b", "a?x", "-a", "a:", "a@"}) {
    EXPECT_THAT(failure_of([&] { run(engine_.tag_image(name, "x:1")); }), HasSubstr("invalid: ")) << name;
  }
}

struct RefusalCase {
  int status;
  std::string_view message, kind;
};
class EngineRefusals : public DockerEngine, public ::testing::WithParamInterface<RefusalCase> {};

TEST_P(EngineRefusals, HaveAKind) {
  const auto& [status, message, kind] = GetParam();
  fake_.expect("POST /v1.41/containers/web/start",
               {.status = status, .body = base::to_text(json::object{{"message", message}})});
  EXPECT_THAT(failure_of([&] { run(engine_.start_container("web")); }),
              HasSubstr(fmt::format("{}: engine {}: start container 'web': {}", kind, fake_.address().host,
                                    message)));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, EngineRefusals,
    ::testing::Values(RefusalCase{400, "bad parameter", "invalid"},
                      RefusalCase{401, "who?", "unauthenticated"}, RefusalCase{403, "no", "forbidden"},
                      RefusalCase{409, "in state", "conflict"}, RefusalCase{429, "slowly", "unavailable"},
                      RefusalCase{500, "driver failed", "internal"},
                      RefusalCase{500, "x: container state improper", "conflict"},
                      RefusalCase{500, "write /x: no space left on device", "internal"},
                      RefusalCase{500, "dial tcp 127.0.0.1:1: connect: connection refused", "unavailable"},
                      RefusalCase{501, "not here", "internal"}, RefusalCase{503, "soon", "unavailable"},
                      RefusalCase{504, "late", "timeout"}));

TEST_F(DockerEngine, SaysSomethingWhenTheEngineDoesNot) {
  const std::string call = "POST /v1.41/containers/web/start";
  fake_.expect(call, {.status = 500});
  fake_.expect(call, {.status = 502, .body = "<html>bad gateway"});
  fake_.expect(call, {.status = 500, .body = "no space left on device\nmore"});
  const auto failure = [&] { return failure_of([&] { run(engine_.start_container("web")); }); };
  EXPECT_THAT(failure(), HasSubstr("it answered 500 (Internal Server Error) without a reason"));
  EXPECT_THAT(failure(), HasSubstr("unavailable: "));
  EXPECT_THAT(failure(), HasSubstr("it answered 500 (Internal Server Error): no space left on device"));
  EXPECT_EQ(details_.at("reason"), "no_space");
}

TEST_F(DockerEngine, TriesAgainWhatOnlyReads) {
  const std::string call = "GET /v1.41/images/json";
  fake_.expect(call, {.status = 503, .body = R"({"message":"soon"})"});
  fake_.expect(call, {.body = "[]"});
  EXPECT_TRUE(run(engine_.list_images({})).empty());
  fake_.expect("POST /v1.41/containers/web/start", {.status = 503, .body = R"({"message":"soon"})"});
  EXPECT_THAT(failure_of([&] { run(engine_.start_container("web")); }), HasSubstr("unavailable: "));
  EXPECT_EQ(fake_.count("/v1.41/containers/web/start"), 1);
}

std::string frame(char output, std::string_view text) {
  std::string header(8, '\0');
  header[0] = output;
  header[7] = static_cast<char>(text.size());
  return header + std::string(text);
}

base::Async<std::string> whole_log(Engine& engine, LogOptions options) {
  std::string name = "web";
  auto log = co_await engine.container_logs(std::move(name), std::move(options));
  std::string text;
  for (;;) {
    const auto piece = co_await log.next();
    if (!piece) co_return text;
    text += (piece->output == Output::standard_output ? "out:" : "err:") + piece->text + "|";
  }
}

TEST_F(DockerEngine, TakesOutputsApart) {
  const std::string bytes = frame(1, "one\n") + frame(2, "two\n") + frame(1, "") + frame(1, "three");
  fake_.expect("GET /v1.41/containers/web/json", {.body = std::string(inspected)});
  const std::string call = "GET /v1.41/containers/web/logs?stdout=true&stderr=true&tail=5&since=1.500";
  fake_.expect(call, {.body = bytes});
  fake_.expect(call, {.body = bytes.substr(0, bytes.size() - 1)});
  fake_.expect(call, {.body = "no frames at all"});
  const LogOptions options{.tail = 5, .since = base::from_millis(1500)};
  EXPECT_EQ(run(whole_log(engine_, options)), "out:one\n|err:two\n|out:three|");
  EXPECT_THAT(failure_of([&] { run(whole_log(engine_, options)); }), HasSubstr("unavailable: "));
  EXPECT_THAT(failure_of([&] { run(whole_log(engine_, options)); }), HasSubstr("frames"));
}

TEST(LogFramesTest, AreCutAnywhere) {
  const std::string bytes = frame(1, "one\n") + frame(2, "two\n");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    LogFrames frames;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      for (const auto& piece : frames.feed(std::string_view(bytes).substr(at, size))) text += piece.text;
    }
    EXPECT_EQ(text, "one\ntwo\n") << size;
    EXPECT_TRUE(frames.complete());
  }
}

TEST_F(DockerEngine, GivesALogWithoutFramesAsItIs) {
  std::string terminal(inspected);
  terminal.replace(terminal.find(R"("Tty":false)"), 11, R"("Tty":true)");
  fake_.expect("GET /v1.41/containers/web/json", {.body = terminal});
  fake_.expect("GET /v1.41/containers/web/logs?stdout=true&stderr=true", {.body = "hello\r\n"});
  EXPECT_EQ(run(whole_log(engine_, {})), "out:hello\r\n|");
}

base::Async<std::string> actions(Engine& engine, EventFilter filter, int count) {
  auto events = co_await engine.events(std::move(filter));
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto event = co_await events.next();
    text += fmt::format("{} {} {} {} {}\n", event.type, event.action, event.id, base::to_millis(event.time),
                        event.attributes.contains("name") ? event.attributes.at("name") : "-");
  }
  co_return text;
}

TEST_F(DockerEngine, FollowsEvents) {
  const std::string call =
      "GET "
      "/v1.41/"
      "events?since=1.000&filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22label%22%3A%5B%22app%22%5D%7D";
  fake_.expect(
      call,
      {.body = R"({"status":"start","id":"d3","Type":"container","Action":"start","Actor":{"ID":"d3",)"
               R"("Attributes":{"app":"web","name":"rs"}},"time":1795676431,"timeNano":179567643151)",
       .more = {"1118041}\n{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"d3\"},\"time\":9}",
                "\n{\"half"}});
  const EventFilter filter{.types = {"container"}, .labels = {"app"}, .since = base::from_millis(1000)};
  EXPECT_EQ(run(actions(engine_, filter, 2)),
            "container start d3 1795676431511 rs\ncontainer die d3 9000 -\n");
  EXPECT_THAT(failure_of([&] { run(actions(engine_, filter, 3)); }),
              HasSubstr(fmt::format("unavailable: engine {}: follow events: the engine has ended the stream",
                                    fake_.address().host)));
}

/// Recorded from Podman 4.3.1.
TEST_F(DockerEngine, PullsWithProgress) {
  fake_.expect(
      "POST /v1.41/images/create?fromImage=127.0.0.1%3A5999%2Fteam%2Fweb&tag=1",
      {.more = {"{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"0e9f\"}\n",
                "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"cc88\"}\n{\"status\":\"Down",
                "loading\",\"progressDetail\":{\"current\":10,\"total\":40},\"id\":\"cc88\"}\n",
                "{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"cc88\"}\n"}});
  std::vector<std::string> seen;
  const RegistryCredentials ann{.registry = "127.0.0.1:5999", .username = "ann", .password = "secret>>>"};
  run(engine_.pull_image("127.0.0.1:5999/team/web:1", ann, [&](const TransferProgress& progress) {
    seen.push_back(fmt::format("{}/{} {}/{} {}", progress.layers_done, progress.layers, progress.bytes,
                               progress.total_bytes, progress.status));
  }));
  EXPECT_THAT(seen, ElementsAre("1/1 0/0 Already exists", "1/2 0/0 Pulling fs layer", "1/2 10/40 Downloading",
                                "2/2 40/40 Download complete"));
  EXPECT_EQ(
      fake_.last().header_or("X-Registry-Auth", ""),
      "eyJ1c2VybmFtZSI6ImFubiIsInBhc3N3b3JkIjoic2VjcmV0Pj4-Iiwic2VydmVyYWRkcmVzcyI6IjEyNy4wLjAuMTo1OTk5In0=");
}

struct BrokenPull {
  std::string_view message, kind;
};
class BrokenPulls : public DockerEngine, public ::testing::WithParamInterface<BrokenPull> {};

TEST_P(BrokenPulls, AreErrorsAlthoughTheStatusIsGood) {
  const json::object line{{"errorDetail", {{"message", GetParam().message}}}, {"error", GetParam().message}};
  fake_.expect("POST /v1.41/images/create?fromImage=web&tag=latest",
               {.body = "{\"status\":\"Pulling\"}\n", .more = {base::to_text(line) + "\n"}});
  EXPECT_THAT(failure_of([&] { run(engine_.pull_image("web")); }),
              HasSubstr(fmt::format("{}: engine {}: pull 'web': {}", GetParam().kind, fake_.address().host,
                                    GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Messages, BrokenPulls,
    ::testing::Values(
        BrokenPull{"reading manifest 1 in web: unauthorized: authentication required", "unauthenticated"},
        BrokenPull{"reading manifest x in web: manifest unknown: manifest unknown", "not_found"},
        BrokenPull{"pull access denied for web, repository does not exist or may require 'docker login'",
                   "forbidden"},
        BrokenPull{"Get \"https://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
                   "unavailable"},
        BrokenPull{"toomanyrequests: You have reached your pull rate limit", "unavailable"},
        BrokenPull{"write /x: no space left on device", "internal"},
        BrokenPull{"something new", "internal"}));

TEST_F(DockerEngine, PushesAndTellsTheDigest) {
  const std::string call = "POST /v1.41/images/127.0.0.1:5999/team/web/push?tag=1";
  // Podman says it in words, Docker apart.
  fake_.expect(call, {.body = "{\"status\":\"The push refers to repository [127.0.0.1:5999/team/web:1]\"}\n"
                              "{\"status\":\"1: digest: sha256:fe91 size: 423\"}\n"});
  fake_.expect(
      call,
      {.body = "{\"status\":\"Pushed\",\"progressDetail\":{},\"id\":\"5f70\"}\r\n"
               "{\"progressDetail\":{},\"aux\":{\"Tag\":\"1\",\"Digest\":\"sha256:abcd\",\"Size\":5}}"});
  EXPECT_EQ(run(engine_.push_image("127.0.0.1:5999/team/web:1")), "sha256:fe91");
  EXPECT_EQ(run(engine_.push_image("127.0.0.1:5999/team/web:1")), "sha256:abcd");
  EXPECT_EQ(fake_.last().header_or("X-Registry-Auth", ""), "e30=");
  EXPECT_THAT(failure_of([&] { run(engine_.push_image("web@sha256:12")); }), HasSubstr("invalid: "));
}

base::Async<std::string> once(std::shared_ptr<std::string> text) {
  co_return std::exchange(*text, {});
}
net::BodySource source_of(std::string text) {
  return [text = std::make_shared<std::string>(std::move(text))] { return once(text); };
}

TEST_F(DockerEngine, BuildsAnImage) {
  const std::string call =
      "POST "
      "/v1.41/"
      "build?dockerfile=Containerfile&buildargs=%7B%22A%22%3A%22b%22%7D&nocache=true&rm=true&forcerm=true&"
      "t=web%3A1&t=web%3A2";
  fake_.expect(
      call,
      {.body = "{\"stream\":\"STEP 1/1: FROM scratch\\n\"}\n{\"stream\":\"two \"}\n{\"stream\":\"parts\"}\n"
               "{\"aux\":{\"ID\":\"sha256:cc88\"}}\n"});
  fake_.expect(
      call, {.body = "{\"stream\":\"STEP 1/1: FROM scratch\\n\"}\n"
                     "{\"errorDetail\":{\"message\":\"building at STEP \\\"COPY x /\\\": no such file\\n\"},"
                     "\"error\":\"building\"}\n"});
  fake_.expect(call, {.body = ""});
  const BuildOptions options{.tags = {"web:1", "web:2"}, .arguments = {{"A", "b"}}, .use_cache = false};
  std::vector<std::string> log;
  const auto note = [&](std::string_view line) { log.emplace_back(line); };
  EXPECT_EQ(run(engine_.build_image(source_of("a tar"), options, note)), "sha256:cc88");
  EXPECT_THAT(log, ElementsAre("STEP 1/1: FROM scratch", "two parts"));
  EXPECT_EQ(fake_.last().body, "a tar");
  EXPECT_EQ(fake_.last().header_or("Content-Type", ""), "application/x-tar");
  EXPECT_THAT(
      failure_of([&] { run(engine_.build_image(source_of("a tar"), options)); }),
      ::testing::AllOf(HasSubstr("invalid: "), HasSubstr("build 'web:1': building at STEP \"COPY x /\"")));
  EXPECT_THAT(failure_of([&] { run(engine_.build_image(source_of("a tar"), options)); }),
              HasSubstr("does not say which image"));
}

TEST_F(DockerEngine, LoadsImages) {
  const std::string call = "POST /v1.41/images/load?quiet=true";
  fake_.expect(call, {.body = "{\"stream\":\"Loaded image: a:1,b:2\"}"});
  fake_.expect(
      call,
      {.body = "{\"stream\":\"Loaded image: a:1\\n\"}\n{\"stream\":\"Loaded image ID: sha256:12\\n\"}\n"});
  fake_.expect(call,
               {.status = 500, .body = R"({"message":"failed to load image: payload does not match any"})"});
  EXPECT_THAT(run(engine_.load_image(source_of("a tar"))), ElementsAre("a:1", "b:2"));
  EXPECT_THAT(run(engine_.load_image(source_of("a tar"))), ElementsAre("a:1", "sha256:12"));
  EXPECT_THAT(failure_of([&] { run(engine_.load_image(source_of("a tar"))); }), HasSubstr("invalid: "));
}

TEST_F(DockerEngine, ListsImages) {
  fake_.expect(
      "GET /v1.41/images/json?filters=%7B%22reference%22%3A%5B%22team%2F%2A%22%5D%7D",
      {.body = R"([{"Id":"sha256:cc","RepoTags":["team/web:1"],"RepoDigests":null,"Created":1795676301,)"
               R"("Size":1987034,"Labels":{"made":"here"}}])"});
  const auto found = run(engine_.list_images({.reference = "team/*"}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].tags, ElementsAre("team/web:1"));
  EXPECT_EQ(found[0].size_bytes, 1'987'034);
  EXPECT_EQ(found[0].labels.at("made"), "here");
}

TEST(ImageReferences, AreTakenApart) {
  const auto parts = [](std::string_view text) {
    const auto reference = parse_reference(text);
    return reference.repository + " " + reference.tag;
  };
  EXPECT_EQ(parts("web"), "web latest");
  EXPECT_EQ(parts("team/web:1.2"), "team/web 1.2");
  EXPECT_EQ(parts("registry:5000/team/web"), "registry:5000/team/web latest");
  EXPECT_EQ(parts("registry:5000/web:1"), "registry:5000/web 1");
  EXPECT_EQ(parts("web@sha256:12"), "web sha256:12");
  EXPECT_EQ(parts("registry:5000/web:1@sha256:12"), "registry:5000/web sha256:12");
}

}  // namespace
}  // namespace gennaker::clients::docker
