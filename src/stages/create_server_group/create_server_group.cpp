#include "stages/create_server_group/create_server_group.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "clusters/nearest_name.h"
#include "stages/cluster_description.h"
#include "stages/cluster_lock.h"
#include "stages/create_server_group/deployment_start.h"
#include "stages/create_server_group/image_choice.h"
#include "stages/create_server_group/remove_when_cancelled.h"
#include "stages/create_server_group/source.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using clusters::ServerGroupRef;
using runner::TaskContext;
using runner::TaskResult;

constexpr std::string_view requested_field = "serverGroupRequested";
const std::string wait_name = "waitForUpInstances";

std::vector<engine::SyntheticStage> as_stages(std::vector<clusters::Step> steps) {
  std::vector<engine::SyntheticStage> in_turn, beside;
  for (clusters::Step& step : steps) {
    auto& list = step.beside ? beside : in_turn;
    list.push_back(
        {.type = std::move(step.kind), .name = std::move(step.name), .context = std::move(step.context)});
  }
  auto stages = engine::in_sequence(std::move(in_turn));
  stages.insert(stages.end(), std::make_move_iterator(beside.begin()), std::make_move_iterator(beside.end()));
  return stages;
}

class CreateServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "createServerGroup"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<FieldProblem> problem;
    const auto description =
        read_cluster_description(stage.context(), stage.execution().application, problem);
    if (!problem && description.regions.size() > 1) {
      problem = FieldProblem{"region", "one region is needed; a deploy stage takes several"};
    }
    if (problem) return refuse(*problem);
    if (!clusters::creates_server_group(description.strategy))
      return engine::run_in_order({"determineSourceServerGroup"});
    engine::Plan plan = engine::run_in_order({"determineSourceServerGroup", "createServerGroup"});
    plan.tasks.push_back({.name = wait_name, .implementation = "waitForNewInstances"});
    for (engine::SyntheticStage& step : as_stages(clusters::steps_before(description.strategy)))
      plan.before.push_back(std::move(step));
    return plan;
  }

  std::vector<engine::SyntheticStage> after(const engine::StageView& stage) const override {
    const auto description = read(stage);
    return as_stages(clusters::steps_after(description.strategy, deployment_of(stage, description)));
  }

  std::vector<engine::SyntheticStage> on_failure(const engine::StageView& stage) const override {
    const auto description = read(stage);
    return as_stages(clusters::steps_on_failure(description.strategy, deployment_of(stage, description)));
  }

  void prepare_restart(model::Stage& stage) const override {
    // The name was written by our task, and the source is another one now.
    const bool ours = stage.context.contains(created_field);
    if (const auto* saved = base::find(stage.context, "savedCapacity")) {
      json::value capacity = *saved;
      stage.context["capacity"] = std::move(capacity);
      stage.context.erase("savedCapacity");
    }
    forget_results(stage);
    if (!ours) return;
    for (const std::string_view key : {"serverGroupName", "asgName", "source"}) stage.context.erase(key);
  }

 private:
  static ClusterDescription read(const engine::StageView& stage) {
    std::optional<FieldProblem> problem;
    return read_cluster_description(stage.context(), stage.execution().application, problem);
  }
};

ClusterDescription description_of(const TaskContext& context) {
  std::optional<FieldProblem> problem;
  auto description =
      read_cluster_description(context.stage().context, context.execution().application, problem);
  if (!problem) return description;
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", problem->field, problem->reason));
}

