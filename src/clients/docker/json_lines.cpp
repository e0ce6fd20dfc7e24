#include "clients/docker/json_lines.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace gennaker::clients::docker {
namespace {

constexpr std::size_t longest_line_bytes = 4 * 1024 * 1024;

}  // namespace

std::vector<boost::json::object> JsonLines::feed(std::string_view bytes) {
  std::vector<boost::json::object> found;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    rest_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    for (auto& object : finish()) found.push_back(std::move(object));
  }
  rest_ += bytes;
  if (rest_.size() > longest_line_bytes) {
    throw base::Error(base::Kind::invalid, fmt::format("{}: a line of the answer is longer than {} bytes",
                                                       what_, longest_line_bytes));
  }
  return found;
}

std::vector<boost::json::object> JsonLines::finish() {
  const std::string line = std::exchange(rest_, {});
  std::vector<boost::json::object> found;
  if (!base::trimmed(line).empty()) found.push_back(base::parse_json_object(line, what_));
  return found;
}

}  // namespace gennaker::clients::docker
