#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Server-sent events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
namespace gennaker::net {

struct SseEvent {
  std::string event = "message";
  std::string id;  ///< the last one that the stream named, as the standard wants it
  std::string data;
};

/// One event as bytes. `event` and `id` must be single lines; `data` may have several.
std::string sse_event(std::string_view event, std::optional<std::string_view> id, std::string_view data);
/// A comment: keeps proxies from closing a silent stream, and readers ignore it.
std::string sse_comment(std::string_view text);

/// Makes events of bytes as they arrive, cut anywhere.
class SseReader {
 public:
  /// The events that `bytes` completes. Throws base::Error `invalid` for an event over 16 MiB.
  std::vector<SseEvent> feed(std::string_view bytes);
  /// What to send as Last-Event-ID after a break; empty: none seen.
  const std::string& last_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& done);

  std::string line_;  ///< the unfinished one
  std::string event_, data_, last_id_;
  bool has_data_ = false;
  bool after_cr_ = false;  ///< a '\n' that follows belongs to the line before
  bool first_line_ = true;
};

}  // namespace gennaker::net
