#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/status.h"

namespace gennaker::model {

namespace json = boost::json;
using base::TimePoint;

/// One step of a stage. Tasks of one stage run strictly one after another.
struct Task {
  std::string id;  ///< position within the stage, from "1"
  std::string name;
  std::string implementation;  ///< which runner::Task does it; the API's `implementingClass`
  Status status = Status::not_started;
  std::optional<TimePoint> start_time, end_time;
  bool loop_start = false, loop_end = false;
  json::object exception_details;  ///< `taskExceptionDetails`; empty if none
};

/// Where a synthetic stage hangs on its parent.
enum class Owner : std::uint8_t { before, after };

struct Stage {
  std::string id;
  std::string ref_id;  ///< of a synthetic: parent's + "<" or ">" + number
  std::string type;
  std::string name;
  Status status = Status::not_started;
  std::optional<TimePoint> start_time, end_time, start_time_expiry, scheduled_time;
  json::object context;  ///< the stage's fields and what its tasks added
  json::object outputs;  ///< what downstream stages see
  std::vector<Task> tasks;
  std::optional<Owner> owner;
  std::string parent_id;                ///< empty: top-level
  std::vector<std::string> requisites;  ///< ref ids; of a synthetic, among siblings of the same owner
  json::object last_modified;           ///< `{user, allowedAccounts, lastModifiedTime}`; empty if none
  /// Orders siblings: the position in the configuration, or the number in a synthetic's ref id.
  std::int32_t ordinal = 0;

  bool synthetic() const { return owner.has_value(); }
};

enum class ExecutionType : std::uint8_t { pipeline, orchestration };

/// One run of a pipeline, or an ad-hoc task. The stages are in display order: a synthetic stands directly
/// before or behind its parent.
struct Execution {
  ExecutionType type = ExecutionType::pipeline;
  std::string id;
  std::string root_id;
  std::string application;
  std::string name;         ///< of a pipeline
  std::string description;  ///< of an orchestration
  std::string pipeline_config_id;
  TimePoint build_time{};
  std::optional<TimePoint> start_time, end_time, start_time_expiry;
  Status status = Status::not_started;
  bool canceled = false;  ///< asked for; the status follows when the running tasks have seen it
  std::string canceled_by, cancellation_reason;
  bool limit_concurrent = false;
  bool keep_waiting_pipelines = false;
  std::int32_t max_concurrent_executions = 0;  ///< 0: no limit
  json::object paused;                         ///< empty: never paused
  json::object trigger;
  json::object authentication;
  std::string origin = "unknown";
  /// What else the API shows and nothing of ours reads: notifications, initialConfig, source, ...
  json::object extra;
  std::vector<Stage> stages;
  /// What started it, as it was when this was loaded. Not stored, and joined in only where an expression asks
  /// for `trigger.parentExecution`.
  std::shared_ptr<const Execution> parent;

  Stage* find_stage(std::string_view stage_id);
  const Stage* find_stage(std::string_view stage_id) const;
  /// The first with this ref id.
  const Stage* find_by_ref(std::string_view ref_id) const;
};

/// Puts every synthetic stage next to its parent; ties by ordinal. Stable in itself: needed once after
/// loading.
void sort_for_display(std::vector<Stage>& stages);

}  // namespace gennaker::model
