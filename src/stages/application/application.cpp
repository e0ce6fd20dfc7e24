#include "stages/application/application.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::stages {

namespace json = boost::json;
using base::Async;

namespace {

class ApplicationStage final : public engine::Stage {
 public:
  ApplicationStage(std::string_view type, std::vector<std::string_view> aliases, std::string_view task)
      : type_(type), aliases_(std::move(aliases)), task_(task) {}

  std::string_view type() const override { return type_; }
  std::vector<std::string_view> aliases() const override { return aliases_; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* application = base::find_object(stage.context(), "application");
    if (application == nullptr) return engine::refuse("application", "an object with a name is needed");
    if (base::string_or(*application, "name", "").empty())
      return engine::refuse("application.name", "a name is needed");
    return engine::run_in_order({task_});
  }

 private:
  std::string_view type_;
  std::vector<std::string_view> aliases_;
  std::string_view task_;
};

json::object application_of(const runner::TaskContext& context) {
  return *base::find_object(context.stage().context, "application");
}

class UpsertApplication final : public runner::Task {
 public:
  explicit UpsertApplication(pipelines::Applications& applications) : applications_(applications) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    auto saving = applications_.save(application_of(context), context.user());
    const json::object saved = co_await std::move(saving);
    co_return runner::succeeded(
        {{"application.name", saved.at("name")}, {"notification.type", "upsertapplication"}});
  }

 private:
  pipelines::Applications& applications_;
};

class DeleteApplication final : public runner::Task {
 public:
  DeleteApplication(pipelines::Applications& applications, ClustersOf clusters_of)
      : applications_(applications), clusters_of_(std::move(clusters_of)) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string name = base::string_or(application_of(context), "name", "");
    const std::vector<std::string> clusters = clusters_of_(name);
    if (!clusters.empty()) {
      std::string names;
      for (const std::string& cluster : clusters) names += (names.empty() ? "" : ", ") + cluster;
      runner::TaskResult result = runner::failed(
          context,
          fmt::format("Application is associated with one or more clusters ({}): destroy them first", names));
      result.context["exception"].as_object()["details"].as_object()["error"] =
          "Application has outstanding dependencies";
      co_return result;
    }
    auto removing = applications_.remove(name, context.user());
    co_await std::move(removing);
    co_return runner::succeeded({{"application.name", name}, {"notification.type", "deleteapplication"}});
  }

 private:
  pipelines::Applications& applications_;
  ClustersOf clusters_of_;
};

}  // namespace

void add_application(runner::Catalogs& catalogs, pipelines::Applications& applications,
                     ClustersOf clusters_of) {
  using Words = std::vector<std::string_view>;
  catalogs.stages.add(std::make_unique<ApplicationStage>(
      "upsertApplication", Words{"createApplication", "updateApplication"}, "upsertApplication"));
  catalogs.stages.add(std::make_unique<ApplicationStage>("deleteApplication", Words{}, "deleteApplication"));
  catalogs.tasks.add("upsertApplication", std::make_unique<UpsertApplication>(applications));
  catalogs.tasks.add("deleteApplication",
                     std::make_unique<DeleteApplication>(applications, std::move(clusters_of)));
}

}  // namespace gennaker::stages
