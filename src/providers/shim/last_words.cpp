#include "providers/shim/last_words.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace gennaker::providers {
namespace {

constexpr std::size_t longest_tail = 2000, longest_text = 200;

/// Behind an escape character: "[31m" and the like.
std::size_t length_of_sequence(std::string_view text) {
  if (text.empty() || text[0] != '[') return 0;
  const auto end = text.find_first_not_of("0123456789;?", 1);
  return end == std::string_view::npos ? text.size() : end + 1;
}

std::string cleaned(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size() && text.size() < longest_text;) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte == 0x1b) {
      i += 1 + length_of_sequence(line.substr(i + 1));
    } else if (byte < 0x20 || byte == 0x7f) {
      if (byte == '\t') text += ' ';
      ++i;
    } else {
      const std::size_t length = base::length_of_character(line.substr(i));
      text += length == 0 ? base::replacement_character : line.substr(i, length);
      i += std::max<std::size_t>(length, 1);
    }
  }
  return std::string(base::trimmed(text));
}

}  // namespace

void LastWords::append(std::string_view bytes) {
  if (bytes.size() > longest_tail) bytes.remove_prefix(bytes.size() - longest_tail);
  tail_.append(bytes);
  if (tail_.size() > 2 * longest_tail) tail_.erase(0, tail_.size() - longest_tail);
}

std::string LastWords::text() const {
  std::string_view rest = tail_;
  while (!rest.empty()) {
    const auto line = rest.rfind('\n');
    std::string text = cleaned(line == std::string_view::npos ? rest : rest.substr(line + 1));
    if (!text.empty() || line == std::string_view::npos) return text;
    rest = rest.substr(0, line);
  }
  return "";
}

}  // namespace gennaker::providers
