#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/random.h"

/// What goes wrong, how often, and how often it did.
namespace gennaker::simulation {

/// Chances, from 0 to 1.
struct Faults {
  double crash = 0;  ///< of the server process, at each step
  double store_slow = 0, store_fails_before = 0, store_fails_after = 0, store_read_fails = 0;
  double cloud_slow = 0, cloud_fails = 0, cloud_half_done = 0, cloud_answer_lost = 0, cloud_doubled = 0;
  double cloud_read_fails = 0;
  double web_slow = 0, web_unreachable = 0, web_answer_lost = 0, web_error = 0;
  double clock_forwards = 0, clock_backwards = 0;  ///< whenever time passes
  double command_doubled = 0;
  double freeze = 0, cut_off = 0;  ///< of a server that shares the store, whenever time passes
};

/// How often something happened, by a word for it.
class Tally {
 public:
  void note(std::string_view what, std::uint64_t times = 1) {
    const auto found = counts_.find(what);
    if (found == counts_.end()) {
      counts_.emplace(what, times);
    } else {
      found->second += times;
    }
  }
  void add(const Tally& other) {
    for (const auto& [what, times] : other.counts_) note(what, times);
  }
  const std::map<std::string, std::uint64_t, std::less<>>& counts() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

/// Everything that is drawn comes from here.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t next() { return random_.next(); }
  int below(int end) { return static_cast<int>(random_.next() % static_cast<std::uint64_t>(end)); }
  bool happens(double chance) {
    return chance > 0 && static_cast<double>(random_.next() % 1'000'000) < chance * 1e6;
  }

 private:
  base::SeededRandom random_;
};

}  // namespace gennaker::simulation
