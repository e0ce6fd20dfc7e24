#pragma once

#include "simulation.h"

namespace gennaker::simulation {

/// Who works at the company: starts pipelines, and does to executions what the page lets people do.
class People {
 public:
  explicit People(Simulation& simulation) : simulation_(simulation), dice_(simulation.people()) {}

  /// Fills the working hours from now on.
  void work(std::chrono::milliseconds how_long);
  /// Somebody comes every half hour and answers what waits for people, until nothing is left to do.
  void tidy_up();

 private:
  void start_something();
  void do_something();
  void judge(const model::Execution& execution, const model::Stage& stage);
  void skip(const model::Execution& execution, const model::Stage& stage);
  void restart_something();
  void patch(const model::Execution& execution, const model::Stage& stage, json::object patch);
  void send(Command::Kind kind, const model::Execution& execution);
  std::string token() { return "person-" + std::to_string(++last_token_) + "-"; }

  Simulation& simulation_;
  Dice& dice_;
  int last_token_ = 0, last_correlation_ = 0;
};

}  // namespace gennaker::simulation
