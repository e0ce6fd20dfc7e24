// simulated_year: a year of a large user, and what it took. ./dev simulate --year

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <thread>

#include "base/logging.h"
#include "year.h"

int main(int argc, char** argv) {
  using namespace gennaker;
  simulation::YearOptions options;
  options.jobs = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  CLI::App app("A year of a large user: a company of divisions, each with a server of its own");
  app.add_option("--days", options.days, "Instead of 365")->check(CLI::Range(1, 36'500));
  app.add_option("--seed", options.seed, "The same seed gives the same year");
  app.add_option("--divisions", options.divisions, "Of 10 applications; 40 make 4,000 deployments a day")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--division", options.only, "Only this one, from 1");
  app.add_option("--jobs", options.jobs, "Threads")->check(CLI::Range(1, 256));
  app.add_option("--trouble", options.trouble, "How much more goes wrong than usual")
      ->check(CLI::Range(0.0, 1000.0));
  CLI11_PARSE(app, argc, argv);
  base::log::set_level(base::log::level::off);  // a server to which everything happens has much to say
  simulation::Year year(options);
  year.run(std::cout);
  std::cout << year.summary();
  if (!year.finding()) return 0;
  const auto& finding = *year.finding();
  std::cout << "\nDivision " << finding.division << ", day " << finding.day << " breaks the law "
            << finding.broken.law << ":\n  " << finding.broken.what << "\n  replay: " << year.replay()
            << "\n";
  return 1;
}
