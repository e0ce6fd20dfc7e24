#include "stages/bake/bake.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "bakery/bake_key.h"
#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/inventory.h"
#include "clusters/operations.h"
#include "stages/bake/bake_request.h"
#include "stages/fields.h"
#include "stages/images.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;
using runner::TaskResult;

bool is_child(const engine::StageView& stage) {
  const model::Stage* parent = stage.execution().find_stage(stage.stage().parent_id);
  return parent != nullptr && parent->type == "bake";
}

std::string suffix_of(const json::object& context, base::TimePoint now) {
  const std::string given = base::string_or(context, "amiSuffix", "");
  return given.empty() ? fmt::format("{:%Y%m%d%H%M%S}", fmt::gmtime(base::to_millis(now) / 1000)) : given;
}

/// As Rosco's BakeStatus. `result`: empty while it is not known.
json::object status_of(const std::string& bake_id, std::string_view state, std::string_view result) {
  json::object status{{"id", bake_id}, {"resourceId", bake_id}, {"state", state}, {"result", nullptr}};
  if (!result.empty()) status["result"] = result;
  return status;
}

json::object words_of(const bakery::BakeKey& key) {
  return {{"bakeKey", key.text}, {"bakeInputs", json::array(key.inputs.begin(), key.inputs.end())}};
}

std::string bake_id_of(const json::object& context) {
  const auto* status = base::find_object(context, "status");
  return status != nullptr ? base::string_or(*status, "id", "") : "";
}

bool is_running(const json::object& context) {
  const auto* status = base::find_object(context, "status");
  return status != nullptr && base::string_or(*status, "state", "") == "RUNNING";
}

class BakeStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "bake"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (is_child(stage)) return engine::run_in_order({"createBake", "completedBake"});
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (name_of_bake(context).empty()) return engine::refuse("package", "the name of what to bake is needed");
    const auto regions = image_regions(stage.execution(), stage.stage());
    if (regions.empty()) {
      return engine::refuse("regions", "at least one region is needed, here or in a later deploy stage");
    }
    engine::Plan plan = engine::run_in_order({"completeParallelBake"});
    for (const std::string& region : regions) {
      json::object child = inherited(context);
      for (const std::string_view key :
           {"regions", "namespace", "namespaces", "zones", "availabilityZones"}) {
        child.erase(key);
      }
      // An expression sees an older run's image otherwise.
      for (const std::string_view key : {"ami", "imageId", "artifacts", "status"}) child.erase(key);
      child["region"] = region;
      child["amiSuffix"] = suffix_of(context, stage.now());
      plan.before.push_back(
          {.type = "bake", .name = fmt::format("Bake in {}", region), .context = std::move(child)});
    }
    return plan;
  }

  void prepare_restart(model::Stage& stage) const override {
    forget_results(stage);
    stage.context.erase("status");
  }
};

/// What both tasks of a child know.
class Baking {
 public:
  Baking(const Infrastructure& infrastructure, const BakeParts& parts)
      : infrastructure_(infrastructure), parts_(parts) {}

 protected:
  const model::Account& account(const TaskContext& context) const {
    // Refuses an unknown one, with the nearest name.
    return infrastructure_.clouds.account(account_of(context.stage().context));
  }
  clusters::BakeSpec spec(const TaskContext& context) const {
    return bake_spec_of(context, parts_.base_images, account(context).provider);
  }
  base::Async<bakery::BakeKey> key_of(model::Operation operation, std::string provider) const {
    const clusters::BakeSpec spec = clusters::bake_spec_of(operation);
    auto asking = infrastructure_.clouds.bake_inputs(std::move(operation));
    json::object more = co_await std::move(asking);
    co_return bakery::bake_key(inputs_of(spec, provider, std::move(more)));
  }

  const Infrastructure infrastructure_;
  const BakeParts parts_;
};

class CreateBake final : public runner::Task, Baking {
 public:
  using Baking::Baking;

