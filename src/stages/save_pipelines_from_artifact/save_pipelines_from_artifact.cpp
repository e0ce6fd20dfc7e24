#include "stages/save_pipelines_from_artifact/save_pipelines_from_artifact.h"

#include <fmt/format.h>

#include "artifacts/artifacts.h"
#include "artifacts/fetch.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"

namespace gennaker::stages {

namespace json = boost::json;
using base::Async;

namespace {

/// What the first task leaves for the second.
constexpr std::string_view to_save = "pipelinesToSave";

class SavePipelinesFromArtifact final : public engine::Stage {
 public:
  std::string_view type() const override { return "savePipelinesFromArtifact"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const bool named = !base::string_or(stage.context(), "pipelinesArtifactId", "").empty();
    if (!named && base::find_object(stage.context(), "pipelinesArtifact") == nullptr) {
      return engine::refuse("pipelinesArtifactId",
                            "the id of an expected artifact, or a pipelinesArtifact, is needed");
    }
    return engine::run_in_order({"getPipelinesFromArtifact", "savePipelinesFromArtifact"});
  }

  // The expressions of pipelines are for their own runs.
  std::vector<std::string_view> own_expressions() const override { return {to_save}; }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view stale :
         {to_save, std::string_view("pipelinesCreated"), std::string_view("pipelinesUpdated"),
          std::string_view("pipelinesFailedToSave")}) {
      stage.context.erase(stale);
    }
    stage.outputs.clear();
  }
};

model::Artifact artifact_of(const runner::TaskContext& context) {
  const json::object& fields = context.stage().context;
  const std::string id = base::string_or(fields, "pipelinesArtifactId", "");
  std::optional<model::Artifact> artifact;
  if (!id.empty()) artifact = artifacts::find_bound(context.execution(), context.stage(), id);
  if (!artifact) {
    const auto* given = base::find_object(fields, "pipelinesArtifact");
    if (given != nullptr) artifact = model::artifact_from_json(*given);
  }
  if (artifact) return *artifact;
  throw base::Error(base::Kind::invalid, fmt::format("pipelinesArtifactId: no artifact is bound to '{}'", id),
                    {{"field", "pipelinesArtifactId"}});
}

/// {"app": [pipeline, ...]} as a list, each with its application.
std::vector<json::object> pipelines_in(std::string_view text) {
  std::vector<json::object> pipelines;
  for (const auto& application : base::parse_json_object(text, "the pipelines' artifact")) {
    const auto* list = application.value().if_array();
    if (list == nullptr) {
      throw base::Error(base::Kind::invalid,
                        fmt::format("the pipelines' artifact: '{}': a list of pipelines is needed",
                                    std::string(application.key())));
    }
    for (const json::value& entry : *list) {
      if (!entry.is_object()) {
        throw base::Error(base::Kind::invalid, "the pipelines' artifact: each pipeline must be an object");
      }
      json::object pipeline = entry.get_object();
      pipeline["application"] = application.key();
      pipelines.push_back(std::move(pipeline));
    }
  }
  if (pipelines.empty()) throw base::Error(base::Kind::invalid, "the pipelines' artifact holds no pipelines");
  return pipelines;
}

/// Decides what is new before anything is saved: a repeated attempt of the second task still knows.
class GetPipelines final : public runner::Task {
 public:
  explicit GetPipelines(PipelinesFromArtifactParts parts) : parts_(std::move(parts)) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    auto fetching = artifacts::fetch(parts_.client, parts_.fence, artifact_of(context));
    const std::string text = co_await std::move(fetching);
    json::array list;
    for (json::object& pipeline : pipelines_in(text)) {
      std::string application = base::string_or(pipeline, "application", "");
      std::string name(base::trimmed(base::string_or(pipeline, "name", "")));
      std::string key = context.key(application + "/" + name);
      auto finding = parts_.configurations.find(std::move(application), name);
      std::optional<json::object> known = co_await std::move(finding);
      if (known && base::string_or(*known, "name", "") != name) known.reset();  // one with such an id
      pipeline["id"] =
          known ? known->at("id") : json::value(base::derived_ulid(*context.stage().start_time, key));
      if (!known) pipeline["regenerateCronTriggerIds"] = true;
      list.push_back(json::object{{"pipeline", std::move(pipeline)}, {"isNew", !known.has_value()}});
    }
    co_return runner::succeeded({{to_save, std::move(list)}});
  }

  /// What lies elsewhere is not fetched for a plan.
  std::optional<runner::TaskResult> assumed(const runner::TaskContext& context) const override {
    try {
      if (artifact_of(context).type == "embedded/base64") return std::nullopt;
    } catch (const base::Error&) {
      return std::nullopt;  // its run says what is wrong
    }
    return runner::succeeded({{to_save, json::array{}}});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(5);
  }

 private:
  PipelinesFromArtifactParts parts_;
};

class SavePipelines final : public runner::Task {
 public:
  explicit SavePipelines(PipelinesFromArtifactParts parts) : parts_(std::move(parts)) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::array list = *base::find_array(context.stage().context, to_save);
    json::array created, updated, failed;
    std::string failures;
    for (const json::value& entry : list) {
      json::object pipeline = entry.at("pipeline").as_object();
      json::object summary{{"application", pipeline.at("application")},
                           {"name", base::string_or(pipeline, "name", "(unnamed)")},
                           {"id", pipeline.at("id")}};
      std::string failure;
      try {
        auto saving = parts_.configurations.save(std::move(pipeline), context.user(),
                                                 pipelines::Configurations::StaleCheck::no);
        co_await std::move(saving);
      } catch (const base::Error& error) {
        if (error.worth_retrying()) throw;
        failure = error.what();
      }
      if (!failure.empty()) {
        failures += fmt::format("{}{}: {}", failures.empty() ? "" : "; ",
                                base::string_or(summary, "name", ""), failure);
      }
      auto& outcome = !failure.empty() ? failed : entry.at("isNew").as_bool() ? created : updated;
      outcome.push_back(std::move(summary));
    }
    runner::TaskResult result = failures.empty() ? runner::succeeded() : runner::failed(context, failures);
    const json::object told{{"pipelinesCreated", std::move(created)},
                            {"pipelinesUpdated", std::move(updated)},
                            {"pipelinesFailedToSave", std::move(failed)}};
    base::merge_into(result.context, told);
    result.context[to_save] = json::array{};  // saved: no need to keep them twice
    result.outputs = told;
    co_return result;
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(5);
  }

 private:
  PipelinesFromArtifactParts parts_;
};

}  // namespace

void add_save_pipelines_from_artifact(runner::Catalogs& catalogs, PipelinesFromArtifactParts parts) {
  catalogs.stages.add(std::make_unique<SavePipelinesFromArtifact>());
  catalogs.tasks.add("getPipelinesFromArtifact", std::make_unique<GetPipelines>(parts));
  catalogs.tasks.add("savePipelinesFromArtifact", std::make_unique<SavePipelines>(parts));
}

}  // namespace gennaker::stages
