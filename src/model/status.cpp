#include "model/status.h"

#include <array>
#include <string_view>

namespace gennaker::model {
namespace {

constexpr std::array<std::string_view, 12> names = {"NOT_STARTED", "RUNNING",         "PAUSED",   "SUSPENDED",
                                                    "SUCCEEDED",   "FAILED_CONTINUE", "TERMINAL", "CANCELED",
                                                    "REDIRECT",    "STOPPED",         "SKIPPED",  "BUFFERED"};

}  // namespace

std::string_view to_string(Status status) {
  return names[static_cast<std::size_t>(status)];
}

std::optional<Status> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Status>(i);
  }
  return std::nullopt;
}

bool is_complete(Status status) {
  return lets_downstream_start(status) || is_halt(status);
}

bool is_halt(Status status) {
  return status == Status::terminal || status == Status::canceled || status == Status::stopped;
}

bool lets_downstream_start(Status status) {
  return status == Status::succeeded || status == Status::failed_continue || status == Status::skipped;
}

bool is_failure(Status status) {
  return status == Status::terminal || status == Status::failed_continue || status == Status::stopped;
}

}  // namespace gennaker::model
