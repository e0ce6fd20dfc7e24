#include "rehearsal/reports.h"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>

#include "base/json.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Of long times the seconds do not matter.
std::string virtual_time(const RunReport& report) {
  milliseconds all{0};
  for (const TestResult& result : report.results) all += result.virtual_time;
  if (all >= std::chrono::hours(24)) return to_text(std::chrono::floor<std::chrono::hours>(all));
  if (all >= std::chrono::hours(1)) return to_text(std::chrono::floor<std::chrono::minutes>(all));
  return to_text(all);
}

std::string difference_text(const Difference& difference) {
  std::string text = fmt::format("{}: {}\n", to_string(difference.place), difference.what);
  if (difference.expected.empty() && difference.actual.empty()) return text;
  return text + fmt::format("  expected: {}\n  actual:   {}\n", difference.expected, difference.actual);
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += fmt::format("{}{}\n", by, text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// Calls `each` with the results of one file after another.
template <class Each>
void by_file(const RunReport& report, const Each& each) {
  auto begin = report.results.begin();
  while (begin != report.results.end()) {
    const auto end = std::find_if(begin, report.results.end(), [&](const TestResult& result) {
      return result.place.file != begin->place.file;
    });
    each(std::vector<TestResult>(begin, end));
    begin = end;
  }
}

std::size_t failed_of(const std::vector<TestResult>& results) {
  return static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                                [](const TestResult& result) { return !result.passed(); }));
}

class Painter {
 public:
  explicit Painter(Colours colours) : on_(colours == Colours::yes) {}
  std::string good(const std::string& text) const { return painted("32", text); }
  std::string bad(const std::string& text) const { return painted("31", text); }

 private:
  std::string painted(std::string_view code, const std::string& text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool on_;
};

/// XML 1.0 has no place for control characters, however they are written.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string all_differences(const TestResult& result) {
  std::string text;
  for (const Difference& difference : result.differences) text += difference_text(difference);
  return text;
}

/// A TAP description ends at '#', and a line at its end.
std::string tap(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::size_t RunReport::failed() const {
  return failed_of(results);
}

void write_text(std::ostream& out, const RunReport& report, Colours colours) {
  const Painter painter(colours);
  by_file(report, [&](const std::vector<TestResult>& results) {
    const std::size_t failed = failed_of(results), passed = results.size() - failed;
    out << fmt::format("{} {}: {} passed{}\n", failed == 0 ? painter.good("ok    ") : painter.bad("failed"),
                       results.front().place.file, passed,
                       failed == 0 ? "" : fmt::format(", {} failed", failed));
    for (const TestResult& result : results) {
      if (result.passed()) continue;
      out << "\n  " << painter.bad(result.name) << '\n' << indented(all_differences(result), "    ") << '\n';
    }
  });
  const std::size_t failed = report.failed(), passed = report.results.size() - failed;
  const std::string counts = fmt::format("{} passed, {} failed", passed, failed);
  out << (failed == 0 ? painter.good(counts) : painter.bad(counts))
      << fmt::format(" ({:.2f} s, {} of virtual time)\n", seconds(report.real_time), virtual_time(report));
}

void write_junit(std::ostream& out, const RunReport& report) {
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      << fmt::format("<testsuites name=\"gennaker test\" tests=\"{}\" failures=\"{}\" time=\"{:.3f}\">\n",
                     report.results.size(), report.failed(), seconds(report.real_time));
  by_file(report, [&](const std::vector<TestResult>& results) {
    double time = 0;
    for (const TestResult& result : results) time += seconds(result.real_time);
    const std::string file = xml(results.front().place.file);
    out << fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.3f}\">\n", file,
        results.size(), failed_of(results), time);
    for (const TestResult& result : results) {
      out << fmt::format("    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.3f}\"",
                         xml(result.name), file, file, result.place.line, seconds(result.real_time));
      if (result.passed()) {
        out << "/>\n";
        continue;
      }
      const Difference& first = result.differences.front();
      out << fmt::format(
          ">\n      <failure message=\"{}\" type=\"difference\">{}</failure>\n    </testcase>\n",
          xml(fmt::format("{}: {}", to_string(first.place), first.what)), xml(all_differences(result)));
    }
    out << "  </testsuite>\n";
  });
  out << "</testsuites>\n";
}

void write_tap(std::ostream& out, const RunReport& report) {
  out << fmt::format("TAP version 14\n1..{}\n", report.results.size());
  for (std::size_t i = 0; i < report.results.size(); ++i) {
    const TestResult& result = report.results[i];
    out << fmt::format("{} {} - {}: {}\n", result.passed() ? "ok" : "not ok", i + 1, tap(result.place.file),
                       tap(result.name));
    if (result.passed()) continue;
    out << "  ---\n  at: " << base::to_text(json::value(to_string(result.place))) << "\n  message: |\n"
        << indented(all_differences(result), "    ") << "  ...\n";
  }
}

}  // namespace gennaker::rehearsal
