#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "base/virtual_clock.h"
#include "pipelines/starter.h"
#include "store/memory/memory_store.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::pipelines {
namespace {

using gennaker::testing::object;
using ::testing::HasSubstr;

class Nothing final : public engine::Stage {
 public:
  explicit Nothing(std::string_view type) : type_(type) {}
  std::string_view type() const override { return type_; }
  std::vector<std::string_view> aliases() const override {
    return type_ == "upsertApplication" ? std::vector<std::string_view>{"createApplication"}
                                        : std::vector<std::string_view>{};
  }
  engine::Plan plan(const engine::StageView&) const override { return {}; }

 private:
  std::string_view type_;
};

class NoClouds final : public runner::Operator {
 public:
  Async<json::object> perform(model::Operation) override { co_return json::object{}; }
};

struct Case {
  std::string_view name, jobs, user, refusal;  ///< no refusal: it is started
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class AdHocTasks : public ::testing::TestWithParam<Case> {
 protected:
  AdHocTasks() {
    for (const char* type : {"wait", "deploy", "upsertApplication"})
      stages_.add(std::make_unique<Nothing>(type));
  }

  std::string start(const std::string& jobs, const std::string& user, AdHocRules rules) {
    Starter starter({.store = store_,
                     .runner = runner_,
                     .stages = stages_,
                     .clock = clock_,
                     .random = random_,
                     .executor = io_.get_executor(),
                     .ad_hoc = std::move(rules)});
    const json::object request =
        object(R"({"application": "shop", "trigger": {"user": "root"}, "job": )" + jobs + "}");
    return gennaker::testing::run_async(io_, starter.start_orchestration(request, user, "api"));
  }
  std::vector<model::Execution> stored() {
    store::ExecutionQuery query;
    query.type = model::ExecutionType::orchestration;
    return gennaker::testing::run_async(io_, store_.executions(std::move(query), model::Detail::full));
  }

  boost::asio::io_context io_;
  base::VirtualClock clock_;
  base::SeededRandom random_{1};
  store::MemoryStore store_;
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  NoClouds clouds_;
  runner::Runner runner_{
      {.store = store_, .stages = stages_, .tasks = tasks_, .clouds = clouds_, .clock = clock_},
      io_.get_executor()};
};

const AdHocRules rules{.only_listed = true, .listed = {{"upsertApplication", {}}, {"wait", {"ann", "bob"}}}};

TEST_P(AdHocTasks, AreStartedOrRefused) {
  const Case& c = GetParam();
  std::string refusal;
  try {
    start(std::string(c.jobs), std::string(c.user), rules);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::forbidden);
    refusal = error.what();
  }
  EXPECT_EQ(refusal.empty(), c.refusal.empty()) << refusal;
  EXPECT_THAT(refusal, HasSubstr(std::string(c.refusal)));
  const auto tasks = stored();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].status == model::Status::terminal, !refusal.empty());
  if (refusal.empty()) return;
  EXPECT_EQ(tasks[0].canceled_by, "system");
  EXPECT_EQ(tasks[0].cancellation_reason, "Failed on startup: " + refusal);
  EXPECT_FALSE(tasks[0].start_time);
}

INSTANTIATE_TEST_SUITE_P(
    Jobs, AdHocTasks,
    ::testing::Values(Case{"everybody's", R"([{"type": "upsertApplication"}])", "eve", ""},
                      Case{"another word for it", R"([{"type": "createApplication"}])", "eve", ""},
                      Case{"somebody's", R"([{"type": "wait"}])", "bob", ""},
                      Case{"somebody else's", R"([{"type": "wait"}])", "eve",
                           "user eve may not start ad-hoc tasks of type wait"},
                      Case{"not listed", R"([{"type": "deploy"}])", "ann", "type deploy are switched off"},
                      Case{"not listed, behind one that is",
                           R"([{"type": "upsertApplication"}, {"type": "deploy"}])", "ann",
                           "type deploy are switched off"},
                      Case{"with a cloud's name", R"([{"type": "deploy", "providerType": "local"}])", "ann",
                           "type deploy_local are switched off"},
                      Case{"not known, as another", R"([{"type": "what", "alias": "deploy"}])", "ann",
                           "type what are switched off"}));

TEST_F(AdHocTasks, AreAllStartedWithoutRules) {
  EXPECT_NO_THROW(start(R"([{"type": "deploy"}])", "eve", {}));
}

}  // namespace
}  // namespace gennaker::pipelines
