#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runner/runner.h"

namespace gennaker::runner {

/// Commands that are stored until they are carried out: those for this server's executions, and those that
/// it gives for executions of others.
class Mailroom {
 public:
  /// false: the execution belongs to another server.
  using CarryOut = std::function<Async<bool>(store::Command)>;
  using OnSlot = std::function<void(const std::string& pipeline_config_id)>;
  /// `executor` runs on one thread, on which `carry_out` and `on_slot` are called.
  Mailroom(const RunnerParts& parts, base::asio::any_io_executor executor, CarryOut carry_out,
           OnSlot on_slot);

  // Threads: any.

  /// There may be mail.
  void look();
  /// Has the server do it that the execution belongs to. Throws base::Error: what that one refused with;
  /// `timeout`: it has not answered, and may still do it.
  Async<void> ask(std::string execution_id, engine::Event event);

 private:
  struct Waiting {
    Waiting(const base::Clock& clock, const base::asio::any_io_executor& executor)
        : news(executor, base::asio::steady_timer::time_point::max()), next_look(clock.timer(executor)) {}
    base::asio::steady_timer news;  ///< cancelled to end a wait
    std::unique_ptr<base::Timer> next_look;
    std::optional<store::Answer> answer;
  };

  Async<void> look_now();
  Async<void> take_commands();
  Async<void> take_answers();
  Async<void> deliver(store::Command command);
  Async<void> ask_here(std::string execution_id, engine::Event event);
  Async<void> send(store::Command command);
  Async<void> wait_for_answer(std::shared_ptr<Waiting> waiting);

  const RunnerParts& parts_;
  base::asio::any_io_executor executor_;
  CarryOut carry_out_;
  OnSlot on_slot_;
  // On the executor:
  bool looking_ = false, look_again_ = false;
  std::uint64_t asked_ = 0;
  /// Commands that were found; true: carried out. A look that began before that may find it open still.
  std::map<std::string, bool> found_;
  std::map<std::string, std::shared_ptr<Waiting>> asks_;  ///< by the command's id
};

}  // namespace gennaker::runner