  base::Async<TaskResult> run(TaskContext context) override {
    const std::string provider = account(context).provider;
    const clusters::BakeSpec wanted = spec(context);
    model::Operation operation = clusters::bake(context.key(clusters::bake_kind), wanted);
    const std::string id = bakery::bake_id(operation.key);
    if (bake_id_of(context.stage().context) == id) co_return runner::operate(std::move(operation));

    // Whoever waits does not look at the source again and again.
    const std::string before = base::string_or(context.stage().context, "bakeKey", "");
    if (!before.empty()) {
      auto claiming = parts_.bakes.acquire(before, runner::claimant_of(context));
      const auto holder = co_await std::move(claiming);
      if (holder) co_return wait_for(*holder, {});
    }
    auto asking = key_of(std::move(operation), provider);
    const bakery::BakeKey key = co_await std::move(asking);
    if (!wanted.rebake) {
      auto looking = reuse(context, key);
      if (auto found = co_await std::move(looking)) co_return std::move(*found);
    }
    auto claiming = parts_.bakes.acquire(key.text, runner::claimant_of(context));
    const auto holder = co_await std::move(claiming);
    if (holder) co_return wait_for(*holder, words_of(key));
    // Whoever had it may have ended between the two.
    if (!wanted.rebake) {
      auto looking = reuse(context, key);
      if (auto found = co_await std::move(looking)) co_return std::move(*found);
    }
    // That it begins is durable before it does: whoever follows it finds its log.
    json::object begun = words_of(key);
    begun["status"] = status_of(id, "RUNNING", "");
    runner::Again at_once{.after = std::chrono::milliseconds(0), .waiting_for = ""};
    co_return runner::again(std::move(at_once), std::move(begun));
  }

  TaskResult operated(const TaskContext& context, const json::object& answer) override {
    const json::object& own = context.stage().context;
    const auto* version = base::find(own, "version");
    model::Image image;
    image.id = base::string_or(answer, "imageId", "");
    image.name = base::string_or(answer, "imageName", "");
    image.region = base::string_or(answer, "region", locations_of(own).front());
    image.version = base::string_or(
        answer, "version", version != nullptr && !version->is_null() ? base::plain_text(*version) : "");
    json::object outputs = outputs_of(context, image, bake_id_of(own));
    outputs["previouslyBaked"] = base::bool_or(answer, "previouslyBaked", false);
    json::object results = operation_results(context, clusters::bake_kind, account(context).name,
                                             context.key(clusters::bake_kind), answer);
    base::merge_into(results, outputs);
    return runner::succeeded(std::move(results), std::move(outputs));
  }

  TaskResult operation_failed(const TaskContext& context, const base::Error& error) override {
    TaskResult result = runner::failed(context, error.what());
    result.context["status"] = status_of(bake_id_of(context.stage().context), "COMPLETED", "FAILURE");
    return result;
  }

  base::Async<TaskResult> cancel(TaskContext context) override {
    TaskResult result;
    const json::object& own = context.stage().context;
    if (is_running(own)) result.context["status"] = status_of(bake_id_of(own), "CANCELED", "");
    co_return result;
  }

  std::optional<std::chrono::milliseconds> time_limit(const TaskContext&) const override {
    return std::chrono::hours(1);
  }

 private:
  static TaskResult wait_for(const runner::ClaimHolder& holder, json::object words) {
    return runner::again(
        runner::ask_again(holder, fmt::format("the same bake, which {} is at", holder.description)),
        std::move(words));
  }

  /// nullopt: none is known whose image is still there.
  base::Async<std::optional<TaskResult>> reuse(TaskContext context, bakery::BakeKey key) const {
    auto finding = parts_.bakes.find(key.text);
    const std::optional<bakery::FinishedBake> known = co_await std::move(finding);
    if (!known) co_return std::nullopt;
    auto reading = infrastructure_.clouds.fresh_snapshot(known->account);
    const auto snapshot = co_await std::move(reading);
    const model::Image* image = clusters::find_image(*snapshot, known->region, known->image_id);
    if (image == nullptr) co_return std::nullopt;
    json::object outputs = outputs_of(context, *image, known->id);
    outputs["previouslyBaked"] = true;
    json::object results = outputs;
    base::merge_into(results, words_of(key));
    co_return runner::succeeded(std::move(results), std::move(outputs));
  }

