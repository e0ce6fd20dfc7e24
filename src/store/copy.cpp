#include "store/copy.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"

namespace gennaker::store {
namespace {

using base::Error;
using base::Kind;

// A page is as many rows as have about so many bytes together: stages may have megabytes each.
constexpr std::size_t page_bytes = 4 * 1024 * 1024, most_rows = 1000;

std::size_t size_of(const std::vector<Row>& rows) {
  std::size_t bytes = 0;
  for (const Row& row : rows) {
    for (const Value& value : row) {
      if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    }
  }
  return bytes;
}

Row key_of(const Table& table, const Row& row) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(table.key)};
}

/// Goes through the rows after `after`, page by page.
template <class Use>
void for_each_page(RawStore& store, const Table& table, Row after, Use use) {
  std::size_t limit = 16;
  while (true) {
    std::vector<Row> rows = store.page(table, after, limit);
    if (rows.empty()) return;
    const bool last = rows.size() < limit;
    after = key_of(table, rows.back());
    const std::size_t row_bytes = size_of(rows) / rows.size() + 1;
    // Grows slowly: the next rows may be larger than these.
    limit = std::clamp(page_bytes / row_bytes, std::size_t{1}, std::min(2 * limit, most_rows));
    use(rows);
    if (last) return;
  }
}

/// Changes the texts to what `to` keeps; how many that are.
std::int64_t make_kept(const RawStore& to, Row& row) {
  std::int64_t changed = 0;
  for (Value& value : row) {
    auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) continue;
    std::string kept = to.kept(*text);
    if (kept == *text) continue;
    *text = std::move(kept);
    ++changed;
  }
  return changed;
}

/// Each value says what it is and how long, so that two rows have the same bytes only when they are the same.
void add_row(base::Sha256& digest, const Row& row) {
  for (const Value& value : row) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      digest.add(fmt::format("t{}:", text->size()));
      digest.add(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      digest.add(fmt::format("n{};", *number));
    } else {
      digest.add("-");
    }
  }
}

/// What can be known of a store at once: another store, or the same after a server has worked with it, has
/// another one.
std::string fingerprint_of(RawStore& store) {
  base::Sha256 digest;
  for (const Table& table : copied_tables()) {
    add_row(digest, {std::string(table.name), store.count(table)});
    add_row(digest, store.last_key(table));
  }
  add_row(digest, {store.feed_number()});
  return digest.hex();
}

bool is_empty(RawStore& store) {
  const auto& tables = copied_tables();
  return std::all_of(tables.begin(), tables.end(),
                     [&](const Table& table) { return store.last_key(table).empty(); });
}

void expect_same_key(const RawStore& to, const Table& table, Row key) {
  if (make_kept(to, key) == 0) return;
  throw Error(Kind::invalid,
              fmt::format("a row of {} has a key that is not UTF-8, which {} cannot keep: remove or rename it"
                          " in the source",
                          table.name, to.shown()));
}

std::int64_t copy_table(RawStore& from, RawStore& to, const Table& table, const CopyProgress& told) {
  const std::int64_t all = from.count(table);
  std::int64_t there = to.count(table);
  const std::int64_t before = there;
  for_each_page(from, table, to.last_key(table), [&](std::vector<Row>& rows) {
    for (Row& row : rows) {
      expect_same_key(to, table, key_of(table, row));
      make_kept(to, row);
    }
    to.append(table, rows);
    there += static_cast<std::int64_t>(rows.size());
    if (told) told(table, there, all);
  });
  return there - before;
}

struct Contents {
  std::int64_t rows = 0, texts_changed = 0;
  std::string digest;
};

/// `as_kept_by`: the store whose way of keeping texts counts.
Contents read_all(RawStore& store, const Table& table, const RawStore& as_kept_by) {
  Contents contents;
  base::Sha256 digest;
  for_each_page(store, table, {}, [&](std::vector<Row>& rows) {
    for (Row& row : rows) {
      contents.texts_changed += make_kept(as_kept_by, row);
      add_row(digest, row);
    }
    contents.rows += static_cast<std::int64_t>(rows.size());
  });
  contents.digest = digest.hex();
  return contents;
}

CopyReport compare(RawStore& from, RawStore& to) {
  CopyReport report;
  for (const Table& table : copied_tables()) {
    const Contents source = read_all(from, table, to), target = read_all(to, table, to);
    report.tables.push_back({table.name, source.rows, target.rows, source.digest, target.digest});
    report.texts_changed += source.texts_changed;
  }
  report.feed_number = to.feed_number();
  return report;
}

