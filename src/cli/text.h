#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/status.h"

/// How values look on a terminal.
namespace gennaker::cli {

enum class Colour { none, bold, dim, red, green, yellow, blue, cyan };

/// `text` in that colour, or as it is when `on` is false.
std::string paint(std::string_view text, Colour colour, bool on);
Colour colour_of(model::Status status);

/// Columns that it takes, for text without control characters; wide East Asian letters and emoji take two.
std::size_t width_of(std::string_view text);
/// Cut to at most `width` columns, with "…" ("..." without UTF-8) in place of what was lost.
std::string fit(std::string_view text, std::size_t width, bool utf8);
/// Control characters (a server's answer may hold any) become spaces.
std::string printable(std::string_view text);

/// "4.2s" below 10 s, "42s", "3m 05s", "2h 03m".
std::string duration_text(std::chrono::milliseconds duration);
/// Local time, "2026-11-23 22:17:05"; "-" for nullopt.
std::string time_text(std::optional<base::TimePoint> time);
/// "waitForUpInstances" and "wait_for_up_instances": "wait for up instances".
std::string words(std::string_view name);

/// Columns aligned left, two spaces between, the head in capitals; nothing is cut.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : head_(std::move(head)) {}
  void add(std::vector<std::string> row) { rows_.push_back({std::move(row), {}}); }
  /// One cell of the row in a colour.
  void add(std::vector<std::string> row, std::size_t painted_column, Colour colour);
  bool empty() const { return rows_.empty(); }
  std::string text(bool colours) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::optional<std::pair<std::size_t, Colour>> painted;
  };
  std::vector<std::string> head_;
  std::vector<Row> rows_;
};

}  // namespace gennaker::cli