class DetermineSource final : public runner::Task {
 public:
  explicit DetermineSource(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const ClusterDescription description = description_of(context);
    check_provider(description);
    const clusters::Place place{description.account, description.regions.front(),
                                clusters::cluster_name(description.moniker)};
    auto locking = wait_for_lock(infrastructure_, context, place);
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
    auto reading = infrastructure_.clouds.fresh_snapshot(description.account);
    const auto snapshot = co_await std::move(reading);
    const SourceChoice choice = choose_source(context.stage().context, description, *snapshot);
    if (!choice.problem.empty()) co_return runner::failed(context, choice.problem);
    if (auto problem = start_problem(description, choice); !problem.empty())
      co_return runner::failed(context, problem);
    const model::Capacity usual{.min = 1, .max = 1, .desired = 1};
    const model::Capacity wanted = choice.capacity ? *choice.capacity : description.capacity.value_or(usual);
    // Refused before anything begins, rather than when the old ones are to go.
    if (std::string why = successor_problem(description, wanted); !why.empty()) {
      std::string verb = fmt::format("Strategy {}", clusters::name_of(description.strategy.kind));
      auto checking = infrastructure_.guards.check_successor(place.account, place.region, description.moniker,
                                                             std::move(verb), std::move(why));
      co_await std::move(checking);
    }
    json::object found = note_start(description, choice, wanted, *snapshot);
    co_return runner::succeeded(found, {{"source", found["source"]}});
  }

 private:
  void check_provider(const ClusterDescription& description) const {
    const auto& account = infrastructure_.clouds.account(description.account);
    if (description.provider.empty() || description.provider == account.provider) return;
    throw base::Error(base::Kind::invalid,
                      fmt::format("cloudProvider: account '{}' belongs to '{}', not to '{}'", account.name,
                                  account.provider, description.provider),
                      {{"field", "cloudProvider"}});
  }

  const Infrastructure infrastructure_;
};

