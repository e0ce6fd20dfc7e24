// Law 9: what was planned is what is applied.

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "random_pipelines.h"
#include "rehearsal/plan.h"
#include "testing/rehearsals.h"

namespace gennaker::simulation {
namespace {

/// "GENNAKER_SEED=17 GENNAKER_SEEDS=1" replays one.
std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

/// An operation, told by who asked for it: "1/2<1 createServerGroup local {...}".
struct Asked {
  std::string who, kind, account;
  json::value what;
};

std::string text_of(const Asked& asked) {
  return fmt::format("{} {} {} {}", asked.who, asked.kind, asked.account, base::to_text(asked.what));
}

std::string text_of(const std::vector<Asked>& list) {
  std::string text;
  for (const Asked& one : list) text += "  " + text_of(one) + "\n";
  return text;
}

/// The planned text with its unknown parts as gaps that anything fills.
bool fits(std::string_view planned, std::string_view applied) {
  const std::size_t begin = planned.find(runner::unknown_begin);
  if (begin == std::string_view::npos) return planned == applied;
  if (applied.substr(0, begin) != planned.substr(0, begin)) return false;
  const std::size_t end = planned.find(runner::unknown_end, begin) + runner::unknown_end.size();
  for (std::size_t skipped = begin; skipped <= applied.size(); ++skipped) {
    if (fits(planned.substr(end), applied.substr(skipped))) return true;
  }
  return false;
}

bool fits(const json::value& planned, const json::value& applied) {
  const auto* text = planned.if_string();
  if (text != nullptr && std::string_view(*text).find(runner::unknown_begin) != std::string_view::npos)
    return fits(std::string_view(*text), base::plain_text(applied));
  if (planned.kind() != applied.kind()) return base::to_text(planned) == base::to_text(applied);
  if (const auto* list = planned.if_array()) {
    const auto& other = applied.get_array();
    return std::equal(list->begin(), list->end(), other.begin(), other.end(),
                      [](const json::value& a, const json::value& b) { return fits(a, b); });
  }
  if (const auto* object = planned.if_object()) {
    const auto& other = applied.get_object();
    return object->size() == other.size() &&
           std::all_of(object->begin(), object->end(), [&](const auto& member) {
             const auto* found = other.if_contains(member.key());
             return found != nullptr && fits(member.value(), *found);
           });
  }
  return planned == applied;
}

bool same_operation(const Asked& planned, const Asked& applied) {
  return planned.kind == applied.kind && planned.account == applied.account &&
         fits(planned.what, applied.what);
}

/// Of equal bakes in two branches one makes the image and the other one finds it: which, nobody can know.
bool fit_somehow(const std::vector<Asked>& planned, std::vector<Asked> applied) {
  return planned.size() == applied.size() &&
         std::all_of(planned.begin(), planned.end(), [&](const Asked& one) {
           const auto found = std::find_if(applied.begin(), applied.end(),
                                           [&](const Asked& other) { return same_operation(one, other); });
           if (found == applied.end()) return false;
           applied.erase(found);
           return true;
         });
}

std::vector<Asked> take_bakes(std::vector<Asked>& from) {
  const auto first = std::stable_partition(from.begin(), from.end(),
                                           [](const Asked& one) { return one.kind != clusters::bake_kind; });
  std::vector<Asked> bakes(first, from.end());
  from.erase(first, from.end());
  return bakes;
}

bool fits(std::vector<Asked> planned, std::vector<Asked> applied) {
  if (!fit_somehow(take_bakes(planned), take_bakes(applied))) return false;
  return std::equal(planned.begin(), planned.end(), applied.begin(), applied.end(),
                    [](const Asked& a, const Asked& b) { return a.who == b.who && same_operation(a, b); });
}

void sort_by_asker(std::vector<Asked>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Asked& a, const Asked& b) { return a.who < b.who; });
}

// ---- What a plan says ----

