#include "stages/upsert_security_group/upsert_security_group.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/fields.h"
#include "stages/operation_list.h"
#include "stages/upsert_security_group/rules.h"
#include "stages/waits.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;

std::string name_of(const json::object& context) {
  const std::string own = base::string_or(context, "securityGroupName", "");
  return own.empty() ? base::string_or(context, "name", "") : own;
}

/// In an ad-hoc task the stage's name is the firewall's, as clients send it: the engine has taken it out.
json::object fields_of(const model::Execution& execution, const model::Stage& stage) {
  json::object fields = stage.context;
  if (execution.type == model::ExecutionType::orchestration && name_of(fields).empty() &&
      stage.name != stage.type) {
    fields["name"] = stage.name;
  }
  return fields;
}

std::optional<clusters::FieldProblem> problem_of(const json::object& fields) {
  if (auto problem = account_problem(fields)) return problem;
  if (name_of(fields).empty()) {
    return clusters::FieldProblem{"securityGroupName", "the name of the firewall is needed"};
  }
  if (locations_of(fields).empty()) return clusters::FieldProblem{"regions", "at least one region is needed"};
  std::optional<clusters::FieldProblem> problem;
  read_inbound_rules(fields, problem);
  return problem;
}

model::Firewall firewall_in(const json::object& fields, const std::string& region) {
  std::optional<clusters::FieldProblem> ignored;
  model::Firewall firewall;
  firewall.name = name_of(fields);
  firewall.account = account_of(fields);
  firewall.region = region;
  firewall.vpc_id = base::string_or(fields, "vpcId", "");
  firewall.description = base::string_or(fields, "description", "");
  firewall.inbound_rules = read_inbound_rules(fields, ignored);
  return firewall;
}

class FirewallStage : public engine::Stage {
 public:
  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = problem_of(fields_of(stage.execution(), stage.stage()))) return refuse(*problem);
    return steps();
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 protected:
  virtual engine::Plan steps() const = 0;
};

class UpsertSecurityGroupStage final : public FirewallStage {
 public:
  std::string_view type() const override { return "upsertSecurityGroup"; }

 protected:
  engine::Plan steps() const override {
    return engine::run_in_order({"upsertSecurityGroup", "waitForUpsertedSecurityGroup"});
  }
};

class DeleteSecurityGroupStage final : public FirewallStage {
 public:
  std::string_view type() const override { return "deleteSecurityGroup"; }

 protected:
  engine::Plan steps() const override { return engine::run_in_order({"deleteSecurityGroup"}); }
};

class FirewallOperation : public OperationList {
 public:
  using OperationList::OperationList;

 protected:
  Decision decide(const TaskContext& context, const clusters::Snapshot&) const override {
    const json::object fields = fields_of(context.execution(), context.stage());
    Decision decision;
    for (const std::string& region : locations_of(fields)) {
      decision.items.push_back(json::object{{"name", name_of(fields)},
                                            {"region", region},
                                            {"credentials", account_of(fields)},
                                            {"vpcId", base::string_or(fields, "vpcId", "")}});
    }
    return decision;
  }
  static model::Firewall firewall_at(const TaskContext& context, const json::object& item) {
    return firewall_in(fields_of(context.execution(), context.stage()), base::string_or(item, "region", ""));
  }
};

class UpsertSecurityGroup final : public FirewallOperation {
 public:
  using FirewallOperation::FirewallOperation;

 protected:
  std::string_view kind() const override { return clusters::upsert_firewall_kind; }
  model::Operation operation(std::string key, const TaskContext& context,
                             const json::object& item) const override {
    return clusters::upsert_firewall(std::move(key), firewall_at(context, item));
  }
};

class DeleteSecurityGroup final : public FirewallOperation {
 public:
  using FirewallOperation::FirewallOperation;

 protected:
  std::string_view kind() const override { return clusters::delete_firewall_kind; }
  model::Operation operation(std::string key, const TaskContext& context,
                             const json::object& item) const override {
    return clusters::delete_firewall(std::move(key), firewall_at(context, item));
  }
};

class WaitForUpserted final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const clusters::Snapshot& snapshot) const override {
    const json::object fields = fields_of(context.execution(), context.stage());
    for (const std::string& region : locations_of(fields)) {
      const model::Firewall wanted = firewall_in(fields, region);
      const bool there =
          std::any_of(snapshot.firewalls.begin(), snapshot.firewalls.end(), [&](const auto& one) {
            return one.name == wanted.name && clusters::same_name(one.region, region) &&
                   one.vpc_id == wanted.vpc_id && one.inbound_rules == wanted.inbound_rules;
          });
      if (!there) return {Verdict::What::waiting, fmt::format("the rules of {} in {}", wanted.name, region)};
    }
    return {Verdict::What::done, ""};
  }
  std::chrono::milliseconds limit(const TaskContext&) const override { return std::chrono::minutes(10); }
};

}  // namespace

void add_upsert_security_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<UpsertSecurityGroupStage>());
  catalogs.stages.add(std::make_unique<DeleteSecurityGroupStage>());
  catalogs.tasks.add("upsertSecurityGroup", std::make_unique<UpsertSecurityGroup>(infrastructure));
  catalogs.tasks.add("deleteSecurityGroup", std::make_unique<DeleteSecurityGroup>(infrastructure));
  catalogs.tasks.add("waitForUpsertedSecurityGroup", std::make_unique<WaitForUpserted>(infrastructure));
}

}  // namespace gennaker::stages
