#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "division.h"

namespace gennaker::simulation {

struct YearOptions {
  std::uint64_t seed = 1;
  int days = 365;
  int divisions = 40;            ///< 40 make 4,000 deployments a day
  std::optional<int> only = {};  ///< one division, from 1
  int jobs = 1;                  ///< threads; they change nothing but the time it takes
  double trouble = 1;            ///< how much more goes wrong than usual
};

/// A year of a large user, or as many days of it. Threads: all of its own; the caller's waits.
class Year {
 public:
  explicit Year(YearOptions options) : options_(options) {}

  /// A line a month to `progress`. Ends early when a law is broken.
  void run(std::ostream& progress);

  struct Finding {
    Broken broken;
    int division = 0, day = 0;  ///< from 1
  };
  const std::optional<Finding>& finding() const { return finding_; }
  /// The command that shows it again.
  std::string replay() const;
  const Figures& figures() const { return figures_; }
  const std::string& digest() const { return digest_; }
  /// What it was, for people.
  std::string summary() const;

 private:
  template <class Work>
  void in_parallel(Work work);
  void tell_progress(std::ostream& progress, int month);
  Figures so_far() const;
  std::chrono::duration<double> elapsed() const { return std::chrono::steady_clock::now() - began_; }

  const YearOptions options_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Division>> divisions_;
  Figures figures_;
  Tally troubles_;
  std::optional<Finding> finding_;
  std::string digest_;
  std::chrono::duration<double> took_{0}, told_processor_time_{0};
  std::uint64_t told_deployments_ = 0;
};

}  // namespace gennaker::simulation
