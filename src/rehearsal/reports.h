#pragma once

#include <iosfwd>
#include <vector>

#include "rehearsal/test_run.h"

/// The results of a run of tests, for people and for machines.
namespace gennaker::rehearsal {

struct RunReport {
  std::vector<TestResult> results;
  std::chrono::nanoseconds real_time{0};

  std::size_t failed() const;
};

enum class Colours { no, yes };
/// A line a file, what differs, and "12 passed, 1 failed (0.08 s, 3d 4h of virtual time)".
void write_text(std::ostream& out, const RunReport& report, Colours colours);
/// A test suite a file. Source: https://github.com/testmoapp/junitxml
void write_junit(std::ostream& out, const RunReport& report);
/// Version 14. Source: https://testanything.org/tap-version-14-specification.html
void write_tap(std::ostream& out, const RunReport& report);

}  // namespace gennaker::rehearsal
