#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gennaker::model {

/// The states of executions, stages and tasks, in Spinnaker's words.
enum class Status : std::uint8_t {
  not_started,
  running,
  paused,
  suspended,
  succeeded,
  failed_continue,
  terminal,
  canceled,
  redirect,
  stopped,
  skipped,
  buffered,
};

/// Upper case, as in the API: "NOT_STARTED".
std::string_view to_string(Status status);
std::optional<Status> parse_status(std::string_view text);

/// Nothing changes it any more but a restart.
bool is_complete(Status status);
/// Complete, and nothing downstream may start.
bool is_halt(Status status);
/// Complete, and what is downstream may start: SUCCEEDED, FAILED_CONTINUE, SKIPPED.
bool lets_downstream_start(Status status);
/// TERMINAL, FAILED_CONTINUE or STOPPED: what a person calls failed.
bool is_failure(Status status);

}  // namespace gennaker::model