void collect(const json::object& stage, const std::string& path, std::vector<Asked>& asked) {
  const std::string who = path + "/" + base::string_or(stage, "refId", "");
  for (const auto& one : stage.at("operations").as_array()) {
    const json::object& operation = one.as_object();
    if (operation.contains("refused")) continue;
    asked.push_back({who, base::string_or(operation, "kind", ""), base::string_or(operation, "account", ""),
                     operation.at("what")});
  }
  for (const std::string_view owner : {"before", "after"}) {
    for (const auto& part : stage.at(owner).as_array()) collect(part.as_object(), path, asked);
  }
  if (const auto* child = base::find_object(stage, "child")) {
    for (const auto& part : child->at("stages").as_array()) collect(part.as_object(), who, asked);
  }
}

std::vector<Asked> planned_operations(const json::object& plan) {
  std::vector<Asked> asked;
  for (const auto& stage : plan.at("stages").as_array()) collect(stage.as_object(), "", asked);
  sort_by_asker(asked);
  return asked;
}

bool any_outcome(const json::object& plan, std::initializer_list<std::string_view> outcomes) {
  for (const auto& one : plan.at("stages").as_array()) {
    const json::object& stage = one.as_object();
    const std::string outcome = base::string_or(stage, "outcome", "");
    if (std::find(outcomes.begin(), outcomes.end(), outcome) != outcomes.end()) return true;
    if (const auto* child = base::find_object(stage, "child"); child && any_outcome(*child, outcomes))
      return true;
  }
  return false;
}

/// Some stage's work could not be foreseen, and the plan says so.
bool incomplete(const json::object& plan) {
  const std::function<bool(const json::value&)> look = [&](const json::value& one) {
    const json::object& stage = one.as_object();
    if (stage.contains("incomplete")) return true;
    for (const std::string_view owner : {"before", "after"}) {
      const auto& parts = stage.at(owner).as_array();
      if (std::any_of(parts.begin(), parts.end(), look)) return true;
    }
    const auto* child = base::find_object(stage, "child");
    return child != nullptr && incomplete(*child);
  };
  const auto& stages = plan.at("stages").as_array();
  return std::any_of(stages.begin(), stages.end(), look);
}

// ---- What a run does ----

/// "/2/1<1" for a stage of a child that stage 2 started.
std::string path_of(rehearsal::World& world, const rehearsal::Asker& by) {
  const auto execution = world.execution(by.execution_id);
  const std::string own = "/" + execution->find_stage(by.stage_id)->ref_id;
  const std::string parent = base::string_or(execution->trigger, "parentExecutionId", "");
  if (parent.empty()) return own;
  return path_of(world, {parent, base::string_or(execution->trigger, "parentPipelineStageId", ""), ""}) + own;
}

/// What took effect, whether or not its answer was heard.
std::vector<Asked> applied_operations(rehearsal::World& world) {
  std::vector<Asked> asked;
  for (const model::Operation& effect : world.cloud("local")->effects()) {
    asked.push_back(
        {path_of(world, rehearsal::asker_of(effect.key)), effect.kind, effect.account, effect.what});
  }
  sort_by_asker(asked);
  return asked;
}

struct Count {
  std::size_t pipelines = 0, operations = 0, with_unknown = 0, failing = 0, children = 0, left_out = 0;
};

rehearsal::Setting setting_of(const Scene& scene, store::Store& saved) {
  rehearsal::Setting setting{.add_stages = gennaker::testing::builtin_stages(),
                             .fence = gennaker::testing::usual_fence()};
  setting.beneath = &saved;
  setting.accounts = scene.accounts;
  setting.start = base::from_millis(1'700'000'000'000);
  return setting;
}

void save_all(const Scene& scene, store::Store& saved) {
  base::VirtualClock clock;
  base::SeededRandom random(1);
  pipelines::Configurations configurations(saved, clock, random);
  boost::asio::io_context io;
  for (const json::object& config : scene.saved) {
    auto saving = configurations.save(config, "ann", pipelines::Configurations::StaleCheck::no);
    boost::asio::co_spawn(io, std::move(saving), boost::asio::detached);
  }
  io.run();
}

