#include "stages/clone_server_group/clone_server_group.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/cluster_description.h"
#include "stages/cluster_lock.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/create_server_group/deployment_start.h"
#include "stages/create_server_group/image_choice.h"
#include "stages/create_server_group/source.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;
using runner::TaskResult;

/// {fields: [name], source}: what the first task put into the context, and the source as the user gave it.
constexpr std::string_view cloned_field = "clonedFields";

bool gives(const json::object& context, std::string_view field) {
  const auto* value = base::find(context, field);
  return value != nullptr && !value->is_null();
}

/// As createServerGroup, but that its first task fills in what the user left out.
class CloneServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "cloneServerGroup"; }
  std::vector<std::string_view> aliases() const override { return {"copyLastAsg"}; }

  /// Where the clone goes is known before the source is: it stays where its source is.
  void begin(model::Stage& stage) const override {
    json::object& own = stage.context;
    const auto* source = base::find_object(own, "source");
    if (source == nullptr) return;
    if (account_of(own).empty()) {
      if (const std::string account = account_of(*source); !account.empty()) own["account"] = account;
    }
    if (locations_of(own).empty()) {
      if (const auto locations = locations_of(*source); !locations.empty()) own["region"] = locations.front();
    }
  }

  engine::Plan plan(const engine::StageView& stage) const override {
    engine::Plan plan = create_->plan(stage);
    for (engine::PlannedTask& task : plan.tasks) {
      if (task.implementation == "determineSourceServerGroup") task.implementation = "determineCloneSource";
    }
    return plan;
  }
  std::vector<engine::SyntheticStage> after(const engine::StageView& stage) const override {
    return create_->after(stage);
  }
  std::vector<engine::SyntheticStage> on_failure(const engine::StageView& stage) const override {
    return create_->on_failure(stage);
  }

  /// What was copied is old news, and which server group was copied too unless the user named it.
  void prepare_restart(model::Stage& stage) const override {
    json::object cloned;
    if (const auto* kept = base::find_object(stage.context, cloned_field)) cloned = *kept;
    create_->prepare_restart(stage);
    if (cloned.empty()) return;
    for (const std::string& field : base::string_list(cloned, "fields")) stage.context.erase(field);
    stage.context.erase("source");
    if (const auto* source = base::find(cloned, "source")) stage.context["source"] = *source;
  }

 private:
  const std::unique_ptr<engine::Stage> create_ = create_server_group_stage();
};

/// Gathers what the user left out.
class Gaps {
 public:
  explicit Gaps(const json::object& context) : context_(context) {}

  void fill(std::string_view field, json::value value) {
    if (gives(context_, field)) return;
    filled_[field] = std::move(value);
  }
  /// For a thing that goes by several names.
  void fill_unless(std::initializer_list<std::string_view> names, std::string_view field, json::value value) {
    for (const std::string_view name : names) {
      if (gives(context_, name)) return;
    }
    fill(field, std::move(value));
  }
  const json::object& filled() const { return filled_; }

 private:
  const json::object& context_;
  json::object filled_;
};

class DetermineCloneSource final : public runner::Task {
 public:
  explicit DetermineCloneSource(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    const ClusterDescription description = description_of(context);
    check_account(description);
    // The source may be in another account than its clone.
    ClusterDescription there = description;
    const auto* given = base::find_object(own, "source");
    if (given != nullptr && !account_of(*given).empty()) there.account = account_of(*given);
    auto reading = infrastructure_.clouds.fresh_snapshot(there.account);
    const auto snapshot = co_await std::move(reading);
    const SourceChoice choice = choose_source(own, there, *snapshot);
    if (!choice.problem.empty()) co_return runner::failed(context, choice.problem);
    if (choice.group == nullptr) co_return runner::failed(context, nothing_to_clone(description));
    json::object copy = copied(context, description, *choice.group);
    // The clone's cluster is known only now; what it holds is looked at under its lock.
    const ClusterDescription whole = description_with(context, copy);
    auto locking = wait_for_lock(infrastructure_, context,
                                 {whole.account, whole.regions.front(), whole.moniker.cluster});
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
    auto reading_again = infrastructure_.clouds.fresh_snapshot(whole.account);
    const auto here = co_await std::move(reading_again);
    if (auto problem = start_problem(whole, choice); !problem.empty())
      co_return runner::failed(context, problem);
    const model::Capacity wanted =
        choice.capacity ? *choice.capacity : whole.capacity.value_or(choice.group->capacity);
    json::object found = copy;
    found[cloned_field] = remember(copy, given);
    json::object noted = note_start(whole, choice, wanted, *here);
    for (auto& member : noted) found[member.key()] = std::move(member.value());
    json::object outputs{{"source", found["source"]}};
    co_return runner::succeeded(std::move(found), std::move(outputs));
  }

