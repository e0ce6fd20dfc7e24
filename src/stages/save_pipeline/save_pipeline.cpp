#include "stages/save_pipeline/save_pipeline.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "stages/encoded_field.h"

namespace gennaker::stages {

namespace json = boost::json;
using base::Async;

namespace {

/// Both types do the same: what is saved is there at once, so that nothing needs to wait for it.
class SavePipeline final : public engine::Stage {
 public:
  explicit SavePipeline(std::string_view type) : type_(type) {}
  std::string_view type() const override { return type_; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const bool bulk = base::bool_or(stage.context(), "isBulkSavingPipelines", false);
    const std::string_view field = bulk ? "pipelines" : "pipeline";
    const auto* given = stage.context().if_contains(field);
    if (given == nullptr || given->is_null()) {
      return engine::refuse(std::string(field), "a pipeline, or the base64 of its JSON, is needed");
    }
    return engine::run_in_order({"savePipeline"});
  }

  // A pipeline's own expressions are for its own runs.
  std::vector<std::string_view> own_expressions() const override { return {"pipeline", "pipelines"}; }

 private:
  const std::string_view type_;
};

/// Triggers that name nobody run as the given account.
void set_run_as(json::object& pipeline, const std::string& account) {
  auto* triggers = pipeline.if_contains("triggers");
  if (account.empty() || triggers == nullptr || !triggers->is_array()) return;
  for (json::value& trigger : triggers->get_array()) {
    auto* object = trigger.if_object();
    if (object != nullptr && base::string_or(*object, "runAsUser", "").empty())
      (*object)["runAsUser"] = account;
  }
}

class SavePipelineTask final : public runner::Task {
 public:
  explicit SavePipelineTask(pipelines::Configurations& configurations) : configurations_(configurations) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object fields = context.stage().context;
    const std::vector<json::object> pipelines = pipelines_of(fields);
    json::array saved, refused;
    std::string failures;
    for (std::size_t i = 0; i < pipelines.size(); ++i) {
      const json::object& pipeline = pipelines[i];
      std::string failure;
      try {
        std::string new_id = base::derived_ulid(*context.stage().start_time, context.key(std::to_string(i)));
        auto saving = save(fields, pipeline, context.user(), std::move(new_id));
        saved.push_back(co_await std::move(saving));
      } catch (const base::Error& error) {
        if (error.worth_retrying()) throw;
        failure = error.what();
      }
      if (failure.empty()) continue;
      refused.push_back(json::object{{"name", base::string_or(pipeline, "name", "")},
                                     {"application", base::string_or(pipeline, "application", "")},
                                     {"errorMsg", failure}});
      failures += fmt::format("{}{}: {}", failures.empty() ? "" : "; ",
                              base::string_or(pipeline, "name", "(unnamed)"), failure);
    }
    co_return result_of(context, pipelines, saved, std::move(refused), failures);
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::seconds(30);
  }

 private:
  static std::vector<json::object> pipelines_of(const json::object& fields) {
    const bool bulk = base::bool_or(fields, "isBulkSavingPipelines", false);
    const std::string_view field = bulk ? "pipelines" : "pipeline";
    const auto given = encoded_field(fields, field);
    std::vector<json::object> pipelines;
    if (given && given->is_object()) pipelines.push_back(given->get_object());
    if (bulk && given && given->is_array()) {
      for (const json::value& pipeline : given->get_array()) {
        if (pipeline.is_object()) pipelines.push_back(pipeline.get_object());
      }
    }
    if (!pipelines.empty()) return pipelines;
    throw base::Error(base::Kind::invalid, fmt::format("{}: an object is needed", field), {{"field", field}});
  }

  /// `new_id`: for one that has none yet; the same for every attempt, so that a save which a crash repeats
  /// finds what the first one stored.
  Async<json::object> save(json::object fields, json::object pipeline, std::string user, std::string new_id) {
    const bool bulk = base::bool_or(fields, "isBulkSavingPipelines", false);
    const std::string given_id = base::string_or(fields, "pipeline.id", "");
    if (!bulk && !given_id.empty() && base::string_or(pipeline, "id", "").empty()) pipeline["id"] = given_id;
    set_run_as(pipeline, base::string_or(fields, "pipeline.serviceAccount", ""));
    const bool is_new = base::string_or(pipeline, "id", "").empty();
    if (is_new) {
      pipeline["id"] = std::move(new_id);
      pipeline["regenerateCronTriggerIds"] = true;
    }
    const auto stale_check = base::bool_or(fields, "staleCheck", false)
                                 ? pipelines::Configurations::StaleCheck::yes
                                 : pipelines::Configurations::StaleCheck::no;
    auto saving = configurations_.save(std::move(pipeline), std::move(user), stale_check);
    co_return co_await std::move(saving);
  }

  /// `saved`: as they are stored now. `refused`: those that are not.
  static runner::TaskResult result_of(const runner::TaskContext& context,
                                      const std::vector<json::object>& pipelines, const json::array& saved,
                                      json::array refused, const std::string& failures) {
    const json::object& fields = context.stage().context;
    runner::TaskResult result = runner::succeeded();
    if (!failures.empty()) {
      result = runner::failed(context, failures);
      if (base::bool_or(fields, "isSavingMultiplePipelines", false))
        result.status = model::Status::failed_continue;
    }
    result.context["notification.type"] = "savepipeline";
    std::string application = base::string_or(pipelines.front(), "application", "");
    if (base::bool_or(fields, "isBulkSavingPipelines", false)) {
      application = base::string_or(fields, "application", application);
      result.context["bulksave"] = told_of_many(saved, std::move(refused));
    } else {
      result.context["pipeline.name"] = base::string_or(pipelines.front(), "name", "");
      if (!saved.empty()) result.context["pipeline.id"] = saved.front().at("id");
    }
    result.context["application"] = std::move(application);
    return result;
  }

  static json::object told_of_many(const json::array& saved, json::array refused) {
    json::array names;
    for (const json::value& one : saved) names.push_back(one.at("name"));
    return {{"successful_pipelines_count", names.size()},
            {"successful_pipelines", std::move(names)},
            {"failed_pipelines_count", refused.size()},
            {"failed_pipelines", std::move(refused)}};
  }

  pipelines::Configurations& configurations_;
};

}  // namespace

void add_save_pipeline(runner::Catalogs& catalogs, pipelines::Configurations& configurations) {
  catalogs.stages.add(std::make_unique<SavePipeline>("savePipeline"));
  catalogs.stages.add(std::make_unique<SavePipeline>("updatePipeline"));
  catalogs.tasks.add("savePipeline", std::make_unique<SavePipelineTask>(configurations));
}

}  // namespace gennaker::stages
