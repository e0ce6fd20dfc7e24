// Laws 1 to 7: nothing is ever lost, whatever breaks.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "base/logging.h"
#include "people.h"

namespace gennaker::simulation {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

/// A server to which everything happens has much to say.
void quiet() {
  if (std::getenv("GENNAKER_SIMULATION_LOG") == nullptr) base::log::set_level(base::log::level::off);
}

struct Result {
  std::optional<Broken> broken;
  Tally tally;
  double hours = 0;
  std::size_t executions = 0;
  std::uint64_t steps = 0;
  std::string log;
};

/// More than any sane pipeline takes when nothing goes wrong any more: waits of a day, judgments of three.
constexpr std::chrono::hours patience(24 * 60);

Result simulate(std::uint64_t seed, Variety variety = Variety::usual) {
  Simulation simulation(seed, variety);
  People people(simulation);
  const std::chrono::hours working(1 + simulation.people().below(47));
  people.work(working);
  const auto stopped = simulation.passed() + working;
  while (simulation.passed() < stopped && simulation.step()) {
  }
  simulation.calm();
  people.tidy_up();
  while (simulation.passed() < stopped + patience && simulation.step()) {
  }
  if (!simulation.broken()) simulation.end();
  Result result;
  result.broken = simulation.broken();
  result.tally = simulation.tally();
  result.hours = static_cast<double>(simulation.passed().count()) / 3.6e6;
  result.executions = simulation.book().all().size();
  result.steps = simulation.steps();
  result.log = simulation.log();
  return result;
}

/// Many seeds, on all cores; a simulation itself lives on one thread.
class Campaign {
 public:
  explicit Campaign(Variety variety = Variety::usual) : variety_(variety) {}

  void run(std::uint64_t first, std::uint64_t seeds) {
    next_ = first;
    end_ = first + seeds;
    std::vector<std::thread> threads(std::max(std::thread::hardware_concurrency(), 1U));
    for (std::thread& thread : threads) thread = std::thread([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    report(seeds);
  }

 private:
  /// After so many broken ones nothing new is learnt.
  static constexpr std::size_t enough = 50;

  void work() {
    for (std::uint64_t seed = next_++; seed < end_ && broken_ < enough; seed = next_++) {
      const Result one = simulate(seed, variety_);
      const std::lock_guard lock(mutex_);
      all_.tally.add(one.tally);
      all_.hours += one.hours;
      all_.executions += one.executions;
      all_.steps += one.steps;
      if (std::getenv("GENNAKER_SIMULATION_LOG") != nullptr) std::cout << one.log;
      if (one.broken) tell_of(seed, *one.broken);
    }
  }

  /// Of each law the first that is met.
  void tell_of(std::uint64_t seed, const Broken& broken) {
    ++broken_;
    if (!laws_.insert(broken.law).second) return;
    ADD_FAILURE() << "seed " << seed << " breaks the law " << broken.law << ":\n  " << broken.what
                  << "\n  replay: ./dev test simulation --seed " << seed;
  }

  void report(std::uint64_t seeds) const {
    if (broken_ > 0) std::cout << fmt::format("{} seeds break a law\n", broken_.load());
    std::cout << fmt::format("{} seeds, {:.0f} simulated hours, {} executions, {} steps\n", seeds, all_.hours,
                             all_.executions, all_.steps);
    for (const auto& [what, times] : all_.tally.counts())
      std::cout << fmt::format("  {:8} {}\n", times, what);
  }

  const Variety variety_;
  std::atomic<std::uint64_t> next_ = 0;
  std::uint64_t end_ = 0;
  std::atomic<std::size_t> broken_ = 0;
  std::mutex mutex_;  // guards what follows
  Result all_;
  std::set<std::string> laws_;
};

TEST(NothingIsLost, WhateverBreaks) {
  quiet();
  Campaign campaign;
  campaign.run(number_from("GENNAKER_SEED", 1), number_from("GENNAKER_SEEDS", 2'000));
}

TEST(NothingIsLost, WithAllStagesAndStrategies) {
  quiet();
  Campaign campaign(Variety::all);
  campaign.run(number_from("GENNAKER_SEED", 1), number_from("GENNAKER_SEEDS", 1'000));
}

TEST(NothingIsLost, TheSameSeedGivesTheSameLog) {
  quiet();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Result once = simulate(seed), again = simulate(seed);
    ASSERT_EQ(base::sha256_hex(once.log), base::sha256_hex(again.log)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gennaker::simulation
