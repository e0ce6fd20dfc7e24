#include "stages/run_job/run_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "stages/bind_artifacts.h"
#include "stages/run_job/job_fields.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using namespace std::chrono_literals;
using model::JobState;
using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NobodyAnswers final : public net::HttpClient {
 public:
  base::Async<net::ClientResponse> send(net::ClientRequest) override {
    throw base::Error(base::Kind::invalid, "nobody is to be called");
  }
};

class Jobs : public ::testing::Test {
 protected:
  Jobs() {
    auto catalogs = world.catalogs();
    add_bind_artifacts(catalogs);
    add_run_job(catalogs, {world.clouds(), world.guards(), world.locks()},
                {&client, std::make_shared<net::UrlFence>(net::UrlRules{}),
                 read_preconfigured_jobs(preconfigured())});
  }
  static boost::json::object preconfigured() {
    return testing::object(R"({"preconfigured":{"local":[
        {"type":"migrate","label":"Migrate","credentials":"local","region":"here","command":"./migrate",
         "parameters":[{"name":"direction","defaultValue":"up","mapping":"env.DIRECTION"},
                       {"name":"second","mapping":"args[1].value"}]},
        {"type":"off","enabled":false}]}})");
  }
  static model::Execution job(const std::string& more) {
    return execution({{.type = "runJob",
                       .context = R"({"credentials":"local","region":"here","command":"./migrate")" +
                                  (more.empty() ? "" : "," + more) + "}"}});
  }
  const model::Job& only() { return world.cloud().now().jobs.at(0); }
  NobodyAnswers client;
  testing::StageWorld world;
};

TEST_F(Jobs, RunToTheirEnd) {
  const auto before = world.clock().now();
  ASSERT_EQ(world.run(job(R"("runsFor":90000,"outputs":{"rows":"7"})")), Status::succeeded) << world.error();
  EXPECT_EQ(world.clock().now() - before, 90s) << "its end wakes the stage";
  const auto& stage = world.stage("runJob");
  EXPECT_EQ(stage.outputs.at("deploy.jobs").at("here").at(0), boost::json::value(only().id));
  EXPECT_EQ(stage.context.at("jobStatus").at("jobState"), "Succeeded");
  EXPECT_EQ(stage.context.at("completionDetails").at("exitCode"), 0);
  EXPECT_EQ(stage.context.at("propertyFileContents"), testing::object(R"({"rows":"7"})"));
  EXPECT_EQ(stage.outputs.at("rows"), "7");
  EXPECT_EQ(world.cloud().effects().front().what.at("settings").at("command"), "./migrate");
}

