#include "clients/docker/logs.h"

#include <algorithm>
#include <deque>

#include "base/error.h"
#include "clients/docker/refusal.h"
#include "net/client.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

constexpr std::size_t header_bytes = 8;

/// The length, most significant byte first, in the last four bytes.
std::size_t length_in(std::string_view header) {
  std::size_t length = 0;
  for (const char c : header.substr(4)) length = length << 8 | static_cast<unsigned char>(c);
  return length;
}

/// 0, standard input, is used for output by some.
Output output_in(std::string_view header) {
  const bool padded = header.substr(1, 3) == std::string_view("\0\0\0", 3);
  if (!padded || header[0] < 0 || header[0] > 2) {
    throw Error(Kind::invalid, "the log does not come in frames of one output each");
  }
  return header[0] == 2 ? Output::standard_error : Output::standard_output;
}

}  // namespace

std::vector<LogPiece> LogFrames::feed(std::string_view bytes) {
  std::vector<LogPiece> pieces;
  while (!bytes.empty()) {
    if (left_ == 0) {
      const auto count = std::min(bytes.size(), header_bytes - header_.size());
      header_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (header_.size() < header_bytes) break;
      output_ = output_in(header_);
      left_ = length_in(header_);
      header_.clear();
      continue;
    }
    const auto count = std::min(bytes.size(), left_);
    pieces.push_back({.output = output_, .text = std::string(bytes.substr(0, count))});
    bytes.remove_prefix(count);
    left_ -= count;
  }
  return pieces;
}

struct LogStream::State {
  std::unique_ptr<net::AnswerStream> answer;
  Format format;
  std::string what;
  LogFrames frames;
  std::deque<LogPiece> pieces;
  bool ended = false;

  void take(std::string bytes) {
    if (bytes.empty()) {
      ended = true;
      if (!frames.complete()) throw Error(Kind::unavailable, "the log has broken off");
    } else if (format == Format::plain) {
      pieces.push_back({.text = std::move(bytes)});
    } else {
      for (auto& piece : frames.feed(bytes)) pieces.push_back(std::move(piece));
    }
  }
};

LogStream::LogStream(std::unique_ptr<net::AnswerStream> answer, Format format, std::string what)
    : state_(new State{.answer = std::move(answer), .format = format, .what = std::move(what)}) {}
LogStream::LogStream(LogStream&&) noexcept = default;
LogStream& LogStream::operator=(LogStream&&) noexcept = default;
LogStream::~LogStream() = default;

base::Async<std::optional<LogPiece>> LogStream::next() {
  try {
    while (state_->pieces.empty() && !state_->ended) {
      std::string bytes = co_await state_->answer->read();
      state_->take(std::move(bytes));
    }
  } catch (const Error& error) {
    throw with_context(state_->what, error);
  }
  if (state_->pieces.empty()) co_return std::nullopt;
  LogPiece piece = std::move(state_->pieces.front());
  state_->pieces.pop_front();
  co_return piece;
}

}  // namespace gennaker::clients::docker
