#include "rehearsal/world.h"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::rehearsal {

namespace asio = boost::asio;

namespace {

/// More looks than the tasks of any sane pipeline need: something goes round in circles.
constexpr std::size_t most_looks = 2'000'000;

std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

bool worth_retrying(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    return error.worth_retrying();
  } catch (...) {
    return false;
  }
}

}  // namespace

Asker asker_of(std::string_view key) {
  Asker asker;
  std::array<std::string*, 4> parts{&asker.execution_id, &asker.stage_id, nullptr, &asker.task_id};
  for (std::string* part : parts) {
    const std::size_t end = key.find('/');
    if (part != nullptr) *part = key.substr(0, end);
    if (end == std::string_view::npos) break;
    key.remove_prefix(end + 1);
  }
  return asker;
}

/// A task as the outside lets it be.
class World::ScriptedTask final : public runner::Task {
 public:
  ScriptedTask(World& world, std::unique_ptr<runner::Task> task)
      : world_(world), outside_(world.outside_), task_(std::move(task)) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    if (++world_.looks_ > most_looks) world_.io_.stop();
    if (auto given = outside_.instead_of(context, *task_)) co_return std::move(*given);
    runner::TaskResult result;
    std::string failure;
    try {
      auto running = task_->run(context);
      result = co_await std::move(running);
    } catch (const base::Error& error) {
      if (error.worth_retrying()) throw;
      failure = error.what();
    }
    if (!failure.empty()) result = runner::failed(context, failure);
    outside_.answered(context, result);
    co_return result;
  }
  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) override {
    runner::TaskResult result = task_->operated(context, answer);
    outside_.answered(context, result);
    return result;
  }
  runner::TaskResult operation_failed(const runner::TaskContext& context, const base::Error& error) override {
    runner::TaskResult result = task_->operation_failed(context, error);
    outside_.answered(context, result);
    return result;
  }
  Async<runner::TaskResult> cancel(runner::TaskContext context) override {
    return task_->cancel(std::move(context));
  }
  Async<void> timed_out(runner::TaskContext context) override { return task_->timed_out(std::move(context)); }
  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext& context) const override {
    return task_->time_limit(context);
  }

 private:
  World& world_;
  Outside& outside_;
  std::unique_ptr<runner::Task> task_;
};

/// Carries operations out in the simulated clouds, unless the outside answers, and keeps what happened.
class World::RecordingOperator final : public runner::Operator {
 public:
  explicit RecordingOperator(World& world) : world_(world) {}

  Async<json::object> perform(model::Operation operation) override {
    Outside::OperationAnswer given = world_.outside_.on_operation(operation);
    if (given.after > std::chrono::milliseconds(0)) {
      auto pausing = world_.pause(given.after);
      co_await std::move(pausing);
    }
    Performed performed{.by = asker_of(operation.key), .operation = operation};
    std::exception_ptr failure = given.failure;
    if (given.answer) performed.answer = std::move(*given.answer);
    if (!failure && !given.answer) {
      try {
        auto performing = world_.clouds_.perform(std::move(operation));
        performed.answer = co_await std::move(performing);
      } catch (...) {
        failure = std::current_exception();
      }
    }
    if (failure && !worth_retrying(failure)) {
      if (auto answer = world_.outside_.despite(performed.operation)) {
        performed.answer = std::move(*answer);
        failure = nullptr;
      }
    }
    if (failure) performed.failure = text_of(failure);
    performed.at = world_.clock_.now();
    json::object answer = performed.answer;
    world_.performed_.push_back(std::move(performed));
    if (failure) std::rethrow_exception(failure);
    co_return answer;
  }

 private:
  World& world_;
};

/// No network: the outside answers.
class World::ScriptedClient final : public net::HttpClient {
 public:
  explicit ScriptedClient(World& world) : world_(world) {}

  Async<net::ClientResponse> send(net::ClientRequest request) override {
    Outside::CallAnswer given = world_.outside_.on_call(request);
    if (given.after > std::chrono::milliseconds(0)) {
      auto pausing = world_.pause(given.after);
      co_await std::move(pausing);
    }
    Called called{.request = std::move(request), .at = world_.clock_.now()};
    if (given.failure) {
      called.failure = text_of(given.failure);
    } else {
      called.status = given.response.status;
    }
    world_.called_.push_back(std::move(called));
    if (given.failure) std::rethrow_exception(given.failure);
    co_return std::move(given.response);
  }

 private:
  World& world_;
};

