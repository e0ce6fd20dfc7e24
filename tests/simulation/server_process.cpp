#include "server_process.h"

#include "server/builtins.h"
#include "testing/rehearsals.h"

namespace gennaker::simulation {

namespace asio = boost::asio;

namespace {

const server::Options& options() {
  static const server::Options utc = [] {
    server::Options options;
    options.time_zone = "UTC";
    options.deployment_monitor = {
        {"monitors", boost::json::array{{{"id", "judge"}, {"name", "Judge"}, {"baseUrl", judge_url}}}}};
    return options;
  }();
  return utc;
}

}  // namespace

std::optional<base::TimePoint> next_moment(const Surroundings& around) {
  std::optional<base::TimePoint> next = around.clock.next_due();
  const auto sooner = [&](const std::optional<base::TimePoint>& other) {
    if (other && (!next || *other < *next)) next = other;
  };
  sooner(around.calendar.next());
  const auto set_by = around.clock.now() - around.clock.passed();
  for (const auto& cloud : around.clouds) {
    if (const auto change = cloud->next_change()) sooner(*change + set_by);
  }
  return next;
}

class ServerProcess::WatchedTask final : public runner::Task {
 public:
  WatchedTask(ProcessWatcher& watcher, std::unique_ptr<runner::Task> task)
      : watcher_(watcher), task_(std::move(task)) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    watcher_.looks(context);
    return task_->run(std::move(context));
  }
  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) override {
    return task_->operated(context, answer);
  }
  Async<runner::TaskResult> cancel(runner::TaskContext context) override {
    return task_->cancel(std::move(context));
  }
  Async<void> timed_out(runner::TaskContext context) override { return task_->timed_out(std::move(context)); }
  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext& context) const override {
    return task_->time_limit(context);
  }

 private:
  ProcessWatcher& watcher_;
  std::unique_ptr<runner::Task> task_;
};

ServerProcess::ServerProcess(Surroundings surroundings, ProcessWatcher& watcher, store::Lease lease)
    : around_(surroundings),
      watcher_(watcher),
      random_(around_.dice.next()),
      courier_(around_.calendar),
      store_(around_.vault, roads(), lease),
      client_(around_.web, roads()),
      applications_(store_, around_.clock),
      configurations_(store_, around_.clock, random_),
      clouds_(io_.get_executor()),
      guards_(clouds_, [this](std::string name) { return applications_.traffic_guards(std::move(name)); }),
      locks_(store_, around_.clock, random_),
      bakes_(store_, store_, around_.clock),
      answers_({applications_, configurations_, client_, gennaker::testing::usual_fence(),
                std::chrono::milliseconds(0)}),
      runner_({store_, stages_, tasks_, clouds_, around_.clock, &answers_}, io_.get_executor()),
      starter_({store_, runner_, stages_, around_.clock, random_, io_.get_executor(), &answers_}),
      pipeline_triggers_({store_, configurations_, starter_, around_.clock, io_.get_executor()}),
      pruner_(store_, around_.clock, around_.keep) {
  runner::Catalogs catalogs{stages_, tasks_};
  server::add_builtin_stages(catalogs,
                             {store_, runner_, applications_, configurations_, starter_, clouds_, guards_,
                              locks_, bakes_, client_, random_},
                             options());
  tasks_.replace_each([&](std::unique_ptr<runner::Task> task) -> std::unique_ptr<runner::Task> {
    return std::make_unique<WatchedTask>(watcher_, std::move(task));
  });
  stages_.set_review(&watcher_);
  for (const auto& cloud : around_.clouds) {
    auto door = std::make_unique<CloudDoor>(*cloud, around_.cloud_watcher, roads());
    cloud_doors_.push_back(door.get());
    clouds_.add(std::move(door));
  }
  runner_.on_slot([this](const std::string& config_id) { starter_.on_slot(config_id); });
  runner_.on_end([this](const model::Execution& execution) {
    starter_.on_end(execution);
    pipeline_triggers_.on_end(execution);
    pruner_.on_end(execution);
  });
  runner_.on_inherit([this] { asio::co_spawn(io_, catch_up(), asio::detached); });
  store_.on_lost([this] { watcher_.lost_its_lease(); });
  clouds_.on_change(
      [this](const std::string& account, std::uint64_t) { runner_.wake(runner::inventory_word(account)); });
  asio::co_spawn(io_, start(), [this](const std::exception_ptr& failure) {
    (failure ? failed_ : ready_) = true;
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      why_failed_ = error.what();
    }
  });
}

ServerProcess::~ServerProcess() {
  courier_.cut([this] { return around_.dice.happens(0.5); });
}

Roads ServerProcess::roads() {
  return {courier_, around_.clock, around_.calendar, around_.dice, around_.faults, around_.tally};
}

/// In the order of server/serve.cpp.
Async<void> ServerProcess::start() {
  auto clouds = clouds_.start();
  co_await std::move(clouds);
  auto running = runner_.start();
  co_await std::move(running);
}

Async<void> ServerProcess::catch_up() {
  auto waiting = starter_.recover();
  co_await std::move(waiting);
  auto following = pipeline_triggers_.recover();
  co_await std::move(following);
}

Async<void> ServerProcess::save(std::vector<json::object> applications, std::vector<json::object> configs) {
  for (std::size_t i = 0; i < applications.size(); ++i) {
    auto saving = applications_.save(applications[i], "ann");
    co_await std::move(saving);
  }
  for (std::size_t i = 0; i < configs.size(); ++i) {
    auto saving = configurations_.save(configs[i], "ann", pipelines::Configurations::StaleCheck::no);
    co_await std::move(saving);
  }
}

Async<void> ServerProcess::prune() {
  constexpr std::chrono::seconds a_long_rest{1};
  for (;;) {
    auto stepping = pruner_.step();
    const std::chrono::milliseconds rest = co_await std::move(stepping);
    if (rest > a_long_rest) co_return;
  }
}

bool ServerProcess::at_rest() const {
  constexpr std::chrono::seconds longest_retry{16};
  const base::TimePoint now = around_.clock.passed();
  // Whoever tries again is on its way.
  return ready_ && courier_.idle() && now - store_.last_failure() > longest_retry &&
         now - courier_.last_failure() > longest_retry;
}

bool ServerProcess::step() {
  io_.restart();
  return io_.poll_one() > 0;
}

void ServerProcess::hear_of_ending(const std::string& execution_id) {
  endings_missed_.push_back(execution_id);
  look_around();
}

void ServerProcess::look_around() {
  if (!store_.is_cut_off()) {
    for (const std::string& id : std::exchange(endings_missed_, {})) runner_.wake(runner::execution_word(id));
  }
  for (CloudDoor* door : cloud_doors_) door->look();
}

}  // namespace gennaker::simulation
