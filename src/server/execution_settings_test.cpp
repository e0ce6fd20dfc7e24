#include "server/execution_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/builders.h"

namespace gennaker::server {
namespace {

using gennaker::testing::object;
using ::testing::HasSubstr;

TEST(ExecutionSettings, SayWhichAdHocTasksMayBeStarted) {
  EXPECT_FALSE(read_ad_hoc_rules({}).only_listed);
  const auto rules = read_ad_hoc_rules(object(R"({
      "blockOrchestrationExecutions": true,
      "allowedOrchestrationExecutions": [
        "savePipeline", {"name": "upsertApplication"}, {"name": "deploy", "permittedUsers": ["ann", "bob"]}]})"));
  EXPECT_TRUE(rules.only_listed);
  const std::map<std::string, std::vector<std::string>, std::less<>> wanted{
      {"savePipeline", {}}, {"upsertApplication", {}}, {"deploy", {"ann", "bob"}}};
  EXPECT_EQ(rules.listed, wanted);
}

struct Case {
  std::string_view name, settings, message;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class ExecutionSettingsRefuse : public ::testing::TestWithParam<Case> {};

TEST_P(ExecutionSettingsRefuse, NamingTheKey) {
  try {
    const auto settings = object(GetParam().settings);
    read_ad_hoc_rules(settings);
    read_retention(settings);
    FAIL() << "it was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("configuration: executions." + std::string(GetParam().message)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ExecutionSettingsRefuse,
    ::testing::Values(
        Case{"another key", R"({"block": true})",
             "block: is unknown; known here: blockOrchestrationExecutions"},
        Case{"no flag", R"({"blockOrchestrationExecutions": "maybe"})",
             "blockOrchestrationExecutions: must be true or false"},
        Case{"no list", R"({"allowedOrchestrationExecutions": "deploy"})",
             "allowedOrchestrationExecutions: must be a list"},
        Case{"no name", R"({"allowedOrchestrationExecutions": ["wait", {"permittedUsers": ["ann"]}]})",
             "allowedOrchestrationExecutions[1].name: a stage type is needed"},
        Case{"a misspelt key", R"({"allowedOrchestrationExecutions": [{"name": "wait", "users": ["ann"]}]})",
             "allowedOrchestrationExecutions[0].users: is unknown"},
        Case{"nobody", R"({"allowedOrchestrationExecutions": [{"name": "wait", "allowAllUsers": false}]})",
             "allowedOrchestrationExecutions[0].permittedUsers: a list of users is needed"},
        Case{"no rules", R"({"keep": 30})", "keep: must be a mapping"},
        Case{"no number of days", R"({"keep": {"days": "soon"}})",
             "keep.days: must be a whole number from 1 to 1000000"},
        Case{"none at all", R"({"keep": {"perPipeline": 0}})", "keep.perPipeline: must be a whole number"},
        Case{"a rule that is unknown", R"({"keep": {"applications": {"demo": {"weeks": 1}}}})",
             "keep.applications.demo.weeks: is unknown; known here: days, perPipeline, atLeast"}));

TEST(ExecutionSettings, SayHowLongExecutionsAreKept) {
  EXPECT_FALSE(read_retention({}).shortest_age());
  const auto rules = read_retention(object(R"({"keep": {
      "days": 90, "perPipeline": "500", "applications": {"Demo": {"days": 7, "atLeast": 0}}}})"));
  EXPECT_EQ(rules.of("shop").age, std::chrono::days(90));
  EXPECT_EQ(rules.of("shop").per_pipeline, 500u);
  EXPECT_EQ(rules.of("shop").at_least, 5u);
  EXPECT_EQ(rules.of("demo").age, std::chrono::days(7));
  EXPECT_EQ(rules.of("demo").per_pipeline, 500u) << "as for all";
  EXPECT_EQ(rules.of("demo").at_least, 0u);
  EXPECT_EQ(rules.shortest_age(), std::chrono::days(7));
}

}  // namespace
}  // namespace gennaker::server
