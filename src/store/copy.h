#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Everything from one store into another, row by row as it is stored: `gennaker store copy`.
namespace gennaker::store {

/// A column as it is carried over.
struct Column {
  enum class Kind { text, number, truth };
  std::string_view name;
  Kind kind = Kind::text;
  /// SQLite's name for it, where it keeps the opposite of this truth.
  std::string_view sqlite_opposite = {};
};

/// A table that is copied.
struct Table {
  std::string_view name;
  /// So many columns, the first, name a row and say in which order rows are copied. None of them is NULL.
  std::size_t key = 1;
  std::vector<Column> columns;
};

/// What is copied, in this order: a row comes after those that it refers to. A new column or table of the
/// stores gets its line here, or below when it must not be copied; the stores' tests find what has none.
const std::vector<Table>& copied_tables();

/// What only one place needs.
struct TableLeftOut {
  std::string_view name, why;
};
const std::vector<TableLeftOut>& tables_left_out();
struct ColumnLeftOut {
  std::string_view table, name, why;
};
const std::vector<ColumnLeftOut>& columns_left_out();

/// Of one column: NULL, a number or a truth (0 or 1), a text.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Value>;

/// The rows of a store as they are, for who has it alone. Threads: one at a time. All throw base::Error.
class RawStore {
 public:
  /// A source must be there, and everything asked of it sees one moment. A target is made when it is missing.
  enum class Role { source, target };
  virtual ~RawStore() = default;

  /// For messages: without a password.
  virtual const std::string& shown() const = 0;
  /// Throws `conflict` when a server works with it, as far as that can be known.
  virtual void expect_no_server() = 0;

  /// Rows after the one with the key `after` (empty: from the first), in the order of their keys.
  virtual std::vector<Row> page(const Table& table, const Row& after, std::size_t limit) = 0;
  /// Empty: there are no rows.
  virtual Row last_key(const Table& table) = 0;
  virtual std::int64_t count(const Table& table) = 0;
  /// The number after which the feed goes on.
  virtual std::int64_t feed_number() = 0;

  /// At least one row: all or nothing, and on disk when it returns. The feed goes on after the last of its
  /// rows.
  virtual void append(const Table& table, const std::vector<Row>& rows) = 0;
  /// How it keeps a text: not all of them keep what is not UTF-8.
  virtual std::string kept(const std::string& text) const = 0;

  /// While a copy into it has not ended it says of which source, and servers refuse it.
  virtual std::optional<std::string> copy_under_way() = 0;
  virtual void begin_copy(const std::string& source) = 0;
  virtual void end_copy() = 0;
};

/// What a server says of a store into which a copy has not ended.
std::string unfinished_copy_message(std::string_view shown);
/// The table that says so; in it one row with the one text `source`.
inline constexpr std::string_view unfinished_copy_table = "unfinished_copy";

struct CopyReport {
  struct Copied {
    std::string_view table;
    std::int64_t source_rows = 0, target_rows = 0;
    std::string source_digest, target_digest;  ///< of the rows as the target keeps them
    bool same() const { return source_rows == target_rows && source_digest == target_digest; }
  };
  std::vector<Copied> tables;
  std::int64_t rows_written = 0;   ///< by this run
  std::int64_t texts_changed = 0;  ///< in all: the target keeps them otherwise (RawStore::kept)
  std::int64_t feed_number = 0;
};

/// Copies what the target does not have yet, then reads both sides and compares them. May end at any point:
/// the next call goes on from there. Called again after the end it only compares.
///
/// Throws base::Error: `conflict` (the target holds something else, the source has changed since the copy
/// began, a server works with one of them), `invalid` (a key that the target cannot keep), `internal` (the
/// sides differ); as the stores do. The target is then as it was, or no server takes it.
/// `told`: after each page, the rows of that table which the target has.
using CopyProgress = std::function<void(const Table& table, std::int64_t rows, std::int64_t of)>;
CopyReport copy_store(RawStore& from, RawStore& to, const CopyProgress& told);

}  // namespace gennaker::store