 private:
  static ClusterDescription description_of(const TaskContext& context) {
    return description_with(context, {});
  }

  /// The user's fields, and what the copy fills in.
  static ClusterDescription description_with(const TaskContext& context, const json::object& copy) {
    json::object fields = context.stage().context;
    for (const auto& member : copy) fields[member.key()] = member.value();
    std::optional<clusters::FieldProblem> problem;
    auto description = read_cluster_description(fields, context.execution().application, problem);
    if (!problem) return description;
    throw base::Error(base::Kind::invalid, fmt::format("{}: {}", problem->field, problem->reason));
  }

  static json::object remember(const json::object& copy, const json::object* given) {
    json::object cloned;
    json::array fields;
    for (const auto& member : copy) fields.push_back(json::value(member.key()));
    cloned["fields"] = std::move(fields);
    if (given != nullptr) cloned["source"] = *given;
    return cloned;
  }

  void check_account(const ClusterDescription& description) const {
    const auto& account = infrastructure_.clouds.account(description.account);
    if (description.provider.empty() || description.provider == account.provider) return;
    throw base::Error(base::Kind::invalid,
                      fmt::format("cloudProvider: account '{}' belongs to '{}', not to '{}'", account.name,
                                  account.provider, description.provider),
                      {{"field", "cloudProvider"}});
  }

  static std::string nothing_to_clone(const ClusterDescription& description) {
    return fmt::format(
        "source: cluster '{}' has no server group in '{}' to clone; name one with {{serverGroupName, "
        "region}}",
        description.moniker.cluster, description.regions.front());
  }

  json::object copied(const TaskContext& context, const ClusterDescription& description,
                      const model::ServerGroup& source) const {
    const json::object& own = context.stage().context;
    Gaps gaps(own);
    gaps.fill_unless({"moniker"}, "application", json::value(source.moniker.app));
    gaps.fill_unless({"moniker"}, "stack", json::value(source.moniker.stack));
    gaps.fill_unless({"moniker"}, "freeFormDetails", json::value(source.moniker.detail));
    gaps.fill("capacity", to_json(source.capacity));
    gaps.fill("loadBalancers", json::array(source.load_balancers.begin(), source.load_balancers.end()));
    const std::string& region = description.regions.front();
    // What the stages before have made is newer than what the source runs.
    const bool made = choose_image(context.execution(), context.stage(), region).problem.empty();
    if (description.image.empty() && !made) gaps.fill("imageId", json::value(image_for(source, region)));
    for (const auto& setting : source.launch_config) {
      if (is_setting(setting.key())) gaps.fill(setting.key(), setting.value());
    }
    return gaps.filled();
  }

  /// Ids are a region's own, names go everywhere.
  static std::string image_for(const model::ServerGroup& source, const std::string& region) {
    const bool same = clusters::same_name(source.region, region) || source.image_name.empty();
    return same ? source.image_id : source.image_name;
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_clone_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<CloneServerGroupStage>());
  catalogs.tasks.add("determineCloneSource", std::make_unique<DetermineCloneSource>(infrastructure));
}

}  // namespace gennaker::stages
