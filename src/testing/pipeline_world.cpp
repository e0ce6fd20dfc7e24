#include "testing/pipeline_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "stages/bind_artifacts.h"
#include "stages/depends_on_execution/depends_on_execution.h"
#include "stages/dry_run.h"
#include "stages/evaluate_artifacts/evaluate_artifacts.h"
#include "stages/evaluate_variables/evaluate_variables.h"
#include "stages/find_artifact_from_execution/find_artifact_from_execution.h"
#include "stages/manual_judgment/manual_judgment.h"
#include "stages/monitor_pipeline/monitor_pipeline.h"
#include "stages/noop/noop.h"
#include "stages/pipeline/pipeline.h"
#include "stages/wait/wait.h"
#include "store/sqlite/sqlite_store.h"
#include "testing/builders.h"

namespace gennaker::testing {
namespace {

using model::Status;
using namespace std::chrono_literals;

class Boom final : public engine::Stage {
 public:
  std::string_view type() const override { return "boom"; }
  engine::Plan plan(const engine::StageView&) const override { return engine::run_in_order({"boom"}); }
};

class BoomTask final : public runner::Task {
 public:
  explicit BoomTask(const std::atomic<bool>& booms) : booms_(booms) {}
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    if (booms_) co_return runner::failed(context, context.text("message", "boom"));
    co_return runner::succeeded();
  }

 private:
  const std::atomic<bool>& booms_;
};

std::filesystem::path new_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gennaker-pipelines-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

}  // namespace

PipelineWorld::PipelineWorld()
    : folder_(new_folder()),
      work_(boost::asio::make_work_guard(loop_)),
      thread_([this] { loop_.run(); }),
      store_(store::open_sqlite(folder_ / "gennaker.db")),
      configurations_(*store_, clock_, random_),
      runner_({*store_, stages_, tasks_, clouds_, clock_, &answers_}, 2),
      starter_({*store_, runner_, stages_, clock_, random_, loop_.get_executor(), &answers_}),
      triggers_({*store_, configurations_, starter_, clock_, loop_.get_executor()}) {
  runner::Catalogs catalogs{stages_, tasks_};
  stages::add_bind_artifacts(catalogs);
  stages::add_depends_on_execution(catalogs, *store_);
  stages::add_dry_run(catalogs);
  stages::add_evaluate_artifacts(catalogs);
  stages::add_evaluate_variables(catalogs);
  stages::add_find_artifact_from_execution(catalogs, *store_);
  stages::add_monitor_pipeline(catalogs, *store_);
  stages::add_noop(catalogs);
  stages::add_wait(catalogs);
  stages::add_manual_judgment(catalogs);
  stages::add_pipeline(catalogs, {configurations_, starter_, runner_, *store_});
  stages_.add(std::make_unique<Boom>());
  tasks_.add("boom", std::make_unique<BoomTask>(booms));
  runner_.on_slot([this](const std::string& config_id) { starter_.on_slot(config_id); });
  runner_.on_end([this](const model::Execution& execution) {
    starter_.on_end(execution);
    triggers_.on_end(execution);
  });
  run(runner_.start());
}

PipelineWorld::~PipelineWorld() {
  runner_.stop();
  work_.reset();
  loop_.stop();
  thread_.join();
  store_.reset();  // it answers what it was asked, while those who asked are there
  loop_.let_go();
  std::filesystem::remove_all(folder_);
}

void PipelineWorld::save(const std::string& name, const std::string& stages, const std::string& more) {
  json::object config{{"application", "shop"}, {"name", name}, {"id", name}};
  base::merge_into(config, object(more));
  config["stages"] = object(fmt::format(R"({{"stages": {}}})", stages))["stages"];
  run(configurations_.save(std::move(config), "ann", pipelines::Configurations::StaleCheck::no));
}

std::string PipelineWorld::start(const std::string& name, json::object trigger) {
  std::optional<json::object> config = run(configurations_.find_by_id(name));
  EXPECT_TRUE(config.has_value()) << name;
  pipelines::StartRequest request;
  request.config = config.value_or(json::object{});
  request.trigger = std::move(trigger);
  request.user = "ann";
  return run(starter_.start_pipeline(std::move(request)));
}

void PipelineWorld::tell(const std::string& id, engine::Event event) {
  run(runner_.tell(id, std::move(event)));
}

void PipelineWorld::restart(const std::string& id, const std::string& ref_id) {
  const model::Execution now = execution(id);
  const model::Stage* stage = now.find_by_ref(ref_id);
  ASSERT_NE(stage, nullptr);
  engine::RestartStage restart{stage->id, "bob"};
  run(starter_.restart_stage(id, std::move(restart)));
}

model::Execution PipelineWorld::execution(const std::string& id) {
  return run(store_->execution(id)).value_or(model::Execution{});
}

model::Execution PipelineWorld::wait_until(const std::string& id,
                                           const std::function<bool(const model::Execution&)>& holds) {
  for (int i = 0; i < 4'000; ++i) {
    model::Execution now = execution(id);
    if (holds(now)) return now;
    run(base::sleep_for(5ms));
  }
  ADD_FAILURE() << "execution " << id << " stays " << model::to_string(execution(id).status);
  return execution(id);
}

model::Execution PipelineWorld::wait_for(const std::string& id, Status status) {
  return wait_until(id, [&](const model::Execution& now) { return now.status == status; });
}

std::vector<model::Execution> PipelineWorld::wait_for_executions(const std::string& config_id,
                                                                 std::size_t count) {
  store::ExecutionQuery query;
  query.pipeline_config_ids = {config_id};
  query.oldest_first = true;
  for (int i = 0; i < 4'000; ++i) {
    auto found = run(store_->executions(query, model::Detail::full));
    if (found.size() >= count) return found;
    run(base::sleep_for(5ms));
  }
  ADD_FAILURE() << "there are fewer than " << count << " executions of " << config_id;
  return {};
}

std::string PipelineWorld::child_of(const std::string& id, const std::string& ref_id) {
  const model::Execution parent = wait_until(id, [&](const model::Execution& now) {
    const model::Stage* stage = now.find_by_ref(ref_id);
    return stage != nullptr && stage->context.contains("executionId");
  });
  const model::Stage* stage = parent.find_by_ref(ref_id);
  return stage == nullptr ? "" : base::string_or(stage->context, "executionId", "");
}

}  // namespace gennaker::testing
