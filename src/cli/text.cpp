#include "cli/text.h"

#include <ctime>
#include <fmt/format.h>

namespace gennaker::cli {
namespace {

/// One character of UTF-8 from `at`; a byte that is none counts as one character.
struct Letter {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

Letter letter_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(at);
  const std::size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (size == 1 || at + size > text.size()) return {first, 1};
  std::uint32_t code = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(at + i) & 0x3Fu);
  return {code, size};
}

/// The blocks that terminals draw two columns wide, roughly. Source: Unicode's EastAsianWidth, W and F.
std::size_t columns(std::uint32_t code) {
  if ((code >= 0x300 && code <= 0x36F) || code == 0x200B || code == 0x200D ||
      (code >= 0xFE00 && code <= 0xFE0F)) {
    return 0;
  }
  const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                    (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                    (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                    (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
  return wide ? 2 : 1;
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::bold:
      return "\x1b[1m";
    case Colour::dim:
      return "\x1b[2m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::blue:
      return "\x1b[34m";
    case Colour::cyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string paint(std::string_view text, Colour colour, bool on) {
  if (!on || colour == Colour::none || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(colour), text);
}

Colour colour_of(model::Status status) {
  using model::Status;
  switch (status) {
    case Status::succeeded:
      return Colour::green;
    case Status::running:
      return Colour::cyan;
    case Status::terminal:
    case Status::stopped:
      return Colour::red;
    case Status::failed_continue:
    case Status::canceled:
    case Status::paused:
    case Status::suspended:
      return Colour::yellow;
    default:
      return Colour::dim;
  }
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto letter = letter_at(text, i);
    width += columns(letter.code);
    i += letter.bytes;
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width, bool utf8) {
  if (width_of(text) <= width) return std::string(text);
  const std::string_view mark = utf8 ? "…" : "...";
  const std::size_t mark_width = utf8 ? 1 : 3;
  if (width < mark_width) return std::string(width, '.');
  std::size_t used = 0, i = 0;
  while (i < text.size()) {
    const auto letter = letter_at(text, i);
    if (used + columns(letter.code) > width - mark_width) break;
    used += columns(letter.code);
    i += letter.bytes;
  }
  return std::string(text.substr(0, i)).append(mark);
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return result;
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto ms = std::max<std::int64_t>(duration.count(), 0);
  const auto seconds = ms / 1000;
  if (seconds < 10) return fmt::format("{}.{}s", seconds, ms % 1000 / 100);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h {:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string time_text(std::optional<base::TimePoint> time) {
  if (!time) return "-";
  const std::time_t seconds = base::to_millis(*time) / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

std::string words(std::string_view name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_' || c == '-') {
      text += ' ';
      continue;
    }
    const bool starts_word = upper(c) && i > 0 && !upper(name[i - 1]);
    if (starts_word && !text.ends_with(' ')) text += ' ';
    const bool abbreviation =
        upper(c) && ((i > 0 && upper(name[i - 1])) || (i + 1 < name.size() && upper(name[i + 1])));
    text += upper(c) && !abbreviation ? static_cast<char>(c + 32) : c;
  }
  return text;
}

void Table::add(std::vector<std::string> row, std::size_t painted_column, Colour colour) {
  rows_.push_back({std::move(row), std::pair(painted_column, colour)});
}

std::string Table::text(bool colours) const {
  std::vector<std::size_t> widths;
  for (const auto& title : head_) widths.push_back(width_of(title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(printable(row.cells[i])));
    }
  }
  std::string out;
  const auto add_cell = [&](const std::string& cell, std::size_t column, Colour colour) {
    const auto clean = printable(cell);
    out += paint(clean, colour, colours);
    if (column + 1 < widths.size()) out.append(widths[column] - width_of(clean) + 2, ' ');
  };
  for (std::size_t i = 0; i < head_.size(); ++i) add_cell(head_[i], i, Colour::bold);
  out += '\n';
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      add_cell(row.cells[i], i, row.painted && row.painted->first == i ? row.painted->second : Colour::none);
    }
    out += '\n';
  }
  return out;
}

}  // namespace gennaker::cli
