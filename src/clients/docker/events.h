#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"

namespace gennaker::net {
class AnswerStream;
}

/// What happens in an engine.
/// Source: https://docs.docker.com/reference/api/engine/version/v1.44/#tag/System/operation/SystemEvents
namespace gennaker::clients::docker {

struct Event {
  std::string type;    ///< "container", "image", "volume", "network", ...
  std::string action;  ///< "start", "die", "health_status: healthy"; gone: Docker "destroy", Podman "remove"
  std::string id;
  /// A container's labels, `name`, `image`; with "die" also `exitCode`. Podman: also `containerExitCode`.
  std::map<std::string, std::string> attributes;
  base::TimePoint time{};
};

struct EventFilter {
  std::vector<std::string> types = {};        ///< "container", ...; empty: all
  std::vector<std::string> labels = {};       ///< "name" or "name=value", all of them
  std::optional<base::TimePoint> since = {};  ///< what happened from then on comes first; nullopt: only news
};

/// The events from the moment on at which Engine::events() returned. To miss nothing: take the time, open
/// the stream with `since` that time, then list what is there.
class EventStream {
 public:
  EventStream(std::unique_ptr<net::AnswerStream> answer, std::string what);
  EventStream(EventStream&&) noexcept;
  EventStream& operator=(EventStream&&) noexcept;
  ~EventStream();

  /// Waits for the next one. Throws base::Error `unavailable` when the stream has broken or the engine has
  /// ended it: then open another one, and list again. Can be cancelled.
  base::Async<Event> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gennaker::clients::docker
