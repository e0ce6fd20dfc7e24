#include "stages/update_launch_config/update_launch_config.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
#include "stages/cluster_description.h"
#include "stages/create_server_group/image_choice.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

using clusters::LaunchChange;
using runner::TaskContext;

constexpr std::string_view image_field = "launchImageId";
constexpr std::string_view groups_field = "securityGroups";

class UpdateLaunchConfigStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "updateLaunchConfig"; }
  std::vector<std::string_view> aliases() const override {
    return {"modifyAsgLaunchConfiguration", "updateLaunchTemplate"};
  }
  bool takes_strategy_parameters() const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    return plan_target_stage(stage, {"updateLaunchConfig"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class UpdateLaunchConfig final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::update_launch_kind; }

  Intent intend(const TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    const json::object& own = context.stage().context;
    LaunchChange change;
    change.replaces = base::bool_or(own, "replacesSettings", false);
    change.settings = settings_in(own, context.execution().application);
    Intent intent;
    // Decided once: a name becomes the id of its newest image.
    change.image_id = base::string_or(own, image_field, "");
    if (!own.contains(image_field)) {
      change.image_id = choose(context, ref.region, snapshot);
      intent.context[image_field] = change.image_id;
    }
    intent.operation = clusters::update_launch(context.key(kind()), ref, change);
    return intent;
  }

 private:
  static json::object settings_in(const json::object& own, const std::string& application) {
    std::optional<clusters::FieldProblem> problem;
    auto description = read_cluster_description(own, application, problem);
    if (!problem) return std::move(description.settings);
    throw base::Error(base::Kind::invalid, fmt::format("{}: {}", problem->field, problem->reason),
                      {{"field", problem->field}});
  }

  /// The user's, else of the stages before, else what runs stays.
  static std::string choose(const TaskContext& context, const std::string& region,
                            const clusters::Snapshot& snapshot) {
    std::optional<clusters::FieldProblem> ignored;
    const json::object& own = context.stage().context;
    std::string image = read_cluster_description(own, context.execution().application, ignored).image;
    if (image.empty()) image = choose_image(context.execution(), context.stage(), region).image;
    const auto* known = clusters::find_image(snapshot, region, image);
    return known != nullptr ? known->id : image;
  }
};

class UpdateSecurityGroupsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "updateSecurityGroupsForServerGroup"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* groups = base::find(stage.context(), groups_field);
    if (groups == nullptr || !groups->is_array())
      return engine::refuse(std::string(groups_field), "a list of firewalls is needed");
    return plan_target_stage(stage, {"updateSecurityGroups"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class UpdateSecurityGroups final : public ServerGroupOperation {
 public:
  explicit UpdateSecurityGroups(const Infrastructure& infrastructure)
      : ServerGroupOperation(infrastructure), clouds_(infrastructure.clouds) {}

 protected:
  std::string_view kind() const override { return clusters::update_launch_kind; }

  Intent intend(const TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    clouds_.expect_can(ref.account, clusters::upsert_firewall_kind);
    LaunchChange change;
    change.settings[groups_field] =
        known(base::string_list(context.stage().context, groups_field), ref, snapshot);
    Intent intent;
    intent.operation = clusters::update_launch(context.key(kind()), ref, change);
    return intent;
  }

 private:
  static json::array known(const std::vector<std::string>& wanted, const clusters::ServerGroupRef& ref,
                           const clusters::Snapshot& snapshot) {
    std::vector<std::string> names;
    for (const model::Firewall& one : snapshot.firewalls) {
      if (!clusters::same_name(one.region, ref.region)) continue;
      names.push_back(one.name);
      names.push_back(one.id);
    }
    json::array groups;
    for (const std::string& name : wanted) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw base::Error(base::Kind::not_found,
                          fmt::format("{}: account '{}' has no firewall '{}' in '{}'{}", groups_field,
                                      ref.account, name, ref.region, clusters::suggestion(name, names)),
                          {{"field", std::string(groups_field)}});
      }
      groups.push_back(json::value(name));
    }
    return groups;
  }

  const clusters::Clouds& clouds_;
};

}  // namespace

void add_update_launch_config(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<UpdateLaunchConfigStage>());
  catalogs.stages.add(std::make_unique<UpdateSecurityGroupsStage>());
  catalogs.tasks.add("updateSecurityGroups", std::make_unique<UpdateSecurityGroups>(infrastructure));
  catalogs.tasks.add("updateLaunchConfig", std::make_unique<UpdateLaunchConfig>(infrastructure));
}

}  // namespace gennaker::stages
