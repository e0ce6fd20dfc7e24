#include "stages/upsert_load_balancer/upsert_load_balancer.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/operations.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

/// What every cloud understands. All else is the provider's.
constexpr std::string_view neutral_fields[] = {
    "account",      "accountName", "credentials",      "cloudProvider", "provider",
    "providerType", "name",        "loadBalancerName", "loadBalancers", "region",
    "regions",      "namespace",   "namespaces",       "zones",         "availabilityZones",
    "user",         "reason"};
constexpr std::string_view done_field = "loadBalancersDone";

struct Wanted {
  std::string account, region, name;
  json::object settings;
};

std::string name_of(const json::object& description) {
  const std::string name = base::string_or(description, "name", "");
  return !name.empty() ? name : base::string_or(description, "loadBalancerName", "");
}

/// In an ad-hoc task, `name` is the load balancer's, but the engine takes it for the stage's.
json::object fields_of(const model::Execution& execution, const model::Stage& stage) {
  json::object fields = stage.context;
  const bool ad_hoc = execution.type == model::ExecutionType::orchestration;
  if (ad_hoc && name_of(fields).empty() && stage.name != stage.type) fields["loadBalancerName"] = stage.name;
  return fields;
}

void read_one(const json::object& description, const std::string& field, std::vector<Wanted>& all,
              std::optional<FieldProblem>& problem) {
  if (problem) return;
  if ((problem = account_problem(description))) {
    problem->field = field + problem->field;
    return;
  }
  const std::string name = name_of(description);
  const auto regions = locations_of(description);
  if (name.empty()) {
    problem = FieldProblem{field + "loadBalancerName", "the name of the load balancer is needed"};
  } else if (regions.empty()) {
    problem = FieldProblem{field + "region", "the name of a region is needed"};
  }
  json::object settings;
  for (const auto& member : description) {
    const bool neutral = std::find(std::begin(neutral_fields), std::end(neutral_fields), member.key()) !=
                         std::end(neutral_fields);
    if (!neutral && !is_bookkeeping(member.key())) settings.emplace(member.key(), member.value());
  }
  for (const std::string& region : regions) all.push_back({account_of(description), region, name, settings});
}

std::vector<Wanted> read_all(const json::object& context, std::optional<FieldProblem>& problem) {
  std::vector<Wanted> all;
  const auto* list = base::find_array(context, "loadBalancers");
  if (list == nullptr) {
    read_one(context, "", all, problem);
    return all;
  }
  std::size_t index = 0;
  for (const auto& entry : *list) {
    const std::string field = fmt::format("loadBalancers[{}]", index++);
    const auto* description = entry.if_object();
    if (description == nullptr) {
      problem = FieldProblem{field, "an object is needed"};
      return all;
    }
    json::object complete = *description;
    if (account_of(complete).empty()) complete["credentials"] = account_of(context);
    read_one(complete, field + ".", all, problem);
  }
  return all;
}

class UpsertLoadBalancerStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "upsertLoadBalancer"; }
  std::vector<std::string_view> aliases() const override {
    return {"upsertLoadBalancers", "upsertAmazonLoadBalancer"};
  }
  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<FieldProblem> problem;
    read_all(fields_of(stage.execution(), stage.stage()), problem);
    if (problem) return refuse(*problem);
    return engine::run_in_order({"upsertLoadBalancer"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class UpsertLoadBalancer final : public runner::Task {
 public:
  explicit UpsertLoadBalancer(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    std::optional<FieldProblem> problem;
    const auto all = read_all(fields_of(context.execution(), context.stage()), problem);
    for (const Wanted& one : all)
      infrastructure_.clouds.account(one.account);  // all, before the first is made
    const std::size_t next = done(context);
    if (next >= all.size()) co_return runner::succeeded();
    const Wanted& one = all[next];
    co_return runner::operate(
        clusters::upsert_load_balancer(key(context, one), one.account, one.region, one.name, one.settings));
  }

  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) override {
    std::optional<FieldProblem> problem;
    const auto all = read_all(fields_of(context.execution(), context.stage()), problem);
    const std::size_t next = done(context);
    const Wanted& one = all.at(next);
    json::object results = operation_results(context, clusters::upsert_load_balancer_kind, one.account,
                                             key(context, one), answer);
    json::array targets;
    if (const auto* before = base::find_array(context.stage().context, "targets")) targets = *before;
    targets.push_back(json::object{
        {"credentials", one.account}, {"region", one.region}, {"name", one.name}, {"loadBalancer", answer}});
    results["targets"] = targets;
    results[done_field] = next + 1;
    if (next + 1 < all.size()) {
      return runner::again({.after = std::chrono::milliseconds(0),
                            .waiting_for = fmt::format("{} of {} load balancers done", next + 1, all.size())},
                           std::move(results));
    }
    return runner::succeeded(std::move(results), {{"targets", std::move(targets)}});
  }

 private:
  static std::size_t done(const runner::TaskContext& context) {
    return static_cast<std::size_t>(base::whole_number(context.stage().context, done_field).value_or(0));
  }
  static std::string key(const runner::TaskContext& context, const Wanted& one) {
    return context.key(fmt::format("{}/{}/{}", one.account, one.region, one.name));
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_upsert_load_balancer(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<UpsertLoadBalancerStage>());
  catalogs.tasks.add("upsertLoadBalancer", std::make_unique<UpsertLoadBalancer>(infrastructure));
}

}  // namespace gennaker::stages
