#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/error.h"
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
  std::string header;          ///< model::append_header
};
struct StageRow {
  std::string execution_id;
  std::string id;
  std::int32_t ordinal = 0;
  std::string outline;  ///< model::append_outline
  std::string details;  ///< {"context":..,"outputs":..,"tasks":..}
};
ExecutionRow row_of(const model::Execution& execution);
StageRow row_of(const model::Execution& execution, const model::Stage& stage);

/// The right to change executions: of one server, from when it joined those that share a store until it is
/// counted as gone. 0: a store of one server, which always may.
using Lease = std::uint64_t;

/// What is wanted of an execution, kept until the server that it belongs to has carried it out: once,
/// whatever crashes.
struct Command {
  std::string id;
  std::string execution_id;
  std::string event;  ///< runner/command_json.h
  /// A pipeline configuration, of which the execution counts as one that runs until this is answered; or
  /// empty.
  std::string slot_of;
};
/// A command was carried out with the changes that this comes with.
struct Answer {
  std::string command_id;
  std::string refusal;  ///< a base::Error as JSON; empty: there is none
};
/// A name is held by one, so that something is decided once whoever decides.
struct Claim {
  std::string name;
  std::string expected;  ///< who must hold it; empty: nobody. That `holder` has it already is as good:
  std::string holder;    ///< a word that nobody else uses, since a commit may be given twice; empty: nobody
                         ///< holds it any more, and it is gone
  std::string execution_id = {};  ///< with which it goes; empty: it stays
};

/// The unit of durability: all of it or nothing.
struct Changes {
  /// By what right executions are changed or made: what Store::lease or lease_on gave. Executions that are
  /// new belong to it.
  Lease lease = 0;
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
  std::vector<Command> commands;  ///< new ones; one that is known already changes nothing
  std::vector<Answer> answers;
  std::vector<Claim> claims;  ///< all must fit, else nothing is written: ClaimTaken
  std::vector<FeedEntry> feed;
};

/// Nothing was written: the server whose lease it is counts as gone, and others may have its executions.
class LeaseLost final : public base::Error {
 public:
  LeaseLost()
      : base::Error(base::Kind::unavailable,
                    "this server was out of touch with the store for too long, and others go on with what it "
                    "did: try again") {}
};
/// Nothing was written: somebody else holds the name.
class ClaimTaken final : public base::Error {
 public:
  explicit ClaimTaken(std::string name)
      : base::Error(base::Kind::conflict, name + " is claimed by somebody else"), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// What a store tells the server that uses it, on a thread of the store: to be quick, and not to throw.
struct Watcher {
  /// There may be commands for executions of this server, or answers to commands that it gave.
  std::function<void()> mail;
  /// Others have gone. What they were at belongs to this server now, and is to be taken up; it may be
  /// nothing.
  std::function<void(std::vector<std::string> execution_ids)> inherited;
  /// The lease has run out: what was loaded under it is nobody's business here any more.
  std::function<void(Lease)> lost;
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
  /// all or nothing. Throws `conflict` when an expectation does not hold (ClaimTaken for a claim), LeaseLost,
  /// `invalid` for a stage of an execution that is not there. After any other `unavailable` the changes may
  /// or may not be there.
  virtual Async<void> commit(Changes changes) = 0;

  virtual Async<std::optional<model::Execution>> execution(std::string id) = 0;
  /// Newest first by build time, ties by id, unless the query says otherwise. `outline` reads no contexts.
  virtual Async<std::vector<model::Execution>> executions(ExecutionQuery query, model::Detail detail) = 0;
  /// Those of this server that are active: what a start has to take up again.
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

  /// Several servers may share a store. Each execution belongs to one of them, as long as that one is there.
  /// This server's present lease; 0 in a store of one server.
  virtual Lease lease() const { return 0; }
  /// The lease under which this server may change the execution, which becomes its own if it is of a server
  /// that has gone. nullopt: it belongs to another, who takes commands. One that is not there is anybody's.
  virtual Async<std::optional<Lease>> lease_on(std::string /*execution_id*/) { co_return Lease{0}; }
  /// One at a time; an empty one ends it: who watched is not told any more. A store of one server tells of
  /// mail alone.
  virtual void watch(Watcher watcher) = 0;

  /// Those for executions of this server that are not answered, oldest first.
  virtual Async<std::vector<Command>> commands() = 0;
  /// Of all servers: executions with a command that is not answered and has this `slot_of`.
  virtual Async<std::vector<std::string>> starting(std::string pipeline_config_id) = 0;
  /// Those of the commands that have been answered, not more than a minute ago.
  virtual Async<std::vector<Answer>> answers(std::vector<std::string> command_ids) = 0;
  /// Who holds the name; empty: nobody.
  virtual Async<std::string> holder(std::string name) = 0;
  /// All whose names begin with `prefix` (ASCII, not empty), by name; without `expected`.
  virtual Async<std::vector<Claim>> claims(std::string prefix) = 0;
  /// Asks nobody and waits for nothing. A store that cannot fail has nothing to say.
  virtual Pulse pulse() { return {}; }
};

}  // namespace gennaker::store
