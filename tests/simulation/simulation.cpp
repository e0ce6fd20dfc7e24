#include "simulation.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/ids.h"
#include "base/json.h"

namespace gennaker::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// How long a server is not heard of before others take over.
constexpr milliseconds lease_time{2'500};

std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// A commit in one line.
std::string told(const store::Changes& changes) {
  std::string text;
  for (const auto& row : changes.executions)
    text += fmt::format(" {}={}", row.id, model::to_string(row.status));
  for (const auto& row : changes.stages) {
    text += fmt::format(" {}:{:x}", row.id, base::digest64(row.outline + row.details) >> 40);
  }
  for (const auto& id : changes.removed_stages) text += " -" + id;
  return text;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, Variety variety)
    : clock_(base::from_millis(1'700'000'000'000)),
      true_time_(clock_),
      began_(clock_.passed()),
      calendar_(clock_),
      dice_(seed),
      people_(dice_.next()),
      company_(found_company(dice_.next(), variety)),
      web_(clock_, dice_),
      laws_(clock_, clouds_, [this](const std::string& id) { return server_of(id); }),
      servers_(static_cast<std::size_t>(std::max(1, dice_.below(4)))) {
  clouds_.push_back(std::make_unique<clusters::SimulatedCloud>(true_time_, company_.account.account,
                                                               company_.account.holds));
  clouds_.back()->set_time_to_healthy(seconds(dice_.below(120)));
  cloud_watcher_.before = [this] { laws_.before_operation(); };
  cloud_watcher_.after = [this](const model::Operation& operation) {
    log(fmt::format("effect {} {} {}", operation.kind, operation.key, base::to_text(operation.what)));
    tally_.note("operations");
    laws_.after_operation(operation);
  };
  vault_.committed = [this](const store::Changes& changes) {
    log("commit" + told(changes));
    tally_.note("commits");
    laws_.committed(changes);
    const auto ends = [](const store::ExecutionRow& row) { return model::is_complete(row.status); };
    if (std::any_of(changes.executions.begin(), changes.executions.end(), ends)) delicate_steps_ = 12;
    tell_others(changes);
  };
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    servers_[number].witness = std::make_unique<Witness>(laws_, static_cast<int>(number));
    boot(number);
  }
  set_up();
  faults_ = draw_faults();
}

/// Each seed has faults of some sorts and not of others: what several together hide, one alone shows.
Faults Simulation::draw_faults() {
  const auto some = [this](double often) {
    constexpr std::array<double, 5> shares{0, 0, 0.1, 0.4, 1};
    return often * shares.at(static_cast<std::size_t>(dice_.below(5)));
  };
  Faults faults;
  faults.crash = some(0.01);
  faults.store_slow = some(0.1);
  faults.store_fails_before = some(0.1);
  faults.store_fails_after = some(0.1);
  faults.store_read_fails = some(0.1);
  faults.cloud_slow = some(0.2);
  faults.cloud_fails = some(0.2);
  faults.cloud_half_done = some(0.2);
  faults.cloud_answer_lost = some(0.2);
  faults.cloud_doubled = some(0.2);
  faults.cloud_read_fails = some(0.1);
  faults.web_slow = some(0.3);
  faults.web_unreachable = some(0.2);
  faults.web_answer_lost = some(0.2);
  faults.web_error = some(0.2);
  faults.clock_forwards = some(0.02);
  faults.clock_backwards = some(0.05);
  faults.command_doubled = some(0.3);
  faults.freeze = some(0.01);
  faults.cut_off = some(0.01);
  return faults;
}

Surroundings Simulation::surroundings() {
  return {clock_, calendar_, dice_, faults_, tally_, vault_, clouds_, cloud_watcher_, web_};
}

/// Nothing has gone wrong yet when the company saves its pipelines.
void Simulation::set_up() {
  ServerProcess* process = servers_.front().process.get();
  while (!process->ready() && step()) {
  }
  bool saved = false;
  process->ask(process->save({company_.application}, company_.pipelines),
               [&](const std::exception_ptr& failure) {
                 if (failure) std::rethrow_exception(failure);
                 saved = true;
               });
  while (!saved && step()) {
  }
}

