#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <fmt/format.h>
#include <optional>
#include <thread>

#include "api/api.h"
#include "bakery/bake_logs.h"
#include "bakery/bakes.h"
#include "bakery/logged_bakes.h"
#include "base/context.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/resources.h"
#include "net/client.h"
#include "net/server.h"
#include "pipelines/outside_answers.h"
#include "runner/runner.h"
#include "server/builtins.h"
#include "server/execution_settings.h"
#include "server/open_store.h"
#include "server/options.h"
#include "server/task_settings.h"
#include "server/waiting_room.h"
#include "stages/run_job/preconfigured.h"
#include "store/feed.h"
#include "triggers/pipeline/pipeline_triggers.h"

namespace gennaker::server {

namespace asio = boost::asio;

namespace {

/// Executions are spread over so many threads: two keep both cores of a small machine busy.
constexpr int most_shards = 4;

std::string environment_or(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

/// An executor with one thread of its own.
class Loop {
 public:
  Loop() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
  ~Loop() { stop(); }

  asio::any_io_executor executor() { return context_.get_executor(); }
  asio::io_context& context() { return context_; }
  /// After it has been stopped.
  void let_go() { context_.let_go(); }

  void stop() {
    if (!thread_.joinable()) return;
    work_.reset();
    context_.stop();
    thread_.join();
  }

  /// Runs it on the loop; waits for it on this thread.
  void run(base::Async<void> what) { asio::co_spawn(context_, std::move(what), asio::use_future).get(); }

 private:
  base::Context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

/// Builds the parts and hands each what it needs. Members are in the order of need: destruction runs
/// backwards.
class Gennaker {
 public:
  explicit Gennaker(const Options& options)
      : task_settings_(read_task_settings(options.tasks, accounts_by_provider(options))),
        base_images_(base_images_of(options)),
        store_(open_store_when_it_answers(options)),
        feed_(*store_),
        applications_(*store_, clock_),
        configurations_(*store_, clock_, random_),
        bake_logs_({.folder = options.data / "bakes"}, clock_),
        clouds_(cloud_loop_.executor()),
        guards_(clouds_, [this](std::string name) { return applications_.traffic_guards(std::move(name)); }),
        locks_(*store_, clock_, random_),
        bakes_(*store_, *store_, clock_),
        origins_(options.allowed_origins),
        answers_({applications_, configurations_, client_, url_fence(options)}),
        runner_({*store_, stages_, tasks_, logged_bakes_, clock_, &answers_, task_settings_.back_off},
                shards()),
        starter_({*store_, runner_, stages_, clock_, random_, http_loop_.executor(), &answers_,
                  read_ad_hoc_rules(options.executions)}),
        pipeline_triggers_({*store_, configurations_, starter_, clock_, http_loop_.executor()}),
        pruner_(*store_, clock_, read_retention(options.executions)),
        planner_({*store_, clouds_,
                  [&options](runner::Catalogs& catalogs, const pipelines::StageParts& parts) {
                    add_builtin_stages(catalogs, parts, options);
                  },
                  url_fence(options), clock_}),
        api_{*store_,        feed_,
             applications_,  configurations_,
             starter_,       runner_,
             answers_,       planner_,
             clouds_,        guards_,
             locks_,         bake_logs_,
             base_images_,   bell_,
             origins_,       stages_,
             clock_,         random_,
             base::resource, stages::to_json(stages::read_preconfigured_jobs(options.job))},
        http_(
            http_loop_.executor(), {.address = options.address, .port = options.port}, api::make_router(api_),
            [this](const net::Request& request, std::exception_ptr failure) {
              return api::to_response(clock_, request, failure);
            },
            [this](const net::Request& request, net::Response& response) {
              api::finish(origins_, random_, request, response);
            }) {
    runner::Catalogs catalogs{stages_, tasks_};
    add_builtin_stages(catalogs,
                       {*store_, runner_, applications_, configurations_, starter_, clouds_, guards_, locks_,
                        bakes_, client_, random_},
                       options);
    skip_tasks(catalogs, task_settings_.enabled);
    add_builtin_clouds(clouds_, {options, cloud_loop_.executor(), clock_, client_, bake_logs_});
    runner_.on_end([this](const model::Execution& execution) {
      starter_.on_end(execution);
      pipeline_triggers_.on_end(execution);
      pruner_.on_end(execution);
    });
    runner_.on_slot([this](const std::string& config_id) { starter_.on_slot(config_id); });
    runner_.on_inherit([this] { asio::co_spawn(http_loop_.context(), catch_up(), asio::detached); });
    clouds_.on_change([this](const std::string& account, std::uint64_t revision) {
      runner_.wake(runner::inventory_word(account));
      bell_.ring(account, revision);
    });
  }

  ~Gennaker() { stop(); }

  void start() {
    cloud_loop_.run(clouds_.start());
    const bool has_others = store_->lease() != 0;
    // One question after the other: a database that is short of connections still lets this server start.
    if (has_others) http_loop_.run(note_news());
    http_loop_.run(runner_.start());
    if (has_others) asio::co_spawn(http_loop_.context(), hear_others(), asio::detached);
    asio::co_spawn(http_loop_.context(), pruner_.run(), asio::detached);
    http_.start();
  }

  /// From the outside in: no new requests, no new steps, then the clouds; what is deployed goes on.
  void stop() {
    if (std::exchange(stopped_, true)) return;
    http_.stop();
    runner_.stop();
    cloud_loop_.run(clouds_.stop());
    http_loop_.stop();
    cloud_loop_.stop();
    // Nobody asks any more, and whom other threads still answer must be there.
    planner_.stop();
    client_.stop();
    store_.reset();
    // What waits there may hold executors of the shards, which go first.
    http_loop_.let_go();
    cloud_loop_.let_go();
  }

  std::uint16_t port() const { return http_.port(); }

 private:
  /// What this server, or one that it took over from, was about to do because something had ended.
  base::Async<void> catch_up() {
    auto waiting = starter_.recover();
    co_await std::move(waiting);
    auto following = pipeline_triggers_.recover();
    co_await std::move(following);
  }

  /// What comes after this is heard.
  base::Async<void> note_news() {
    const store::Store::FeedRange range = co_await store_->feed_range();
    heard_ = range.newest;
  }

  /// What other servers do reaches those who wait here.
  base::Async<void> hear_others() {
    for (;;) {
      try {
        auto asking = feed_.next(heard_, 100);
        const std::vector<store::FeedEntry> entries = co_await std::move(asking);
        for (const store::FeedEntry& entry : entries) hear(entry);
        heard_ = entries.back().sequence;
        continue;
      } catch (const base::Error& error) {
        base::log::warn("what other servers do is not known now: {}", error.what());
      }
      co_await base::sleep_for(std::chrono::milliseconds(500));
    }
  }

  void hear(const store::FeedEntry& entry) {
    if (entry.kind == "document") configurations_.note_change();
    if (entry.kind == "execution" && entry.body.find("\"endTime\"") != std::string::npos)
      runner_.wake(runner::execution_word(entry.subject));
  }

  static int shards() {
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most_shards);
  }

  const TaskSettings task_settings_;
  const std::vector<bakery::BaseImage> base_images_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  Loop http_loop_, cloud_loop_;
  std::unique_ptr<store::Store> store_;
  store::FeedReader feed_;
  pipelines::Applications applications_;
  pipelines::Configurations configurations_;
  net::Client client_{environment_or("no_proxy", environment_or("NO_PROXY", ""))};
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  bakery::BakeLogs bake_logs_;  ///< which providers write to
  clusters::Clouds clouds_;
  bakery::LoggedBakes logged_bakes_{clouds_, bake_logs_};
  clusters::TrafficGuards guards_;
  clusters::ClusterLocks locks_;
  bakery::Bakes bakes_;
  api::InventoryBell bell_;
  api::Origins origins_;
  pipelines::OutsideAnswers answers_;
  runner::Runner runner_;
  pipelines::Starter starter_;
  triggers::PipelineTriggers pipeline_triggers_;
  pipelines::Pruner pruner_;
  rehearsal::Planner planner_;
  api::Parts api_;
  net::Server http_;
  std::uint64_t heard_ = 0;  ///< of the feed
  bool stopped_ = false;
};

/// Waits for Ctrl-C or a service manager's wish to stop.
void wait_for_signal() {
  asio::io_context context{1};
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([](boost::system::error_code, int) {});
  context.run();
}

}  // namespace

int serve(const Options& options) {
  base::set_up_logging(options.log_level);
  std::signal(SIGPIPE, SIG_IGN);
  Gennaker gennaker(options);
  gennaker.start();
  base::log::info("Gennaker serves http://{}:{}/ with data in {} and its store in {}", options.address,
                  gennaker.port(), options.data.string(), shown_store(options));
  wait_for_signal();
  base::log::info("stopping; what is deployed goes on");
  gennaker.stop();
  return 0;
}

}  // namespace gennaker::server
