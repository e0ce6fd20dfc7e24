#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/context.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "runner/catalogs.h"
#include "runner/runner.h"
#include "testing/scripted_answers.h"
#include "triggers/pipeline/pipeline_triggers.h"

namespace gennaker::testing {

namespace json = boost::json;

/// Saved pipelines, a store on disk, the runner and the starter: for tests of what several executions do to
/// each other. Its stages: those that touch no cloud and no network, and `boom`, which fails with its
/// `message` while `booms` is set. Threads: the test's, and those of the runner; real time.
class PipelineWorld {
 public:
  PipelineWorld();
  ~PipelineWorld();

  /// Saves a pipeline of the application "shop", whose id is its name, unless `more` says otherwise.
  void save(const std::string& name, const std::string& stages, const std::string& more = "{}");
  /// Starts it and returns the execution's id.
  std::string start(const std::string& name, json::object trigger = {});
  void tell(const std::string& id, engine::Event event);
  void restart(const std::string& id, const std::string& ref_id);

  model::Execution execution(const std::string& id);
  /// Waits until it holds, and fails the test after 20 s.
  model::Execution wait_until(const std::string& id,
                              const std::function<bool(const model::Execution&)>& holds);
  model::Execution wait_for(const std::string& id, model::Status status);
  /// Of a configuration, oldest first; waits until there are `count` of them.
  std::vector<model::Execution> wait_for_executions(const std::string& config_id, std::size_t count);
  /// The child that a pipeline stage started.
  std::string child_of(const std::string& id, const std::string& ref_id);
  /// What a start of the server does for pipeline triggers.
  void recover_triggers() { run(triggers_.recover()); }

  std::atomic<bool> booms = true;

  template <class T>
  T run(base::Async<T> what) {
    return boost::asio::co_spawn(loop_, std::move(what), boost::asio::use_future).get();
  }
  store::Store& store() { return *store_; }
  /// What expressions ask of the world outside: to be set before a start.
  ScriptedAnswers& answers() { return answers_; }

 private:
  class NoClouds final : public runner::Operator {
   public:
    base::Async<json::object> perform(model::Operation) override { co_return json::object{}; }
  };

  base::SystemClock clock_;
  base::SystemRandom random_;
  std::filesystem::path folder_;
  base::Context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  std::unique_ptr<store::Store> store_;
  NoClouds clouds_;
  ScriptedAnswers answers_;
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  pipelines::Configurations configurations_;
  runner::Runner runner_;
  pipelines::Starter starter_;
  triggers::PipelineTriggers triggers_;
};

}  // namespace gennaker::testing