class CreateServerGroup final : public runner::Task {
 public:
  explicit CreateServerGroup(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    if (own.contains(requested_field)) co_return runner::operate(operation_for(context));
    // An ignored failure lets the next task run, but the first one had to take the cluster's lock and find
    // the source.
    for (const model::Task& task : context.stage().tasks) {
      if (task.status == model::Status::failed_continue)
        co_return runner::failed(context,
                                 fmt::format("no server group is made, as {} has failed", task.name));
    }
    // Said before it is done, so that whoever cancels after a crash knows to look for it.
    const ClusterDescription description = description_of(context);
    const std::string& region = description.regions.front();
    std::string image = description.image;
    if (image.empty()) {
      const ImageChoice choice = choose_image(context.execution(), context.stage(), region);
      if (!choice.problem.empty()) co_return runner::failed(context, choice.problem);
      image = choice.image;
    }
    const auto snapshot = infrastructure_.clouds.snapshot(description.account);
    // A name becomes the id of its newest image now, once, also for later attempts.
    if (const auto* known = clusters::find_image(*snapshot, region, image)) {
      image = known->id;
    } else if (!snapshot->images.empty() && !can_be_pulled(description.account, image)) {
      co_return runner::failed(context, unknown_image(*snapshot, description, image));
    }
    for (const std::string& name : description.load_balancers) {
      if (clusters::find_load_balancer(*snapshot, region, name) != nullptr) continue;
      co_return runner::failed(context, unknown_load_balancer(*snapshot, description, name));
    }
    json::object requested{{requested_field, true}, {"imageId", image}};
    co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(requested));
  }

  TaskResult operated(const TaskContext& context, const json::object& answer) override {
    const ClusterDescription description = description_of(context);
    const std::string name = base::string_or(answer, "serverGroupName", "");
    const ServerGroupRef ref{description.account, description.regions.front(), name};
    const std::string ancestor = base::string_or(answer, "ancestorServerGroupName", "");
    json::object results = operation_results(context, clusters::create_server_group_kind, ref.account,
                                             context.key(clusters::create_server_group_kind),
                                             deployment_result(ref, description, ancestor));
    results["serverGroupName"] = name;
    results["asgName"] = name;
    results[created_field] = name;
    results["deploy.server.groups"] = server_groups_by_region({ref});
    json::object outputs{{"deploy.server.groups", results["deploy.server.groups"]},
                         {"deploy.account.name", ref.account},
                         {"serverGroupName", name},
                         {"kato.tasks", results["kato.tasks"]}};
    return runner::succeeded(std::move(results), std::move(outputs));
  }

  /// Takes away what was asked for, whether or not the answer was heard: the same key names the same thing.
  base::Async<TaskResult> cancel(TaskContext context) override {
    const json::object& own = context.stage().context;
    if (!own.contains(requested_field) || base::bool_or(own, "keepFailed", false)) co_return TaskResult{};
    const ClusterDescription description = description_of(context);
    std::string name = base::string_or(own, created_field, "");
    if (name.empty()) {
      auto asking_again = infrastructure_.clouds.perform(operation_for(context));
      const json::object answer = co_await std::move(asking_again);
      name = base::string_or(answer, "serverGroupName", "");
    }
    const ServerGroupRef ref{description.account, description.regions.front(), name};
    co_return runner::operate(clusters::destroy_server_group(context.key("destroyWhenCancelled"), ref));
  }

  std::optional<std::chrono::milliseconds> time_limit(const TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  /// "registry:5000/shop:1.2": a mere name is one that the account should know.
  bool can_be_pulled(const std::string& account, const std::string& image) const {
    return infrastructure_.clouds.account(account).pulls_images &&
           image.find_first_of("/:@") != std::string::npos;
  }

  static model::Operation operation_for(const TaskContext& context) {
    const ClusterDescription description = description_of(context);
    clusters::ServerGroupSpec spec;
    spec.account = description.account;
    spec.region = description.regions.front();
    spec.moniker = description.moniker;
    spec.image_id = description.image;
    spec.capacity = description.capacity.value_or(model::Capacity{.min = 1, .max = 1, .desired = 1});
    spec.load_balancers = description.load_balancers;
    spec.start_disabled = description.start_disabled;
    spec.settings = description.settings;
    return clusters::create_server_group(context.key(clusters::create_server_group_kind), spec);
  }

  static json::object deployment_result(const ServerGroupRef& ref, const ClusterDescription& description,
                                        const std::string& ancestor) {
    const model::Capacity capacity =
        description.capacity.value_or(model::Capacity{.min = 1, .max = 1, .desired = 1});
    json::object result;
    result["serverGroupNames"] = json::array{json::value(fmt::format("{}:{}", ref.region, ref.name))};
    result["serverGroupNameByRegion"] = {{ref.region, ref.name}};
    if (!ancestor.empty()) result["ancestorServerGroupNameByRegion"] = {{ref.region, ancestor}};
    result["deployedNames"] = json::array{json::value(ref.name)};
    result["deployedNamesByLocation"] = server_groups_by_region({ref});
    result["messages"] = json::array{};
    result["deployments"] = json::array{json::object{{"cloudProvider", description.provider},
                                                     {"account", ref.account},
                                                     {"location", ref.region},
                                                     {"serverGroupName", ref.name},
                                                     {"capacity", to_json(capacity)}}};
    return result;
  }

  static std::string unknown_image(const clusters::Snapshot& snapshot, const ClusterDescription& description,
                                   const std::string& image) {
    std::vector<std::string> known;
    for (const auto& one : snapshot.images) {
      if (std::find(known.begin(), known.end(), one.name) == known.end()) known.push_back(one.name);
    }
    return fmt::format("imageId: account '{}' has no image '{}' in '{}'{}", description.account, image,
                       description.regions.front(), clusters::suggestion(image, known));
  }

  static std::string unknown_load_balancer(const clusters::Snapshot& snapshot,
                                           const ClusterDescription& description, const std::string& name) {
    std::vector<std::string> known;
    for (const auto& balancer : snapshot.load_balancers) known.push_back(balancer.name);
    return fmt::format("loadBalancers: account '{}' has no load balancer '{}' in '{}'{}", description.account,
                       name, description.regions.front(), clusters::suggestion(name, known));
  }

  const Infrastructure infrastructure_;
};

}  // namespace

std::unique_ptr<engine::Stage> create_server_group_stage() {
  return std::make_unique<CreateServerGroupStage>();
}

void add_create_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(create_server_group_stage());
  add_remove_when_cancelled(catalogs, infrastructure);
  catalogs.tasks.add("determineSourceServerGroup", std::make_unique<DetermineSource>(infrastructure));
  catalogs.tasks.add("createServerGroup", std::make_unique<CreateServerGroup>(infrastructure));
}

}  // namespace gennaker::stages
