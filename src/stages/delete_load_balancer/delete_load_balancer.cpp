#include "stages/delete_load_balancer/delete_load_balancer.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/operations.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

constexpr std::string_view done_field = "loadBalancersDone";

std::string name_of(const json::object& context) {
  return base::string_or(context, "loadBalancerName", "");
}

class DeleteLoadBalancerStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "deleteLoadBalancer"; }
  std::vector<std::string_view> aliases() const override { return {"deleteAmazonLoadBalancer"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (name_of(context).empty()) {
      return engine::refuse("loadBalancerName", "the name of the load balancer is needed");
    }
    if (locations_of(context).empty()) return engine::refuse("regions", "at least one region is needed");
    return engine::run_in_order({"deleteLoadBalancer"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DeleteLoadBalancer final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    const auto regions = locations_of(own);
    const std::size_t next = done(context);
    if (next >= regions.size()) co_return runner::succeeded();
    co_return runner::operate(clusters::delete_load_balancer(context.key(regions[next]), account_of(own),
                                                             regions[next], name_of(own)));
  }

  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) override {
    const json::object& own = context.stage().context;
    const auto regions = locations_of(own);
    const std::size_t next = done(context);
    json::object results = operation_results(context, clusters::delete_load_balancer_kind, account_of(own),
                                             context.key(regions.at(next)), answer);
    results[done_field] = next + 1;
    if (next + 1 == regions.size()) return runner::succeeded(std::move(results));
    return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(results));
  }

 private:
  static std::size_t done(const runner::TaskContext& context) {
    return static_cast<std::size_t>(base::whole_number(context.stage().context, done_field).value_or(0));
  }
};

}  // namespace

void add_delete_load_balancer(runner::Catalogs& catalogs, const Infrastructure& /*infrastructure*/) {
  catalogs.stages.add(std::make_unique<DeleteLoadBalancerStage>());
  catalogs.tasks.add("deleteLoadBalancer", std::make_unique<DeleteLoadBalancer>());
}

}  // namespace gennaker::stages
