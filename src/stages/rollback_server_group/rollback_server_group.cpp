#include "stages/rollback_server_group/rollback_server_group.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using engine::SyntheticStage;

constexpr std::string_view explicit_type = "EXPLICIT", image_type = "PREVIOUS_IMAGE";

/// What to go back from and to.
struct Rollback {
  std::string type;
  std::string bad, good;
  std::string image;  ///< PREVIOUS_IMAGE: its id, else its name
  int healthy_percentage = 100;
  int delay_seconds = 0;
  bool disable_only = false;
  bool without_resize = false;
};

int number(const json::object& context, std::string_view field, int fallback, int most,
           std::optional<FieldProblem>& problem) {
  const auto* value = base::find(context, field);
  if (value == nullptr || value->is_null()) return fallback;
  const auto whole = base::whole_number(*value);
  if (whole && *whole >= 0 && *whole <= most) return static_cast<int>(*whole);
  if (!problem) {
    problem = FieldProblem{
        fmt::format("rollbackContext.{}", field),
        fmt::format("a whole number from 0 to {} is needed, not {}", most, base::to_text(*value))};
  }
  return fallback;
}

Rollback read_rollback(const json::object& context, std::optional<FieldProblem>& problem) {
  Rollback rollback;
  rollback.type = base::string_or(context, "rollbackType", "EXPLICIT");
  if (rollback.type != explicit_type && rollback.type != image_type) {
    problem = FieldProblem{"rollbackType", fmt::format("'{}' is not known; there are: {}, {}", rollback.type,
                                                       explicit_type, image_type)};
    return rollback;
  }
  const auto* given = base::find_object(context, "rollbackContext");
  if (given == nullptr) {
    problem = FieldProblem{"rollbackContext", "an object with rollbackServerGroupName is needed"};
    return rollback;
  }
  rollback.bad = base::string_or(*given, "rollbackServerGroupName", "");
  rollback.good = base::string_or(*given, "restoreServerGroupName", "");
  rollback.disable_only = base::bool_or(*given, "disableOnly", false);
  rollback.without_resize = base::bool_or(*given, "enableAndDisableOnly", false);
  rollback.healthy_percentage = number(*given, "targetHealthyRollbackPercentage", 100, 100, problem);
  rollback.delay_seconds = number(*given, "delayBeforeDisableSeconds", 0, 1'000'000, problem);
  rollback.image = base::string_or(*given, "imageId", "");
  if (rollback.image.empty()) rollback.image = base::string_or(*given, "imageName", "");
  if (problem) return rollback;
  if (rollback.bad.empty()) {
    problem = FieldProblem{"rollbackContext.rollbackServerGroupName", "the name to go back from is needed"};
  } else if (rollback.type == image_type) {
    if (rollback.image.empty())
      problem = FieldProblem{"rollbackContext.imageId", "the image to go back to is needed, or `imageName`"};
  } else if (rollback.good.empty() && !rollback.disable_only) {
    problem = FieldProblem{"rollbackContext.restoreServerGroupName", "the name to go back to is needed"};
  } else if (rollback.good == rollback.bad) {
    problem = FieldProblem{"rollbackContext.restoreServerGroupName",
                           fmt::format("'{}' cannot take its own place", rollback.good)};
  }
  return rollback;
}

json::object group_context(const json::object& own, const std::string& name) {
  json::object context{
      {"credentials", account_of(own)}, {"region", locations_of(own).front()}, {"serverGroupName", name}};
  for (const std::string_view key : {"cloudProvider", "interestingHealthProviderNames"}) {
    if (const auto* value = base::find(own, key)) context[key] = *value;
  }
  return context;
}

/// Resizes `name` to `capacity` and waits for it as the rollback does.
SyntheticStage resize(const json::object& own, const Rollback& rollback, const json::value& capacity,
                      std::string name) {
  json::object context = group_context(own, rollback.good);
  context["action"] = "scale_exact";
  context["capacity"] = capacity;
  context["targetHealthyDeployPercentage"] = rollback.healthy_percentage;
  return {.type = "resizeServerGroup", .name = std::move(name), .context = std::move(context)};
}

