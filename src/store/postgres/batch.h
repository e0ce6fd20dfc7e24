#pragma once

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "store/postgres/connection.h"
#include "store/store.h"

/// Several requests as few statements: one a table, whatever their number.
namespace gennaker::store::postgres {

/// The newest versions of the documents that a batch speaks of. Right as long as document_lock is held.
class DocumentVersions {
 public:
  void mention(const Changes& changes);
  bool empty() const { return versions_.empty(); }
  /// Asks the database for all of them, and takes its answer.
  Statement look_up() const;
  void take(const Result& found);

  /// Throws base::Error `conflict`.
  void check(const Changes::Expected& expected) const;
  /// The version that `document` is written as; 0: there is nothing to remove.
  std::int64_t count(const Document& document);

 private:
  struct Newest {
    std::int64_t version = 0;  ///< 0: there has never been one
    bool removed = true;
  };
  std::map<std::pair<std::string, std::string>, Newest> versions_;
};

/// Who holds the names that a batch claims. Right as long as document_lock is held.
class ClaimHolders {
 public:
  void mention(const Changes& changes);
  bool empty() const { return holders_.empty(); }
  Statement look_up() const;
  void take(const Result& found);

  /// Throws ClaimTaken.
  void check(const Claim& claim) const;
  void give(const Claim& claim) { holders_[claim.name] = claim.holder; }

 private:
  std::map<std::string, std::string> holders_;
};

/// What only one server at a time may decide on.
struct Decisions {
  DocumentVersions versions;
  ClaimHolders holders;
  bool empty() const { return versions.empty() && holders.empty(); }
};

/// What requests write, but for their news. Of rows with the same key the last one counts. Refers to what was
/// added: that must outlive it.
class Batch {
 public:
  /// All or nothing: throws base::Error `conflict` and has added nothing when an expectation does not hold.
  void add(const Changes& changes, Decisions& decisions);
  std::vector<Statement> statements() const;

 private:
  struct Version {
    const Document* document;
    std::int64_t number;
  };
  void add_executions(std::vector<Statement>& to) const;
  void add_stages(std::vector<Statement>& to) const;
  void add_documents(std::vector<Statement>& to) const;
  void add_commands(std::vector<Statement>& to) const;
  void add_answers(std::vector<Statement>& to) const;
  void add_claims(std::vector<Statement>& to) const;

  struct OwnedRow {
    const ExecutionRow* row;
    Lease owner;
  };
  // By key: batches of two servers that touch the same rows take them in the same order.
  std::map<std::string_view, OwnedRow> executions_;
  std::map<std::string_view, const StageRow*> stages_;
  std::set<std::string_view> removed_executions_, removed_stages_;
  std::vector<Version> documents_;
  std::vector<const Command*> commands_;
  std::vector<const Answer*> answers_;
  std::map<std::string_view, const Claim*> claims_;
};

/// Gives entries the feed's next numbers; its answer is the number of the last. Holds the feed's head until
/// the transaction ends.
Statement append_to_feed(const std::vector<const FeedEntry*>& entries);

}  // namespace gennaker::store::postgres
