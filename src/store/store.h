#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "model/execution.h"
#include "model/execution_json.h"

/// What must survive. One door for SQLite and PostgreSQL; the same tests run against both.
namespace gennaker::store {

namespace json = boost::json;
using base::Async;
using base::TimePoint;

/// A configuration of any kind, with its history: (kind, id) names it, every write is a new version.
struct Document {
  std::string kind;  ///< "application", "pipeline", "notifications", ...
  std::string id;
  std::string scope;         ///< what it is listed under: the application's name, in lower case; may be empty
  std::int64_t version = 0;  ///< from 1; set by the store
  TimePoint updated_at{};
  std::string updated_by;
  bool removed = false;  ///< the last version of a document that was deleted; its body is empty
  json::object body;
};

/// One row of the feed: what a reader of changes sees. `body` is compact JSON.
struct FeedEntry {
  std::uint64_t sequence = 0;  ///< set by the store; grows, may have gaps
  TimePoint at{};
  std::string kind;         ///< "execution" or "document"
  std::string application;  ///< lower case; may be empty
  std::string subject;      ///< id of the execution or document
  std::string body;
};

/// Rows of an execution that changed. The store writes whole rows: texts are made by the caller, on its own
/// thread. What an execution is listed by (type, application, configuration, build time, correlation id) is
/// set by its first row and never changes.
struct ExecutionRow {
  std::string id;
  model::ExecutionType type{};
  std::string application;  ///< lower case
  std::string name;
  std::string pipeline_config_id;
  model::Status status{};
  /// Something is left to do: it is not complete, or a task still cleans up behind its end.
  bool active = true;
  TimePoint build_time{};
  std::optional<TimePoint> start_time, end_time;
  std::string correlation_id;  ///< of the trigger; may be empty
  std::string header;          ///< model::header_to_json
};
struct StageRow {
  std::string execution_id;
  std::string id;
  std::int32_t ordinal = 0;
  std::string outline;  ///< model::to_json(stage, outline)
  std::string details;  ///< {"context":..,"outputs":..,"tasks":..}
};
ExecutionRow row_of(const model::Execution& execution);
StageRow row_of(const model::Execution& execution, const model::Stage& stage);

/// The unit of durability: all of it or nothing.
struct Changes {
  std::vector<ExecutionRow> executions;
  std::vector<StageRow> stages;
  std::vector<std::string> removed_stages;      ///< stage ids
  std::vector<std::string> removed_executions;  ///< with their stages
  /// New versions. `removed` deletes, the history stays; to delete what is not there does nothing.
  std::vector<Document> documents;
  /// Documents that must still have this version (0: must not exist), else nothing is written: `conflict`.
  struct Expected {
    std::string kind, id;
    std::int64_t version;
  };
  std::vector<Expected> expected;
  std::vector<FeedEntry> feed;
};

struct ExecutionQuery {
  std::optional<model::ExecutionType> type;
  std::string application;                        ///< exact; empty: all
  std::vector<std::string> pipeline_config_ids;   ///< empty: all
  std::vector<model::Status> statuses;            ///< empty: all
  std::optional<TimePoint> built_from, built_to;  ///< inclusive
  std::string correlation_id;                     ///< exact; empty: all
  bool oldest_first = false;                      ///< by build time
  std::size_t offset = 0;
  std::size_t limit = 100;
};

/// How the writing goes, as far as is known without asking the database.
struct Pulse {
  std::chrono::milliseconds writing{0};  ///< for how long what is being written has been; 0: nothing is
  std::string failure;                   ///< why the last that was to be written is not; empty: it is
  std::chrono::milliseconds since_failure{0};
};

/// Threads: every function may be called from any executor and resumes on the caller's.
/// All throw base::Error `unavailable` when the database does not answer.
class Store {
 public:
  virtual ~Store() = default;

  /// Returns when it is on disk. Changes given at the same time share one write to the disk; each is still
  /// all or nothing. Throws `conflict` when an expectation does not hold, `invalid` for a stage of an
  /// execution that is not there. After `unavailable` the changes may or may not be there.
  virtual Async<void> commit(Changes changes) = 0;

  virtual Async<std::optional<model::Execution>> execution(std::string id) = 0;
  /// Newest first by build time, ties by id, unless the query says otherwise. `outline` reads no contexts.
  virtual Async<std::vector<model::Execution>> executions(ExecutionQuery query, model::Detail detail) = 0;
  /// Those that are active: what a start has to take up again.
  virtual Async<std::vector<std::string>> unfinished_executions() = 0;

  /// The current version; nullopt when there is none or it was deleted.
  virtual Async<std::optional<Document>> document(std::string kind, std::string id) = 0;
  /// Current versions, without the deleted, by id; of one scope or of all.
  virtual Async<std::vector<Document>> documents(std::string kind, std::optional<std::string> scope) = 0;
  /// Newest first, the current one included.
  virtual Async<std::vector<Document>> history(std::string kind, std::string id, std::size_t limit) = 0;

  /// Entries after `after`, oldest first, at most `limit`.
  virtual Async<std::vector<FeedEntry>> feed(std::uint64_t after, std::size_t limit) = 0;
  /// The numbers of the oldest and newest entries that can be read; {0, 0} when there are none.
  struct FeedRange {
    std::uint64_t oldest = 0, newest = 0;
  };
  virtual Async<FeedRange> feed_range() = 0;
  /// `listener` is called after every commit that wrote to the feed, with its entries, on a thread of the
  /// store: it must be quick and must not throw. Call before the first commit.
  virtual void on_feed(std::function<void(const std::vector<FeedEntry>&)> listener) = 0;

  /// Asks nobody and waits for nothing. A store that cannot fail has nothing to say.
  virtual Pulse pulse() { return {}; }
};

}  // namespace gennaker::store
