#include "stages/rolling_push/rolling_push.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using runner::TaskContext;
using runner::TaskResult;

constexpr std::string_view candidates_field = "terminationInstanceIds";
/// So many of them, the first ones, serve nobody.
constexpr std::string_view sick_field = "terminationSick";

struct Termination {
  bool newest_first = false;
  int at_a_time = 1;
  int total = 0;  ///< 0: all
  int wait_seconds = 0;
};

int number(const json::object& termination, std::string_view field, int fallback,
           std::optional<FieldProblem>& problem) {
  const auto* value = base::find(termination, field);
  if (value == nullptr || value->is_null()) return fallback;
  const auto whole = base::whole_number(*value);
  if (whole && *whole >= 0 && *whole <= 1'000'000) return static_cast<int>(*whole);
  if (!problem) {
    problem =
        FieldProblem{fmt::format("termination.{}", field),
                     fmt::format("a whole number, 0 or more, is needed, not {}", base::to_text(*value))};
  }
  return fallback;
}

Termination read_termination(const json::object& context, std::optional<FieldProblem>& problem) {
  const json::object none;
  const auto* given = base::find_object(context, "termination");
  const json::object& fields = given ? *given : none;
  Termination termination;
  const std::string order = base::string_or(fields, "order", "oldest");
  if (order != "oldest" && order != "newest") {
    problem =
        FieldProblem{"termination.order", fmt::format("'{}' is not known; there are: oldest, newest", order)};
  }
  termination.newest_first = order == "newest";
  termination.at_a_time = std::max(1, number(fields, "concurrentRelaunches", 1, problem));
  termination.total = number(fields, "totalRelaunches", 0, problem);
  termination.wait_seconds = number(fields, "waitTime", 0, problem);
  return termination;
}

json::object group_context(const json::object& own) {
  json::object context{{"credentials", account_of(own)},
                       {"region", locations_of(own).front()},
                       {"serverGroupName", server_group_name_of(own)}};
  for (const std::string_view key : {"cloudProvider", "interestingHealthProviderNames", "healthTimeoutMs"}) {
    if (const auto* value = base::find(own, key)) context[key] = *value;
  }
  return context;
}

class RollingPush final : public engine::Stage {
 public:
  std::string_view type() const override { return "rollingPush"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    auto problem = account_problem(context);
    if (!problem && locations_of(context).size() != 1)
      problem = FieldProblem{"region", "exactly one region is needed"};
    if (!problem && server_group_name_of(context).empty())
      problem = FieldProblem{"serverGroupName", "the name of a server group is needed"};
    if (!problem) read_termination(context, problem);
    if (problem) return refuse(*problem);
    return engine::run_in_order({"determineTerminationCandidates"});
  }

  /// The next ones go when those before serve again.
  std::vector<engine::SyntheticStage> after(const engine::StageView& stage) const override {
    const json::object& own = stage.context();
    std::optional<FieldProblem> problem;
    const Termination termination = read_termination(own, problem);
    const auto ids = base::string_list(own, candidates_field);
    const auto sick = static_cast<std::size_t>(base::whole_number(own, sick_field).value_or(0));
    std::vector<engine::SyntheticStage> stages;
    for (std::size_t from = 0, to = 0; from < ids.size(); from = to) {
      // Nobody misses the sick ones: they go together.
      to = std::min(ids.size(), from < sick ? sick : from + static_cast<std::size_t>(termination.at_a_time));
      if (from > 0 && termination.wait_seconds > 0) {
        stages.push_back({.type = "wait",
                          .name = "Wait Before the Next",
                          .context = {{"waitTime", termination.wait_seconds}}});
      }
      json::object terminate = group_context(own);
      terminate.erase("serverGroupName");
      terminate["instanceIds"] = json::array(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                             ids.begin() + static_cast<std::ptrdiff_t>(to));
      stages.push_back({.type = "terminateInstances",
                        .name = fmt::format("Start {} to {} of {} Anew", from + 1, to, ids.size()),
                        .context = std::move(terminate)});
      stages.push_back(
          {.type = "waitForUpInstances", .name = "Wait Until They Serve", .context = group_context(own)});
    }
    return engine::in_sequence(std::move(stages));
  }

  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DetermineCandidates final : public runner::Task {
 public:
  explicit DetermineCandidates(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const clusters::ServerGroupRef ref = server_group_of(context);
    auto locking = wait_for_lock_of(infrastructure_, context, ref);
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
    infrastructure_.clouds.expect_can(ref.account, clusters::terminate_instances_kind);
    auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
    const auto snapshot = co_await std::move(reading);
    const auto& group = need_server_group(*snapshot, ref);
    json::array ids;
    std::int64_t sick = 0;
    for (const model::Instance* one : candidates(context.stage().context, group)) {
      ids.push_back(json::value(one->id));
      if (one->state != model::HealthState::up) ++sick;
    }
    co_return runner::succeeded(
        {{std::string(candidates_field), std::move(ids)}, {std::string(sick_field), sick}});
  }

 private:
  static std::vector<const model::Instance*> candidates(const json::object& own,
                                                        const model::ServerGroup& group) {
    std::optional<FieldProblem> problem;
    const Termination termination = read_termination(own, problem);
    const auto since = base::whole_number(own, "launchedSince");
    const auto launched = [](const model::Instance* one) {
      return one->launch_time.value_or(base::TimePoint{});
    };
    std::vector<const model::Instance*> found;
    for (const model::Instance& one : group.instances) {
      if (!since || launched(&one) >= base::from_millis(*since)) found.push_back(&one);
    }
    const auto is_sick = [](const auto* one) { return one->state != model::HealthState::up; };
    std::stable_sort(found.begin(), found.end(), [&](const auto* one, const auto* other) {
      if (is_sick(one) != is_sick(other)) return is_sick(one);
      return termination.newest_first ? launched(one) > launched(other) : launched(one) < launched(other);
    });
    const auto most = static_cast<std::size_t>(termination.total);
    if (most > 0 && found.size() > most) found.resize(most);
    return found;
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_rolling_push(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<RollingPush>());
  catalogs.tasks.add("determineTerminationCandidates", std::make_unique<DetermineCandidates>(infrastructure));
}

}  // namespace gennaker::stages
