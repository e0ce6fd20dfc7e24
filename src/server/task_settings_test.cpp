#include "server/task_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/builders.h"

namespace gennaker::server {
namespace {

using gennaker::testing::object;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

const AccountsByProvider accounts{{"local", {"prod", "test"}}, {"far", {"moon"}}};

TEST(TaskSettings, GiveEachAccountItsOwnPeriodOrItsProviders) {
  const TaskSettings read = read_task_settings(object(R"({
      "global": {"backOffPeriod": 1000},
      "local": {"backOffPeriod": 5000, "prod": {"backOffPeriod": "8000"}, "test": {"backOffPeriod": 10}},
      "wait": {"enabled": false}})"),
                                               accounts);
  EXPECT_EQ(read.back_off.everywhere, milliseconds(1000));
  EXPECT_EQ(read.back_off.of_provider, (runner::BackOff::Periods{{"local", milliseconds(5000)}}));
  EXPECT_EQ(read.back_off.of_account,
            (runner::BackOff::Periods{{"prod", milliseconds(8000)}, {"test", milliseconds(5000)}}));
  EXPECT_EQ(read.enabled, (std::map<std::string, bool>{{"wait", false}}));
}

struct Case {
  std::string_view name, settings, message;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class TaskSettingsRefuse : public ::testing::TestWithParam<Case> {};

TEST_P(TaskSettingsRefuse, NamingTheKey) {
  try {
    read_task_settings(object(GetParam().settings), accounts);
    FAIL() << "it was taken";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::invalid);
    EXPECT_THAT(error.what(), HasSubstr(std::string(GetParam().message)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, TaskSettingsRefuse,
    ::testing::Values(
        Case{"no number", R"({"global": {"backOffPeriod": "soon"}})",
             "tasks.global.backOffPeriod: must be a whole number of milliseconds"},
        Case{"negative", R"({"local": {"backOffPeriod": -1}})",
             "tasks.local.backOffPeriod: must be a whole number"},
        Case{"no mapping", R"({"global": 5000})", "tasks.global: must be a mapping"},
        Case{"another key", R"({"global": {"backoffPeriod": 1}})",
             "tasks.global.backoffPeriod: is unknown; known here: backOffPeriod"},
        Case{"another provider's account", R"({"local": {"moon": {"backOffPeriod": 1}}})",
             "tasks.local.moon: there is no such account; known here: backOffPeriod, prod, test"},
        Case{"an account's number", R"({"local": {"prod": {"backOffPeriod": 1.5}}})",
             "tasks.local.prod.backOffPeriod: must be a whole number"},
        Case{"a task's", R"({"wait": {"backOffPeriod": 1}})",
             "tasks.wait.backOffPeriod: is unknown; known here: enabled"}));

TEST(TaskSettings, NameTasksThatThereAre) {
  engine::StageCatalog stages;
  runner::TaskCatalog tasks;
  runner::Catalogs catalogs{stages, tasks};
  try {
    skip_tasks(catalogs, {{"dance", true}});
    FAIL() << "it was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("tasks.dance: there is no such task"));
  }
}

}  // namespace
}  // namespace gennaker::server