/// A copy of the bad one with the former image, as large as it is, which takes the traffic from it.
SyntheticStage clone_with_image(const json::object& own, const Rollback& rollback) {
  const std::string account = account_of(own), region = locations_of(own).front();
  json::object context{
      {"account", account},
      {"region", region},
      {"imageId", rollback.image},
      {"strategy", "redblack"},
      {"targetHealthyDeployPercentage", rollback.healthy_percentage},
      {"delayBeforeDisableSec", rollback.delay_seconds},
      {"source", json::object{{"account", account}, {"region", region}, {"serverGroupName", rollback.bad}}}};
  for (const std::string_view key : {"cloudProvider", "interestingHealthProviderNames"}) {
    if (const auto* value = base::find(own, key)) context[key] = *value;
  }
  return {.type = "cloneServerGroup",
          .name = fmt::format("Deploy {} again", rollback.image),
          .context = std::move(context)};
}

class RollbackServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "rollbackServerGroup"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (locations_of(context).size() != 1) return engine::refuse("region", "exactly one region is needed");
    std::optional<FieldProblem> problem;
    read_rollback(context, problem);
    if (problem) return refuse(*problem);
    return engine::run_in_order({"captureRollbackCapacity"});
  }

  /// The good one serves before the bad one stops; if that fails, the bad one keeps its traffic.
  std::vector<SyntheticStage> after(const engine::StageView& stage) const override {
    const json::object& own = stage.context();
    std::optional<FieldProblem> problem;
    const Rollback rollback = read_rollback(own, problem);
    const auto* sizes = base::find_object(own, "rollbackSteps");
    if (problem || sizes == nullptr) return {};
    if (rollback.type == image_type) return {clone_with_image(own, rollback)};
    std::vector<SyntheticStage> stages;
    if (!rollback.disable_only) {
      json::object enable = group_context(own, rollback.good);
      enable["targetHealthyDeployPercentage"] = rollback.healthy_percentage;
      stages.push_back(
          {.type = "enableServerGroup", .name = "Enable " + rollback.good, .context = std::move(enable)});
      if (const auto* grow = base::find(*sizes, "resizeTo")) {
        stages.push_back(resize(own, rollback, *grow, "Resize " + rollback.good));
      }
      if (rollback.delay_seconds > 0) {
        stages.push_back({.type = "wait",
                          .name = "Wait Before Disable",
                          .context = {{"waitTime", rollback.delay_seconds}}});
      }
    }
    stages.push_back({.type = "disableServerGroup",
                      .name = "Disable " + rollback.bad,
                      .context = group_context(own, rollback.bad)});
    if (const auto* restore = base::find(*sizes, "restoreTo")) {
      stages.push_back(resize(own, rollback, *restore, "Restore the minimum of " + rollback.good));
    }
    return engine::in_sequence(std::move(stages));
  }

  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// Looks both up, and decides the sizes while the bad one is still there to compare with.
class CaptureCapacity final : public runner::Task {
 public:
  explicit CaptureCapacity(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    std::optional<FieldProblem> problem;
    const Rollback rollback = read_rollback(own, problem);
    const std::string account = account_of(own), region = locations_of(own).front();
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    const auto& bad = need_server_group(*snapshot, {account, region, rollback.bad});
    json::object sizes;
    if (rollback.type == explicit_type && !rollback.disable_only) {
      const auto& good = need_server_group(*snapshot, {account, region, rollback.good});
      if (!rollback.without_resize) decide(bad.capacity, good.capacity, sizes);
    }
    co_return runner::succeeded({{"rollbackSteps", std::move(sizes)}});
  }

 private:
  static void decide(const model::Capacity& bad, const model::Capacity& good, json::object& sizes) {
    model::Capacity wanted;
    wanted.desired = std::max(bad.desired, good.desired);
    wanted.max = std::max(bad.max, good.max);
    wanted.min = wanted.desired;  // nothing may shrink it before the traffic has moved
    const bool same = wanted.min == good.min && wanted.desired == good.desired && wanted.max == good.max;
    if (same) return;
    sizes["resizeTo"] = to_json(wanted);
    if (good.min == wanted.min) return;
    model::Capacity restored = wanted;
    restored.min = std::min(good.min, wanted.min);
    sizes["restoreTo"] = to_json(restored);
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_rollback_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<RollbackServerGroupStage>());
  catalogs.tasks.add("captureRollbackCapacity", std::make_unique<CaptureCapacity>(infrastructure));
}

}  // namespace gennaker::stages
