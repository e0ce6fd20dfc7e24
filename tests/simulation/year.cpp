#include "year.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <ostream>
#include <sys/resource.h>
#include <thread>

namespace gennaker::simulation {
namespace {

constexpr int days_a_month = 30;

/// "1,460,000"
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3)
    text.insert(static_cast<std::size_t>(place), ",");
  return text;
}

std::uint64_t per_second(std::uint64_t count, std::chrono::duration<double> time) {
  return static_cast<std::uint64_t>(static_cast<double>(count) / std::max(time.count(), 1e-3));
}

std::uint64_t peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) / 1024;
}

/// What all threads have used of the processor: says more than the time where others use it too.
std::chrono::duration<double> processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return std::chrono::duration<double>(static_cast<double>(time.tv_sec) +
                                         static_cast<double>(time.tv_usec) / 1e6);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string line(std::string_view name, const std::string& what) {
  return fmt::format("  {:<13} {}\n", name, what);
}

}  // namespace

/// Whoever is free takes the next division; each is touched by one thread at a time.
template <class Work>
void Year::in_parallel(Work work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads(static_cast<std::size_t>(std::max(options_.jobs, 1)));
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (std::size_t i = next++; i < divisions_.size(); i = next++) work(divisions_[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void Year::run(std::ostream& progress) {
  std::vector<int> numbers;
  if (options_.only) {
    numbers = {*options_.only};
  } else {
    for (int number = 1; number <= options_.divisions; ++number) numbers.push_back(number);
  }
  divisions_.resize(numbers.size());
  in_parallel([&](std::unique_ptr<Division>& division) {
    const auto place = static_cast<std::size_t>(&division - divisions_.data());
    division = std::make_unique<Division>(options_.seed, numbers[place], options_.trouble);
  });
  const auto any_broken = [&] {
    return std::any_of(divisions_.begin(), divisions_.end(),
                       [](const auto& one) { return one->broken().has_value(); });
  };
  for (int day = 0; day < options_.days && !any_broken(); day += days_a_month) {
    const int days = std::min(days_a_month, options_.days - day);
    in_parallel([days](const std::unique_ptr<Division>& division) {
      for (int i = 0; i < days && !division->broken(); ++i) division->live_a_day();
    });
    tell_progress(progress, day / days_a_month + 1);
  }
  if (!any_broken()) in_parallel([](const std::unique_ptr<Division>& division) { division->come_to_rest(); });
  took_ = elapsed();
  figures_ = so_far();
  base::Sha256 all;
  for (std::size_t i = 0; i < divisions_.size(); ++i) {
    const auto& division = divisions_[i];
    troubles_.add(division->troubles());
    all.add(division->digest());
    if (division->broken() && !finding_) finding_ = Finding{*division->broken(), numbers[i], division->day()};
  }
  digest_ = all.hex().substr(0, 16);
}

Figures Year::so_far() const {
  Figures all;
  for (const auto& division : divisions_) all.add(division->figures());
  return all;
}

/// The rate is that of the month alone: it must not fall with what has been before.
void Year::tell_progress(std::ostream& progress, int month) {
  const std::uint64_t deployments = so_far().deployments();
  const auto used = processor_time();
  const std::uint64_t rate = per_second(deployments - told_deployments_, used - told_processor_time_);
  told_deployments_ = deployments;
  told_processor_time_ = used;
  progress << fmt::format("month {:2}: {:>9} deployments, {} a second of a core, {} MB\n", month,
                          grouped(deployments), grouped(rate), grouped(peak_megabytes()))
           << std::flush;
}

std::string Year::replay() const {
  std::string command = fmt::format("./dev simulate --year --seed {}", options_.seed);
  if (finding_) command += fmt::format(" --division {} --days {}", finding_->division, finding_->day);
  if (options_.trouble != 1) command += fmt::format(" --trouble {}", options_.trouble);
  return command;
}

std::string Year::summary() const {
  const Figures& all = figures_;
  const auto of = [&](Fate fate) { return grouped(all.by_fate.at(static_cast<std::size_t>(fate))); };
  const auto divisions = divisions_.size();
  const std::uint64_t applications = divisions * applications_a_division;
  std::string text =
      fmt::format("\n{} of a large user, seed {}\n",
                  options_.days == 365 ? "A year" : fmt::format("{} days", options_.days), options_.seed);
  text += line("company", fmt::format("{} divisions, {} applications, {} pipelines, {} accounts", divisions,
                                      applications, 2 * applications, 4 * divisions));
  text += line("deployments",
               fmt::format("{}: {} serve, {} went back, {} were refused, {} crashed, {} had no image",
                           grouped(all.deployments()), of(Fate::serves), of(Fate::goes_back),
                           of(Fate::is_refused), of(Fate::crashes), of(Fate::lacks_its_image)));
  text +=
      line("executions", fmt::format("{}, {} of them superseded, {} removed again", grouped(all.executions),
                                     grouped(all.superseded), grouped(all.removed)));
  text += line("work", fmt::format("{} stages, {} operations, {} steps", grouped(all.stages),
                                   grouped(all.operations), grouped(all.steps)));
  std::uint64_t crashes = 0, faults = 0;
  for (const auto& [what, times] : troubles_.counts()) {
    faults += times;
    if (what == "crashes of the server") crashes = times;
  }
  text += line("troubles",
               fmt::format("{} crashes of a server, {} others", grouped(crashes), grouped(faults - crashes)));
  const double simulated = 86'400.0 * options_.days;
  text +=
      line("time", fmt::format("{:.1f} s on {} threads: {} deployments/s, {} times as fast as it passes",
                               took_.count(), options_.jobs, grouped(per_second(all.deployments(), took_)),
                               grouped(static_cast<std::uint64_t>(simulated / took_.count()))));
  const auto used = processor_time();
  text += line("processor", fmt::format("{:.1f} s: {} deployments/s a core", used.count(),
                                        grouped(per_second(all.deployments(), used))));
  text += line("memory", fmt::format("{} MB at most", grouped(peak_megabytes())));
  text += line("digest", digest_);
  text += line("laws", finding_ ? "broken: " + finding_->broken.law : "all hold");
  return text;
}

}  // namespace gennaker::simulation