World::World(Setting setting, Outside& outside)
    : outside_(outside),
      clock_(setting.start),
      random_(setting.seed),
      give_up_at_(setting.start + setting.patience),
      store_(setting.beneath),
      applications_(store_, clock_),
      configurations_(store_, clock_, random_),
      clouds_(io_.get_executor()),
      guards_(clouds_, [this](std::string name) { return applications_.traffic_guards(std::move(name)); }),
      locks_(locks_store_, clock_, random_),
      bakes_(store_, locks_store_, clock_),
      operator_(std::make_unique<RecordingOperator>(*this)),
      client_(std::make_unique<ScriptedClient>(*this)),
      // Nothing waits in real time here: a second attempt comes at once.
      answers_({applications_, configurations_, *client_, setting.fence, std::chrono::milliseconds(0)}),
      runner_({store_, stages_, tasks_, *operator_, clock_, &answers_}, io_.get_executor()),
      starter_({store_, runner_, stages_, clock_, random_, io_.get_executor(), &answers_}) {
  runner::Catalogs catalogs{stages_, tasks_};
  setting.add_stages(catalogs, {store_, runner_, applications_, configurations_, starter_, clouds_, guards_,
                                locks_, bakes_, *client_, random_});
  tasks_.replace_each([&](std::unique_ptr<runner::Task> task) -> std::unique_ptr<runner::Task> {
    return std::make_unique<ScriptedTask>(*this, std::move(task));
  });
  stages_.set_review(&outside_);
  for (AccountState& state : setting.accounts) {
    auto cloud = std::make_unique<clusters::SimulatedCloud>(clock_, state.account, std::move(state.holds));
    accounts_.push_back(cloud.get());
    clouds_.add(std::move(cloud));
  }
  clouds_.on_change(
      [this](const std::string& account, std::uint64_t) { runner_.wake(runner::inventory_word(account)); });
  store_.on_feed([this](const std::vector<store::FeedEntry>& entries) {
    for (const store::FeedEntry& entry : entries) {
      if (entry.kind != "execution") continue;
      if (known_.insert(entry.subject).second) started_.push_back(entry.subject);
    }
  });
  runner_.on_slot([this](const std::string& config_id) { starter_.on_slot(config_id); });
  runner_.on_end([this](const model::Execution& execution) {
    resting_.insert(execution.id);
    starter_.on_end(execution);
  });
  asio::co_spawn(io_, clouds_.start(), asio::detached);
  asio::co_spawn(io_, runner_.start(), asio::detached);
  step();
}

World::~World() {
  asio::co_spawn(io_, clouds_.stop(), asio::detached);
  io_.restart();
  io_.poll();
}

void World::each_cloud(const std::function<void(clusters::SimulatedCloud&)>& visit) {
  for (clusters::SimulatedCloud* cloud : accounts_) visit(*cloud);
}

clusters::SimulatedCloud* World::cloud(std::string_view account) {
  for (clusters::SimulatedCloud* cloud : accounts_) {
    if (cloud->accounts().front().name == account) return cloud;
  }
  return nullptr;
}

/// Everything that can happen without time passing. False: it goes round in circles.
bool World::step() {
  for (;;) {
    io_.restart();
    std::size_t done = io_.poll();
    if (looks_ > most_looks) return false;
    // The store beneath answers on a thread of its own.
    if (done == 0 && store_.outstanding() > 0) done = io_.run_one();
    if (done == 0) return true;
  }
}

std::optional<base::TimePoint> World::next_moment() const {
  std::optional<base::TimePoint> next = clock_.next_due();
  for (const clusters::SimulatedCloud* cloud : accounts_) {
    if (const auto change = cloud->next_change()) next = std::min(next.value_or(*change), *change);
  }
  return next;
}

void World::let_time_pass_to(base::TimePoint moment) {
  clock_.advance_to(moment);
  for (clusters::SimulatedCloud* cloud : accounts_) cloud->tick();
}

bool World::run_until(const std::function<bool()>& done) {
  for (;;) {
    if (!step()) return false;
    if (done()) return true;
    const auto next = next_moment();
    if (!next || *next > give_up_at_) return false;
    let_time_pass_to(*next);
  }
}

bool World::run_until_rest(const std::string& execution_id) {
  return run_until([&] { return at_rest(execution_id); });
}

std::string World::start(pipelines::StartRequest request) {
  auto starting = starter_.start_pipeline(std::move(request));
  return run(std::move(starting));
}

std::string World::start_orchestration(json::object request, std::string user) {
  auto starting = starter_.start_orchestration(std::move(request), std::move(user), "api");
  return run(std::move(starting));
}

void World::after(std::chrono::milliseconds time, std::function<void()> act) {
  alarms_.push_back(clock_.timer(io_.get_executor()));
  alarms_.back()->set(time, std::move(act));
}

Async<void> World::pause(std::chrono::milliseconds time) {
  auto start = [this, time](auto answer) {
    after(time, [answer = std::move(answer)] { answer(nullptr, 0); });
  };
  co_await base::await_answer<int>(std::move(start));
}

Async<void> World::send(std::string execution_id, engine::Event event,
                        std::function<void(std::string)> refused) {
  try {
    resting_.erase(execution_id);
    auto telling = runner_.tell(std::move(execution_id), std::move(event));
    co_await std::move(telling);
  } catch (const base::Error& error) {
    if (refused) refused(error.what());
  }
}

void World::tell(std::string execution_id, engine::Event event, std::function<void(std::string)> refused) {
  asio::co_spawn(io_, send(std::move(execution_id), std::move(event), std::move(refused)), asio::detached);
}

Async<void> World::send_restart(std::string execution_id, engine::RestartStage restart,
                                std::function<void(std::string)> refused) {
  try {
    resting_.erase(execution_id);
    auto restarting = starter_.restart_stage(std::move(execution_id), std::move(restart));
    co_await std::move(restarting);
  } catch (const base::Error& error) {
    if (refused) refused(error.what());
  }
}

void World::restart(std::string execution_id, engine::RestartStage restart,
                    std::function<void(std::string)> refused) {
  asio::co_spawn(io_, send_restart(std::move(execution_id), std::move(restart), std::move(refused)),
                 asio::detached);
}

std::optional<model::Execution> World::execution(const std::string& id) {
  auto reading = store_.execution(id);
  return run(std::move(reading));
}

}  // namespace gennaker::rehearsal
