// A few days of a large user, so that ./dev simulate --year keeps working; and that its laws see something.

#include "year.h"

#include <gtest/gtest.h>
#include <sstream>

#include "base/logging.h"
#include "testing/builders.h"

namespace gennaker::simulation {
namespace {

class AYear : public ::testing::Test {
 protected:
  AYear() { base::log::set_level(base::log::level::off); }

  static YearOptions a_few_days(int jobs) {
    return {.seed = 7, .days = 2, .divisions = 3, .jobs = jobs, .trouble = 5};
  }
};

TEST_F(AYear, BreaksNoLawAndIsTheSameOnAnyNumberOfThreads) {
  std::ostringstream progress;
  Year once(a_few_days(1)), again(a_few_days(3));
  once.run(progress);
  again.run(progress);
  ASSERT_FALSE(once.finding()) << once.finding()->broken.law << ": " << once.finding()->broken.what
                               << "\n  replay: " << once.replay();
  EXPECT_EQ(once.digest(), again.digest());
  EXPECT_GT(once.figures().deployments(), 700U);
  for (const std::uint64_t count : once.figures().by_fate) EXPECT_GT(count, 0U);
  EXPECT_GT(once.figures().removed, 0U) << "nothing was pruned";
}

/// What is told to an audit that it must not let pass.
class AnAudit : public ::testing::Test {
 protected:
  AnAudit() {
    for (const rehearsal::AccountState& account : holdings.accounts)
      clouds.push_back(std::make_unique<clusters::SimulatedCloud>(clock, account.account, account.holds));
    audit.emplace(holdings, clock, clouds);
  }

  const Delivery& first() const { return holdings.deliveries.front(); }

  store::Changes of(model::Status status, bool active) const {
    model::Execution execution;
    execution.id = "execution-1";
    execution.pipeline_config_id = first().id;
    execution.status = status;
    execution.start_time = clock.now();
    execution.trigger["parameters"] = {{"fate", "serves"}};
    store::Changes changes;
    changes.executions.push_back(store::row_of(execution));
    changes.executions.back().active = active;
    return changes;
  }

  std::string broken() const { return audit->broken() ? audit->broken()->law.substr(0, 2) : "none"; }

  base::VirtualClock clock;
  const Holdings holdings = found_division(1, 1);
  Audit::Clouds clouds;
  std::optional<Audit> audit;
};

TEST_F(AnAudit, SeesWhatDoesNotEnd) {
  audit->committed(of(model::Status::running, true));
  audit->day_ends();
  EXPECT_EQ(broken(), "none");
  clock.advance(std::chrono::hours(25));
  audit->day_ends();
  EXPECT_EQ(broken(), "1:");
}

TEST_F(AnAudit, SeesWhatGoesOnAfterItsEnd) {
  audit->committed(of(model::Status::terminal, true));
  audit->committed(of(model::Status::running, true));
  EXPECT_EQ(broken(), "10");
}

TEST_F(AnAudit, SeesWhatFailsWithoutReason) {
  audit->committed(of(model::Status::terminal, false));
  EXPECT_EQ(broken(), "15");
}

TEST_F(AnAudit, SeesADeploymentThatSaysItServedAndDidNot) {
  audit->committed(of(model::Status::succeeded, false));
  EXPECT_EQ(broken(), "16");
}

TEST_F(AnAudit, SeesAServerGroupThatNobodyMade) {
  clouds.front()->put(testing::server_group(first().cluster + "-v007"));
  audit->day_ends();
  EXPECT_EQ(broken(), "17");
}

TEST_F(AnAudit, SeesAnAnswerOfWhatIsNotStored) {
  audit->answered("execution-1");
  EXPECT_EQ(broken(), "7:");
}

TEST_F(AnAudit, SeesWhatIsRemovedBeforeItsEnd) {
  audit->committed(of(model::Status::running, true));
  store::Changes changes;
  changes.removed_executions.push_back("execution-1");
  audit->committed(changes);
  EXPECT_EQ(broken(), "7:");
}

}  // namespace
}  // namespace gennaker::simulation
