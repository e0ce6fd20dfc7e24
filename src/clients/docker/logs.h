#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"

namespace gennaker::net {
class AnswerStream;
}

/// What a container has written. Each output is in order; which of the two was first is not always known.
/// Source:
/// https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Container/operation/ContainerAttach
namespace gennaker::clients::docker {

struct LogOptions {
  bool standard_output = true, standard_error = true;  ///< at least one
  std::optional<int> tail = {};                        ///< the last lines; nullopt: all
  std::optional<base::TimePoint> since = {};
  bool timestamps = false;  ///< each line begins with one, and a space
  bool follow = false;      ///< what is still to come too, until the container ends
};

enum class Output { standard_output, standard_error };

struct LogPiece {
  Output output = Output::standard_output;
  std::string text;  ///< cut anywhere, not at lines

  bool operator==(const LogPiece&) const = default;
};

/// Takes the two outputs apart: each piece comes in a frame with a header of eight bytes. Cut anywhere.
class LogFrames {
 public:
  /// Throws base::Error `invalid` for bytes that are no frames.
  std::vector<LogPiece> feed(std::string_view bytes);
  /// Whether the last frame is complete.
  bool complete() const { return header_.empty() && left_ == 0; }

 private:
  std::string header_;  ///< what has come of it
  Output output_ = Output::standard_output;
  std::size_t left_ = 0;  ///< of the frame's text
};

class LogStream {
 public:
  enum class Format { framed, plain };
  LogStream(std::unique_ptr<net::AnswerStream> answer, Format format, std::string what);
  LogStream(LogStream&&) noexcept;
  LogStream& operator=(LogStream&&) noexcept;
  ~LogStream();

  /// As it comes; nullopt: the end. A slow reader slows down the engine. Throws base::Error `unavailable`
  /// when the stream breaks. Can be cancelled.
  base::Async<std::optional<LogPiece>> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gennaker::clients::docker
