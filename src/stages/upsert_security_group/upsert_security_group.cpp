#include "stages/upsert_security_group/upsert_security_group.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
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

std::string network_of(const json::object& context) {
  return base::string_or(context, "vpcId", "");
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
  firewall.vpc_id = network_of(fields);
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

/// Where a copy goes; the source's where it is absent.
json::object copy_fields_of(const json::object& fields) {
  json::object copy;
  copy["credentials"] = base::string_or(fields, "targetCredentials", account_of(fields));
  copy["name"] = base::string_or(fields, "targetName", name_of(fields));
  copy["vpcId"] = base::string_or(fields, "targetVpcId", network_of(fields));
  return copy;
}

class CopySecurityGroupStage final : public FirewallStage {
 public:
  std::string_view type() const override { return "copySecurityGroup"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object fields = fields_of(stage.execution(), stage.stage());
    if (const auto problem = problem_of(fields)) return refuse(*problem);
    if (locations_of(fields).size() != 1)
      return engine::refuse("region", "exactly one region is copied from");
    const json::object copy = copy_fields_of(fields);
    const auto regions = base::string_list(fields, "targetRegions");
    if (regions.empty()) return engine::refuse("targetRegions", "at least one region is needed");
    const bool moves = account_of(copy) != account_of(fields) || name_of(copy) != name_of(fields) ||
                       network_of(copy) != network_of(fields);
    for (const std::string& region : regions) {
      if (!moves && clusters::same_name(region, locations_of(fields).front()))
        return engine::refuse("targetRegions", fmt::format("'{}' is where it is copied from", region));
    }
    return steps();
  }

 protected:
  engine::Plan steps() const override { return engine::run_in_order({"copySecurityGroup"}); }
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

class CopySecurityGroup final : public OperationList {
 public:
  using OperationList::OperationList;

 protected:
  std::string_view kind() const override { return clusters::upsert_firewall_kind; }

  Decision decide(const TaskContext& context, const clusters::Snapshot& snapshot) const override {
    const json::object fields = fields_of(context.execution(), context.stage());
    const model::Firewall& source = find(fields, snapshot);
    Decision decision;
    for (const std::string& region : base::string_list(fields, "targetRegions")) {
      json::object item = copy_fields_of(fields);
      item["region"] = region;
      item["description"] = source.description;
      item["inboundRules"] = source.inbound_rules;
      item["settings"] = source.extra;
      decision.items.push_back(std::move(item));
    }
    return decision;
  }

  model::Operation operation(std::string key, const TaskContext&, const json::object& item) const override {
    model::Firewall copy;
    copy.name = base::string_or(item, "name", "");
    copy.account = account_of(item);
    copy.region = base::string_or(item, "region", "");
    copy.vpc_id = network_of(item);
    copy.description = base::string_or(item, "description", "");
    copy.inbound_rules = item.at("inboundRules").as_array();
    copy.extra = item.at("settings").as_object();
    return clusters::upsert_firewall(std::move(key), copy);
  }

 private:
  static const model::Firewall& find(const json::object& fields, const clusters::Snapshot& snapshot) {
    const std::string name = name_of(fields), region = locations_of(fields).front(),
                      network = network_of(fields);
    std::vector<std::string> known;
    for (const model::Firewall& one : snapshot.firewalls) {
      if (!clusters::same_name(one.region, region) || one.vpc_id != network) continue;
      if (one.name == name || one.id == name) return one;
      known.push_back(one.name);
    }
    throw base::Error(base::Kind::not_found,
                      fmt::format("securityGroupName: account '{}' has no firewall '{}' in '{}'{}",
                                  account_of(fields), name, region, clusters::suggestion(name, known)),
                      {{"field", "securityGroupName"}});
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
  catalogs.stages.add(std::make_unique<CopySecurityGroupStage>());
  catalogs.tasks.add("copySecurityGroup", std::make_unique<CopySecurityGroup>(infrastructure));
  catalogs.tasks.add("upsertSecurityGroup", std::make_unique<UpsertSecurityGroup>(infrastructure));
  catalogs.tasks.add("deleteSecurityGroup", std::make_unique<DeleteSecurityGroup>(infrastructure));
  catalogs.tasks.add("waitForUpsertedSecurityGroup", std::make_unique<WaitForUpserted>(infrastructure));
}

}  // namespace gennaker::stages