/// Empty: none.
std::string difference_in(const CopyReport& report, RawStore& from) {
  std::string difference;
  for (const auto& copied : report.tables) {
    if (copied.same()) continue;
    difference += fmt::format("; {}: {} rows and {}{}", copied.table, copied.source_rows, copied.target_rows,
                              copied.source_rows == copied.target_rows ? ", not the same" : "");
  }
  if (const auto number = from.feed_number(); number != report.feed_number)
    difference += fmt::format("; the feed goes on after {} and {}", number, report.feed_number);
  return difference;
}

Error not_empty(const RawStore& to) {
  return Error(Kind::conflict,
               fmt::format("{} is not empty, and what it holds is not a copy of the source: name a new place"
                           " as the target",
                           to.shown()));
}

Error other_source(const RawStore& from, const RawStore& to) {
  return Error(
      Kind::conflict,
      fmt::format("{} holds the beginning of a copy, but not of {} as it is: it is another source, or"
                  " a server has worked with it since. Name a new place as the target",
                  to.shown(), from.shown()));
}

/// Whether there is anything to copy: not when an earlier run has ended.
bool begin(RawStore& from, RawStore& to) {
  const std::string source = fingerprint_of(from);
  if (const auto begun = to.copy_under_way()) {
    if (*begun != source) throw other_source(from, to);
    return true;
  }
  if (!is_empty(to)) {
    if (fingerprint_of(to) != source) throw not_empty(to);
    return false;
  }
  to.begin_copy(source);
  return true;
}

}  // namespace

const std::vector<Table>& copied_tables() {
  using enum Column::Kind;
  static const std::vector<Table> tables{
      {"executions",
       1,
       {{"id"},
        {"type", number},
        {"application"},
        {"pipeline_config_id"},
        {"correlation_id"},
        {"build_time", number},
        {"active", truth, "complete"},
        {"status"},
        {"name"},
        {"start_time", number},
        {"end_time", number},
        {"header"}}},
      {"stages", 1, {{"id"}, {"execution_id"}, {"ordinal", number}, {"outline"}, {"details"}}},
      {"documents",
       3,
       {{"kind"},
        {"id"},
        {"version", number},
        {"scope"},
        {"current", truth},
        {"removed", truth},
        {"updated_at", number},
        {"updated_by"},
        {"body"}}},
      {"feed", 1, {{"sequence", number}, {"at", number}, {"kind"}, {"application"}, {"subject"}, {"body"}}},
      {"claims", 1, {{"name"}, {"holder"}, {"execution_id"}}},
  };
  return tables;
}

const std::vector<TableLeftOut>& tables_left_out() {
  static const std::vector<TableLeftOut> tables{
      {"feed_head", "PostgreSQL's number of the feed's newest entry: the copy sets it"},
      {"document_lock", "there is nothing in it"},
      {"replicas", "the servers that were there"},
      {"commands", "what follows from what is stored is commanded anew, and the rest was not acknowledged"},
      {"gennaker_migrations", "each database counts its own"},
      {unfinished_copy_table, "the copy itself"},
  };
  return tables;
}

const std::vector<ColumnLeftOut>& columns_left_out() {
  static const std::vector<ColumnLeftOut> columns{
      {"executions", "owner", "the first server that comes takes what is nobody's"},
  };
  return columns;
}

std::string unfinished_copy_message(std::string_view shown) {
  return fmt::format(
      "{} holds a copy that has not ended: run the same 'gennaker store copy' again, which goes on where it"
      " stopped, or name another store",
      shown);
}

CopyReport copy_store(RawStore& from, RawStore& to, const CopyProgress& told) {
  from.expect_no_server();
  to.expect_no_server();
  if (from.copy_under_way()) throw Error(Kind::conflict, unfinished_copy_message(from.shown()));
  const bool begun = begin(from, to);
  std::int64_t written = 0;
  if (begun) {
    for (const Table& table : copied_tables()) written += copy_table(from, to, table, told);
  }
  CopyReport report = compare(from, to);
  report.rows_written = written;
  if (const std::string difference = difference_in(report, from); !difference.empty()) {
    if (!begun) throw not_empty(to);
    throw Error(Kind::internal,
                fmt::format("{} and {} are not the same{}: the copy is of no use; remove it and"
                            " copy again into an empty place",
                            from.shown(), to.shown(), difference));
  }
  // Who came meanwhile has changed what was copied, or will.
  from.expect_no_server();
  to.expect_no_server();
  if (begun) to.end_copy();
  return report;
}

}  // namespace gennaker::store