void compare(std::uint64_t seed, Count& count) {
  const Scene scene = SceneMaker(seed).make();
  store::MemoryStore saved;
  save_all(scene, saved);
  rehearsal::PlanRequest request{.config = scene.config};
  request.trigger["parameters"] = scene.parameters;
  const json::object plan = rehearsal::make_plan(setting_of(scene, saved), request);
  // Whether these run, nobody can know before; and when a branch fails, how far the others have come.
  const bool fails = any_outcome(plan, {"fails"});
  if (any_outcome(plan, {"may run"}) || incomplete(plan) || (fails && !scene.chain)) {
    ++count.left_out;
    return;
  }
  const std::vector<Asked> planned = planned_operations(plan);

  Reality reality(seed + 1);
  rehearsal::World world(setting_of(scene, saved), reality);
  reality.set_world(&world);
  world.each_cloud([](clusters::SimulatedCloud& cloud) {
    cloud.set_faults({.crash_before = 0.05, .lost_answer = 0.05, .doubled_call = 0.05});
    cloud.set_time_to_healthy(std::chrono::seconds(20));
  });
  pipelines::StartRequest start{.config = scene.config};
  start.trigger["parameters"] = scene.parameters;
  const std::string id = world.start(std::move(start));
  ASSERT_TRUE(world.run_until_rest(id)) << base::to_pretty_text(json::value(scene.config));
  ASSERT_EQ(world.cloud("local")->operations_run_twice(), 0);
  const std::vector<Asked> applied = applied_operations(world);

  ++count.pipelines;
  count.operations += planned.size();
  count.failing += fails ? 1 : 0;
  count.children += world.started().size() - 1;
  for (const Asked& one : planned) count.with_unknown += runner::has_unknown(one.what) ? 1 : 0;
  ASSERT_TRUE(fits(planned, applied))
      << "planned:\n"
      << text_of(planned) << "applied:\n"
      << text_of(applied) << "pipeline: " << base::to_pretty_text(json::value(scene.config))
      << "\nparameters: " << base::to_text(scene.parameters)
      << "\nplan: " << base::to_pretty_text(json::value(plan));
}

TEST(PlanEqualsApply, OverRandomPipelines) {
  base::set_up_logging("error");
  const std::uint64_t first = number_from("GENNAKER_SEED", 1), seeds = number_from("GENNAKER_SEEDS", 0);
  constexpr std::size_t wanted = 10'000;
  Count count;
  for (std::uint64_t seed = first; seeds > 0 ? seed < first + seeds : count.pipelines < wanted; ++seed) {
    SCOPED_TRACE(fmt::format("replay: ./dev test simulation --seed {}", seed));
    compare(seed, count);
    if (HasFatalFailure()) break;
  }
  std::cout << fmt::format(
      "{} pipelines ({} of them fail, {} children), {} operations, {} with something unknown; {} left out\n",
      count.pipelines, count.failing, count.children, count.operations, count.with_unknown, count.left_out);
}

TEST(PlanEqualsApply, SeesADifference) {
  const Asked planned{"/1", "bake", "local", {{"name", "⟨x⟩-a"}, {"version", "1"}}};
  const Asked same{"/1", "bake", "local", {{"name", "whatever-a"}, {"version", "1"}}};
  const Asked other{"/1", "bake", "local", {{"name", "whatever-b"}, {"version", "1"}}};
  EXPECT_TRUE(fits(std::vector{planned}, std::vector{same}));
  EXPECT_FALSE(fits(std::vector{planned}, std::vector{other}));
  EXPECT_FALSE(fits(std::vector{planned}, std::vector<Asked>{}));
}

}  // namespace
}  // namespace gennaker::simulation
