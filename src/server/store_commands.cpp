#include "server/store_commands.h"

#include <fmt/format.h>
#include <iostream>

#include "base/error.h"
#include "server/open_store.h"
#include "store/copy.h"

namespace gennaker::server {
namespace {

using base::Error;
using base::Kind;

// Large tables take minutes: somebody watches.
constexpr std::int64_t rows_between_lines = 100'000;

/// Says how far a copy is, on standard error: the proof on standard output is for keeps.
class Progress {
 public:
  void operator()(const store::Table& table, std::int64_t rows, std::int64_t of) {
    if (table.name != table_) next_ = rows_between_lines;
    table_ = table.name;
    if (rows < next_) return;
    std::cerr << fmt::format("{}: {} of {} rows\n", table.name, rows, of);
    next_ = rows + rows_between_lines;
  }

 private:
  std::string_view table_;
  std::int64_t next_ = 0;
};

void print(const store::CopyReport& report, const store::RawStore& from, const store::RawStore& to) {
  std::cout << fmt::format("{} -> {}\n\n", from.shown(), to.shown());
  constexpr std::string_view line = "{:<12}{:>14}{:>14}  {}\n";
  std::cout << fmt::format(line, "table", "source", "target", "SHA-256 of all rows, on both sides");
  for (const auto& copied : report.tables)
    std::cout << fmt::format(line, copied.table, copied.source_rows, copied.target_rows,
                             copied.target_digest);
  std::cout << fmt::format("\nThe feed goes on after {} on both sides. This run has written {} rows.\n",
                           report.feed_number, report.rows_written);
  if (report.texts_changed > 0) {
    std::cout << fmt::format(
        "{} texts were not UTF-8: the target keeps U+FFFD for the bytes that are not, and was compared so.\n",
        report.texts_changed);
  }
  std::cout << "Not copied: what the data folder holds besides the store (images, server groups, answers of"
               " operations).\n";
}

void expect_stores(const cli::StoreCopy& what) {
  sqlite_file_of(what.from);
  sqlite_file_of(what.to);
  if (what.from == what.to) throw Error(Kind::invalid, "source and target are the same store");
}

}  // namespace

int copy_store(const cli::StoreCopy& what) {
  using Role = store::RawStore::Role;
  try {
    expect_stores(what);
  } catch (const Error& error) {
    throw Error(error.kind(), error.what(), {{"usage", true}});
  }
  try {
    const auto from = open_raw_store(what.from, Role::source);
    const auto to = open_raw_store(what.to, Role::target);
    const store::CopyReport report = store::copy_store(*from, *to, Progress());
    print(report, *from, *to);
    return cli::done;
  } catch (const Error& error) {
    std::cerr << "gennaker store copy: " << error.what() << '\n';
    return cli::failed;
  }
}

}  // namespace gennaker::server