  json::object outputs_of(const TaskContext& context, const model::Image& image,
                          const std::string& bake_id) const {
    const json::object& own = context.stage().context;
    const std::string& provider = account(context).provider;
    json::object details = image_details(context.stage(), image, provider);
    details["cloudProviderType"] = provider;
    for (const std::string_view key :
         {"amiSuffix", "baseLabel", "baseName", "baseOs", "storeType", "vmType", "package"}) {
      if (const auto* value = base::find(own, key)) details[key] = *value;
    }
    if (const std::string base = spec(context).base_image; !base.empty()) details["baseAmiId"] = base;
    json::object outputs = image_outputs({std::move(details)}, {image_artifact(image, provider)});
    outputs["status"] = status_of(bake_id, "COMPLETED", "SUCCESS");
    outputs["bakePackageName"] = name_of_bake(own);
    base::merge_into(outputs, build_outputs(context.execution().trigger));
    return outputs;
  }
};

/// Keeps the finished bake, to be found by the next one that would be the same.
class CompletedBake final : public runner::Task, Baking {
 public:
  using Baking::Baking;

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    bakery::FinishedBake bake{.key = base::string_or(own, "bakeKey", ""),
                              .id = bake_id_of(own),
                              .account = account_of(own),
                              .region = locations_of(own).front(),
                              .image_id = base::string_or(own, "imageId", ""),
                              .image_name = base::string_or(own, "imageName", ""),
                              .inputs = base::string_list(own, "bakeInputs"),
                              .execution_id = context.execution().id};
    if (bake.key.empty() || bake.image_id.empty()) co_return runner::succeeded();
    auto finding = parts_.bakes.find(bake.key);
    const std::optional<bakery::FinishedBake> known = co_await std::move(finding);
    if (known && known->id == bake.id) co_return runner::succeeded();
    auto checking = is_still(context, bake.key);
    if (!co_await std::move(checking)) co_return runner::succeeded();
    auto keeping = parts_.bakes.keep(std::move(bake));
    co_await std::move(keeping);
    co_return runner::succeeded();
  }

 private:
  /// What changed while it was baked is in nobody knows which image: it must not be found by either key.
  base::Async<bool> is_still(TaskContext context, std::string key) const {
    try {
      auto asking =
          key_of(clusters::bake(context.key(clusters::bake_kind), spec(context)), account(context).provider);
      const bakery::BakeKey now = co_await std::move(asking);
      co_return now.text == key;
    } catch (const base::Error& error) {
      base::log::info("what was baked as {} cannot be compared any more: {}", key, error.what());
    }
    co_return false;
  }
};

class CompleteParallelBake final : public runner::Task {
 public:
  base::Async<TaskResult> run(TaskContext context) override {
    json::array details, artifacts;
    for (const model::Stage& child : context.execution().stages) {
      if (child.parent_id != context.stage().id) continue;
      if (const auto* list = base::find_array(child.outputs, "amiDetails")) {
        details.insert(details.end(), list->begin(), list->end());
      }
      if (const auto* list = base::find_array(child.outputs, "artifacts")) {
        artifacts.insert(artifacts.end(), list->begin(), list->end());
      }
    }
    json::object outputs = image_outputs(std::move(details), std::move(artifacts));
    co_return runner::succeeded(outputs, outputs);
  }
};

}  // namespace

void add_bake(runner::Catalogs& catalogs, const Infrastructure& infrastructure, const BakeParts& parts) {
  catalogs.stages.add(std::make_unique<BakeStage>());
  catalogs.tasks.add("createBake", std::make_unique<CreateBake>(infrastructure, parts));
  catalogs.tasks.add("completedBake", std::make_unique<CompletedBake>(infrastructure, parts));
  catalogs.tasks.add("completeParallelBake", std::make_unique<CompleteParallelBake>());
}

}  // namespace gennaker::stages
