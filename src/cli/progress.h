#pragma once

#include <string>
#include <vector>

#include "model/execution.h"

/// What a person sees of a running execution. Pure: the same input gives the same text.
namespace gennaker::cli {

/// One stage of the pipeline with all that hangs on it.
struct StageLine {
  std::string name;
  model::Status status = model::Status::not_started;
  std::optional<base::TimePoint> start_time, end_time;
  /// The current step and what it waits for; of a failed stage, why.
  std::string detail;
};

/// The top-level stages, in order.
std::vector<StageLine> stage_lines(const model::Execution& execution);

struct ProgressStyle {
  int width = 80, height = 24;
  bool colours = false, utf8 = true;
  std::size_t frame = 0;  ///< turns the spinner
  std::string url;        ///< of the page
  std::string notice;     ///< shown below: "the server does not answer ..."
};

/// A block of lines, each shorter than the width, together fewer than the height, ready to be drawn over the
/// last one. Each line ends in '\n'.
std::string progress_block(const model::Execution& execution, base::TimePoint now,
                           const ProgressStyle& style);

/// For a log: one line for each stage (and the execution) whose status is not that of `before`, with the
/// seconds since the start. `before` may be nullptr.
std::vector<std::string> transitions(const model::Execution* before, const model::Execution& after,
                                     base::TimePoint now);

/// "<stage>: <why>" for each stage that failed; the block has room for the beginning only.
std::vector<std::string> failures(const model::Execution& execution);

/// Time since the start, or from start to end.
std::chrono::milliseconds elapsed(const model::Execution& execution, base::TimePoint now);

}  // namespace gennaker::cli