TEST_F(Jobs, TellWhatIsInTheirPropertyFile) {
  ASSERT_EQ(
      world.run(job(R"("propertyFile":"out.properties","files":{"out.properties":"a=1\n# no\nb: two=2\n"})")),
      Status::succeeded)
      << world.error();
  EXPECT_EQ(world.stage("runJob").outputs.at("propertyFileContents"),
            testing::object(R"({"a":"1","b":"two=2"})"));
  EXPECT_EQ(world.run(job(R"("propertyFile":"none","files":{})")), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("wrote no file 'none'"));
}

TEST_F(Jobs, FailWithTheirLastLines) {
  EXPECT_EQ(world.run(job(R"("exitCode":3)")), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("job 'shop' failed: exited with status 3"));
  EXPECT_THAT(world.error(), HasSubstr("says hello"));
  EXPECT_EQ(world.stage("runJob").context.at("jobStatus").at("jobState"), "Failed");
}

TEST_F(Jobs, NeedNotBeWaitedFor) {
  ASSERT_EQ(world.run(job(R"("runsFor":90000,"waitForCompletion":false)")), Status::succeeded)
      << world.error();
  EXPECT_EQ(only().state, JobState::running);
}

TEST_F(Jobs, EndWithTheirStage) {
  world.run_until(job(R"("runsFor":900000)"), [&](const model::Execution& now) {
    return now.stages[0].tasks.size() == 2 && now.stages[0].tasks[1].status == Status::running;
  });
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_EQ(only().state, JobState::failed);
  EXPECT_EQ(only().message, "was cancelled");
}

TEST_F(Jobs, EndWithTheirStageAlsoWhenNobodyHeardOfThem) {
  world.run_until(job(R"("runsFor":900000)"), [&](const model::Execution& now) {
    return now.stages[0].context.contains("jobRequested");
  });
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_EQ(only().message, "was cancelled");
}

TEST_F(Jobs, EndWhenTheirTimeIsUp) {
  EXPECT_EQ(world.run(job(R"("runsFor":9000000,"jobRuntimeLimit":60)")), Status::terminal);
  EXPECT_EQ(only().message, "was cancelled");
}

TEST_F(Jobs, ConsumeAnArtifact) {
  ASSERT_EQ(world.run(job(R"("consumeArtifactSource":"artifact","consumeArtifact":{"type":"embedded/base64",
      "name":"facts","reference":"eyJyb3dzIjogN30="})")),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.stage("runJob").outputs.at("rows"), 7);
  EXPECT_EQ(world.run(job(R"("consumeArtifactSource":"artifact","consumeArtifactId":"none")")),
            Status::terminal);
  EXPECT_EQ(world.error(), "consumeArtifactId: no artifact is bound to 'none'");
}

TEST_F(Jobs, CanBeMadeReady) {
  ASSERT_EQ(
      world.run(execution({{.type = "migrate", .context = R"({"parameters":{"direction":"down","second":2},
      "command":"rm -rf /"})"}})),
      Status::succeeded)
      << world.error();
  const auto& settings = world.cloud().effects().front().what.at("settings").as_object();
  EXPECT_EQ(settings.at("command"), "./migrate") << "the configuration's fields win";
  EXPECT_EQ(settings.at("env").at("DIRECTION"), "down");
  EXPECT_EQ(settings.at("args").at(1).at("value"), 2);
  EXPECT_FALSE(settings.contains("parameters"));
  world.clock().advance(1s);
  ASSERT_EQ(world.run(execution({{.type = "migrate"}})), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().effects().back().what.at("settings").at("env").at("DIRECTION"), "up");
}

TEST(PreconfiguredJobs, AreListedAsClientsReadThem) {
  const auto listed = to_json(read_preconfigured_jobs(
      testing::object(R"({"preconfigured":[{"type":"migrate","waitForCompletion":false}]})")));
  EXPECT_EQ(listed.at(0),
            boost::json::value(testing::object(R"({"type":"migrate","label":"migrate","description":"",
      "cloudProvider":"","waitForCompletion":false,"noUserConfigurableFields":true,"producesArtifacts":false,
      "uiType":"BASIC","parameters":[]})")));
}

TEST(PreconfiguredJobs, AreRefusedByName) {
  const auto refusal = [](const std::string& section) -> std::string {
    try {
      read_preconfigured_jobs(testing::object(section));
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(R"({"preconfigured":{"local":[{}]}})"),
            "configuration: job.preconfigured.local[0].type: a name for the stage type is needed");
  EXPECT_THAT(refusal(R"({"preconfigured":[{"type":"a","parameters":[{"name":"b","mapping":"a..b"}]}]})"),
              HasSubstr("job.preconfigured[0].parameters[0].mapping: the field"));
  EXPECT_THAT(refusal(R"({"other":1})"), HasSubstr("job.other: is unknown"));
  EXPECT_EQ(refusal(R"({"preconfigured":null})"), "");
}

TEST_F(Jobs, HappenOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(world.run(job(R"("runsFor":1000)")), Status::succeeded) << world.error();
    world.clock().advance(1s);
  }
  EXPECT_THAT(world.cloud().now().jobs, SizeIs(20));
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

TEST_F(Jobs, AreDestroyed) {
  ASSERT_EQ(world.run(job(R"("runsFor":90000,"waitForCompletion":false)")), Status::succeeded);
  ASSERT_EQ(world.run(execution({{.type = "destroyJob", .context = R"({"credentials":"local","region":"here",
      "jobName":")" + only().id + "\"}"}})),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(only().state, JobState::failed);
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class JobFields : public Jobs, public ::testing::WithParamInterface<Refused> {};

TEST_P(JobFields, AreRefusedByName) {
  EXPECT_EQ(world.run(execution({{.type = GetParam().type, .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, JobFields,
    ::testing::Values(
        Refused{"runJob", R"({"region":"here"})", "account: "},
        Refused{"runJob", R"({"credentials":"local"})", "region: "},
        Refused{"runJob", R"({"credentials":"local","regions":["here","there"]})", "region: exactly one"},
        Refused{"runJob",
                R"({"credentials":"local","region":"here","waitForCompletion":false,"propertyFile":"x"})",
                "propertyFile: there is no file"},
        Refused{"destroyJob", R"({"credentials":"local","region":"here"})", "jobName: "}));

TEST(Properties, AreJsonOrLines) {
  EXPECT_EQ(read_properties(R"({"a":1})"), testing::object(R"({"a":1})"));
  EXPECT_EQ(read_properties("a = 1\r\nb:c=d\n\n! no\n"), testing::object(R"({"a":"1","b":"c=d"})"));
  EXPECT_EQ(read_properties("[1]"), std::nullopt);
  EXPECT_EQ(read_properties("hello"), std::nullopt);
  EXPECT_EQ(read_properties(""), boost::json::object{});
}

}  // namespace
}  // namespace gennaker::stages
