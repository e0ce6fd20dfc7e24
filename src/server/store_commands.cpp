#include "server/store_commands.h"

#include <fmt/format.h>
#include <iostream>

#include "base/error.h"
#include "server/open_store.h"
#include "store/copy.h"
#include "store/sqlite/backup.h"

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

Error usage(const std::string& message) {
  return Error(Kind::invalid, message, {{"usage", true}});
}

/// nullopt for PostgreSQL.
std::optional<std::filesystem::path> file_named_by(const std::string& url) {
  try {
    return sqlite_file_of(url);
  } catch (const Error& error) {
    throw usage(error.what());
  }
}

/// Runs it; what goes wrong is told on standard error.
template <class Work>
int run(std::string_view command, Work work) {
  try {
    work();
    return cli::done;
  } catch (const Error& error) {
    std::cerr << fmt::format("gennaker store {}: {}\n", command, error.what());
    return cli::failed;
  }
}

}  // namespace

int copy_store(const cli::StoreCopy& what) {
  using Role = store::RawStore::Role;
  file_named_by(what.from);
  file_named_by(what.to);
  if (what.from == what.to) throw usage("source and target are the same store");
  return run("copy", [&] {
    const auto from = open_raw_store(what.from, Role::source);
    const auto to = open_raw_store(what.to, Role::target);
    const store::CopyReport report = store::copy_store(*from, *to, Progress());
    print(report, *from, *to);
  });
}

int back_up_store(const cli::StoreBackup& what) {
  const auto file = file_named_by(what.store);
  if (!file) throw usage("a store in PostgreSQL is backed up with pg_dump: see docs/operations.md");
  return run("backup", [&] {
    store::back_up_sqlite(*file, what.file);
    std::cout << fmt::format("{} holds what was in {} when the backup began.\n", what.file, file->string());
  });
}

}  // namespace gennaker::server
