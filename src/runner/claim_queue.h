#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace gennaker::runner {

/// A stage, from one start of it to its end.
struct StageRun {
  std::string execution_id, stage_id;
  base::TimePoint since{};

  /// "execution/stage/milliseconds".
  std::string text() const;
  bool same_stage(const StageRun& other) const {
    return execution_id == other.execution_id && stage_id == other.stage_id;
  }
  bool operator==(const StageRun&) const = default;
};

/// Who holds a name and who comes after it, as one text: a line each, the holder first. A pure value.
struct ClaimQueue {
  /// Longer queues are not kept: who comes later takes the name as chance has it.
  static constexpr std::size_t most_waiting = 500;

  std::optional<StageRun> holder;  ///< its line is empty if nobody has it
  std::vector<StageRun> waiting;   ///< in the order of coming

  static ClaimQueue parse(std::string_view text);
  std::string text() const;

  bool is_waiting(const StageRun& run) const;
  /// At the end; an earlier run of the same stage goes.
  void wait(const StageRun& run);
  /// Becomes the holder; who came before has ended or lost its turn.
  void take(const StageRun& run);
};

}  // namespace gennaker::runner
