#include "server/pipeline_tests.h"

#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/logging.h"
#include "rehearsal/pipeline_test_file.h"
#include "rehearsal/reports.h"
#include "server/builtins.h"

namespace gennaker::server {
namespace {

using rehearsal::PipelineTest;

[[noreturn]] void refuse(const std::string& why) {
  throw base::Error(base::Kind::invalid, why, {{"usage", true}});
}

/// All files are read before one is run: every mistake is told at once.
std::vector<PipelineTest> read_all(const std::vector<std::string>& paths) {
  std::vector<PipelineTest> tests;
  std::vector<std::string> mistakes;
  for (const std::string& path : paths) {
    for (const auto& file : rehearsal::test_files(path)) {
      try {
        std::vector<PipelineTest> more = rehearsal::read_test_file(file);
        std::move(more.begin(), more.end(), std::back_inserter(tests));
      } catch (const base::Error& error) {
        mistakes.emplace_back(error.what());
      }
    }
  }
  if (!mistakes.empty()) refuse(fmt::format("{}", fmt::join(mistakes, "\n")));
  return tests;
}

void write_report(std::ostream& out, const rehearsal::RunReport& report, const cli::TestOptions& options) {
  if (options.format == "junit") return rehearsal::write_junit(out, report);
  if (options.format == "tap") return rehearsal::write_tap(out, report);
  rehearsal::write_text(out, report, options.colours ? rehearsal::Colours::yes : rehearsal::Colours::no);
}

std::chrono::nanoseconds monotonic() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

int test_pipelines(const cli::TestOptions& options) {
  base::log::set_level(base::log::level::off);  // what fails is in the report
  std::vector<PipelineTest> tests = read_all(options.paths);
  std::erase_if(
      tests, [&](const PipelineTest& test) { return test.name.find(options.filter) == std::string::npos; });
  if (tests.empty()) refuse(fmt::format("no test's name contains '{}'", options.filter));
  std::ofstream file;
  if (!options.file.empty()) {
    file.open(options.file);
    if (!file) refuse(fmt::format("{} cannot be written", options.file));
  }
  static const Options usual;
  const auto add_stages = [](runner::Catalogs& catalogs, const pipelines::StageParts& parts) {
    add_builtin_stages(catalogs, parts, usual);
  };
  rehearsal::RunReport report;
  const auto begin = monotonic();
  report.results = rehearsal::run_tests(tests, add_stages, options.jobs, monotonic);
  report.real_time = monotonic() - begin;
  write_report(options.file.empty() ? std::cout : file, report, options);
  if (!options.file.empty() && !file.flush()) refuse(fmt::format("{} cannot be written", options.file));
  return report.failed() == 0 ? cli::done : cli::failed;
}

}  // namespace gennaker::server