void Simulation::log(std::string_view line) {
  log_ += fmt::format("{} {}\n", base::to_millis(clock_.now()), line);
}

void Simulation::boot(std::size_t number) {
  log(fmt::format("boot {}", number));
  Server& server = servers_[number];
  const store::Lease lease = shared() ? vault_.store.join() : 0;
  if (shared()) unnoticed_ = 0;  // it looks at what there is when it starts
  server.process = std::make_unique<ServerProcess>(surroundings(), *server.witness, lease);
}

void Simulation::crash(Server& server, std::string_view how) {
  const auto number = static_cast<std::size_t>(&server - servers_.data());
  log(fmt::format("crash {}: {}", number, how));
  tally_.note(how);
  const store::Lease lease = server.process->store().lease();
  server.process.reset();
  laws_.process_died(static_cast<int>(number));
  // Who stops in good order says so.
  const milliseconds until_noticed(dice_.below(4) == 0 ? 0 : 500 + dice_.below(3'500));
  if (shared()) calendar_.note(until_noticed, [this, lease] { expire(lease); });
  const milliseconds down(dice_.below(20) == 0 ? dice_.below(4 * 3'600'000) : dice_.below(60'000));
  calendar_.note(down, [this, number] { boot(number); });
}

void Simulation::expire(store::Lease lease) {
  log(fmt::format("lease {} runs out", lease));
  if (!vault_.store.is_there(lease)) return;
  vault_.store.remove(lease);
  ++unnoticed_;
  find_an_heir();
}

/// Whoever hears of it first takes it all.
void Simulation::find_an_heir() {
  if (unnoticed_ == 0) return;
  Server* heir = any_server();
  if (heir != nullptr && vault_.store.is_there(heir->process->store().lease())) {
    const std::vector<std::string> ids = vault_.store.take_over(heir->process->store().lease());
    log(fmt::format("{} executions go on at {}", ids.size(), heir - servers_.data()));
    tally_.note("executions that were taken over", ids.size());
    unnoticed_ = 0;
    return heir->process->store().inherit(ids);
  }
  calendar_.note(milliseconds(500), [this] { find_an_heir(); });
}

/// As SIGSTOP and SIGCONT do.
void Simulation::freeze(Server& server) {
  if (server.frozen || server.process->store().is_cut_off()) return;
  const milliseconds time(dice_.below(8'000));
  log(fmt::format("freeze {} for {} ms", &server - servers_.data(), time.count()));
  tally_.note("servers that froze");
  server.frozen = true;
  const store::Lease lease = server.process->store().lease();
  if (time > lease_time) calendar_.note(lease_time, [this, lease] { expire(lease); });
  calendar_.note(time, [this, &server] {
    server.frozen = false;
    notice_soon(server);
  });
}

void Simulation::cut_off(Server& server) {
  if (server.frozen || server.process->store().is_cut_off()) return;
  const milliseconds time(dice_.below(8'000));
  log(fmt::format("cut off {} for {} ms", &server - servers_.data(), time.count()));
  tally_.note("servers that were cut off");
  server.process->store().cut_off(true);
  const store::Lease lease = server.process->store().lease();
  if (time > lease_time) calendar_.note(lease_time, [this, lease] { expire(lease); });
  // It may be another process by then.
  calendar_.note(time, [this, &server, lease] {
    if (!server.process || server.process->store().lease() != lease) return;
    server.process->store().cut_off(false);
    look_around();
  });
}

/// With its next heartbeat it sees what became of it meanwhile.
void Simulation::notice_soon(Server& server) {
  calendar_.note(milliseconds(dice_.below(500)), [this, &server] {
    if (!server.process || server.frozen) return;
    server.process->store().check_lease();
    server.process->store().mail();
  });
}

Simulation::Server* Simulation::any_server() {
  const auto first = static_cast<std::size_t>(shared() ? dice_.below(static_cast<int>(servers_.size())) : 0);
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[(first + i) % servers_.size()];
    if (server.process && server.process->ready() && !server.frozen && !server.process->store().is_cut_off())
      return &server;
  }
  return nullptr;
}

int Simulation::server_of(const std::string& execution_id) {
  if (!shared()) return 0;
  const store::Lease owner = vault_.store.owner_of(execution_id);
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    if (servers_[number].process && servers_[number].process->store().lease() == owner)
      return static_cast<int>(number);
  }
  return -1;
}

/// What the store's notifications tell servers of each other.
void Simulation::tell_others(const store::Changes& changes) {
  const bool mail = !changes.commands.empty() || !changes.answers.empty();
  for (Server& server : servers_) {
    if (!server.process) continue;
    if (mail) server.process->store().mail();
    if (!shared()) continue;
    for (const store::ExecutionRow& row : changes.executions) {
      if (model::is_complete(row.status)) server.process->hear_of_ending(row.id);
    }
  }
}

/// What follows an ending is only in memory: a crash is likelier then.
bool Simulation::crashes() {
  const bool delicate = delicate_steps_ > 0;
  if (delicate) --delicate_steps_;
  return dice_.happens(delicate ? 4 * faults_.crash : faults_.crash);
}

bool Simulation::step(Server& server) {
  if (!server.process || server.frozen || !server.process->step()) return false;
  if (server.process->failed()) {
    log("start failed: " + server.process->why_failed());
    crash(server, "starts of the server that failed");
  } else if (crashes()) {
    crash(server, "crashes of the server");
  }
  return true;
}

bool Simulation::step() {
  if (laws_.broken()) return false;
  ++steps_;
  const bool due = calendar_.due();
  if (!(due && dice_.below(2) == 0)) {
    const auto first =
        static_cast<std::size_t>(shared() ? dice_.below(static_cast<int>(servers_.size())) : 0);
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (step(servers_[(first + i) % servers_.size()])) return true;
    }
  }
  if (due) {
    calendar_.let_happen();
    look_around();
    Server* server = any_server();
    if (server != nullptr && crashes()) crash(*server, "crashes of the server");
    return true;
  }
  if (all_at_rest()) laws_.at_rest();
  return !laws_.broken() && let_time_pass();
}

bool Simulation::all_at_rest() {
  const auto timer = clock_.next_due();
  if (timer && *timer <= clock_.now()) return false;
  if (unnoticed_ > 0) return false;
  std::size_t leases = 0;
  for (const Server& server : servers_) {
    if (!server.process) continue;
    if (server.frozen || server.process->store().is_cut_off() || !server.process->at_rest()) return false;
    if (!vault_.store.is_there(server.process->store().lease())) return false;
    ++leases;
  }
  // A server that is gone and not yet counted as gone keeps what it had.
  return leases > 0 && (!shared() || leases == vault_.store.there().size());
}

void Simulation::look_around() {
  for (const Server& server : servers_) {
    if (server.process) server.process->look_around();
  }
}

void Simulation::trouble_servers() {
  if (!shared()) return;
  Server* server = any_server();
  if (server == nullptr) return;
  if (dice_.happens(faults_.freeze)) return freeze(*server);
  if (dice_.happens(faults_.cut_off)) return cut_off(*server);
}

bool Simulation::let_time_pass() {
  trouble_servers();
  if (dice_.happens(faults_.clock_forwards)) {
    tally_.note("clock jumps forwards");
    clock_.jump(milliseconds(dice_.below(dice_.below(2) == 0 ? 3'000 : 3 * 3'600'000)));
  }
  if (dice_.happens(faults_.clock_backwards)) {
    tally_.note("clock jumps backwards");
    clock_.jump(-milliseconds(dice_.below(3'000)));
  }
  const std::optional<base::TimePoint> next = next_moment(surroundings());
  if (!next) return false;
  clock_.advance_to(*next);
  for (const auto& cloud : clouds_) cloud->tick();
  look_around();
  return true;
}

// ---- What people ask ----

bool Simulation::command(Command command) {
  Server* server = any_server();
  if (server == nullptr) {
    tally_.note("commands that found no server");
    return false;
  }
  ServerProcess* process = server->process.get();
  const int times = dice_.happens(faults_.command_doubled) ? 2 : 1;
  if (times == 2) tally_.note("doubled commands");
  laws_.asked(static_cast<int>(server - servers_.data()), command);
  const auto carry_out = [](ServerProcess* process, Command command) -> Async<void> {
    engine::Event event;
    switch (command.kind) {
      case Command::Kind::cancel:
        event = engine::Cancel{command.token, "a person's wish"};
        break;
      case Command::Kind::pause:
        event = engine::Pause{command.token};
        break;
      case Command::Kind::resume:
        event = engine::Resume{command.token};
        break;
      case Command::Kind::patch:
        command.patch["note-" + command.token] = true;
        event = engine::PatchStage{command.stage_id, command.patch, command.token};
        break;
      case Command::Kind::restart: {
        engine::RestartStage restart{command.stage_id, command.token};
        auto restarting = process->starter().restart_stage(command.execution_id, std::move(restart));
        co_await std::move(restarting);
        co_return;
      }
    }
    auto telling = process->runner().tell(command.execution_id, std::move(event));
    co_await std::move(telling);
  };
  constexpr std::array<std::string_view, 5> words{"cancellations", "pauses", "resumptions", "patches",
                                                  "restarts"};
  const std::string_view word = words.at(static_cast<std::size_t>(command.kind));
  log(fmt::format("command {} {} {} {}", word, command.token, command.execution_id, command.stage_id));
  auto left = std::make_shared<int>(times);
  for (int i = 0; i < times; ++i) {
    process->ask(carry_out(process, command), [this, command, word, left](const std::exception_ptr& failure) {
      if (failure) {
        log(fmt::format("refused {}: {}", command.token, text_of(failure)));
        tally_.note("commands that were refused");
      } else {
        log(fmt::format("answered {}", command.token));
        tally_.note(word);
        laws_.acknowledged(command);
      }
      if (--*left == 0) laws_.answered(command);
    });
  }
  return true;
}

void Simulation::start(const json::object& config, json::object trigger, int tries_left) {
  const bool correlated = trigger.contains("correlationId");
  const int times = correlated && dice_.happens(faults_.command_doubled) ? 2 : 1;
  if (times == 2) tally_.note("doubled commands");
  for (int i = 0; i < times; ++i) {
    Server* server = any_server();
    if (server == nullptr) return repeat_start(config, trigger, tries_left);
    ServerProcess* process = server->process.get();
    pipelines::StartRequest request{.config = config, .trigger = trigger};
    request.user = "ann";
    auto starting = process->starter().start_pipeline(std::move(request));
    process->ask<std::string>(
        std::move(starting),
        [this, config, trigger, tries_left](const std::exception_ptr& failure, const std::string& id) {
          if (failure) {
            log(fmt::format("start refused: {}", text_of(failure)));
            return repeat_start(config, trigger, tries_left);
          }
          log(fmt::format("started {}", id));
          tally_.note("starts");
          laws_.started(id);
        });
  }
}

/// Who names the start can ask again and again; who does not, does not know whether it is safe.
void Simulation::repeat_start(const json::object& config, const json::object& trigger, int tries_left) {
  if (tries_left == 0 || !trigger.contains("correlationId")) return;
  calendar_.note(seconds(1 + people_.below(60)),
                 [this, config, trigger, tries_left] { start(config, trigger, tries_left - 1); });
}

void Simulation::start_task(json::object request) {
  Server* server = any_server();
  if (server == nullptr) return;
  ServerProcess* process = server->process.get();
  auto starting = process->starter().start_orchestration(std::move(request), "ann", "api");
  process->ask<std::string>(std::move(starting),
                            [this](const std::exception_ptr& failure, const std::string& id) {
                              if (failure) return log(fmt::format("task refused: {}", text_of(failure)));
                              log(fmt::format("started task {}", id));
                              tally_.note("starts");
                              laws_.started(id);
                            });
}

}  // namespace gennaker::simulation
