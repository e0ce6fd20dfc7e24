#include "net/sse.h"

#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

constexpr std::size_t event_limit_bytes = 16 * 1024 * 1024;

/// Calls `take` for each line of `text`, whichever way the lines end.
template <class Take>
void each_line(std::string_view text, Take take) {
  for (std::size_t begin = 0;;) {
    const auto end = text.find_first_of("\r\n", begin);
    take(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return;
    begin = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }
}

}  // namespace

std::string sse_event(std::string_view event, std::optional<std::string_view> id, std::string_view data) {
  std::string out;
  out.reserve(data.size() + event.size() + 40);
  out.append("event: ").append(event).append("\n");
  if (id) out.append("id: ").append(*id).append("\n");
  each_line(data, [&out](std::string_view line) { out.append("data: ").append(line).append("\n"); });
  out += '\n';
  return out;
}

std::string sse_comment(std::string_view text) {
  std::string out;
  each_line(text, [&out](std::string_view line) { out.append(": ").append(line).append("\n"); });
  out += '\n';
  return out;
}

std::vector<SseEvent> SseReader::feed(std::string_view bytes) {
  std::vector<SseEvent> done;
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    const auto end = bytes.find_first_of("\r\n");
    if (line_.size() + data_.size() + std::min(end, bytes.size()) > event_limit_bytes) {
      throw base::Error(
          base::Kind::invalid,
          fmt::format("the event stream sent an event of more than {} bytes", event_limit_bytes));
    }
    if (end == std::string_view::npos) {
      line_ += bytes;
      break;
    }
    if (line_.empty()) {
      take_line(bytes.substr(0, end), done);
    } else {
      line_ += bytes.substr(0, end);
      take_line(line_, done);
      line_.clear();
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
  }
  return done;
}

void SseReader::take_line(std::string_view line, std::vector<SseEvent>& done) {
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) {
    if (has_data_) done.push_back({event_.empty() ? "message" : event_, last_id_, std::move(data_)});
    event_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = std::min(line.find(':'), line.size());
  const auto field = line.substr(0, colon);
  auto value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    event_ = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    last_id_ = value;
  }
}

}  // namespace gennaker::net
