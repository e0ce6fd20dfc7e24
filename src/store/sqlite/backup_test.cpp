#include "store/sqlite/backup.h"

#include <fstream>

#include "base/error.h"
#include "store/copy_contract.h"
#include "store/sqlite/raw_store.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store {
namespace {

using base::Kind;

class SqliteBackup : public testing::Test {
 protected:
  std::optional<Kind> failure() {
    return failure_of([&] { back_up_sqlite(file_, copy_); }).kind;
  }

  Place place_;
  std::filesystem::path file_ = place_.path() / "gennaker.db", copy_ = place_.path() / "backup.db";
};

Changes document(const std::string& id) {
  Changes changes;
  changes.documents.push_back({.kind = "pipeline", .id = id});
  changes.feed.push_back({.kind = "document", .subject = id, .body = "{}"});
  return changes;
}

TEST_F(SqliteBackup, IsAStoreAsItWasWhenItBegan) {
  const auto store = open_sqlite(file_);
  result_of(store->commit(document("before")));
  EXPECT_EQ(failure(), std::nullopt);
  result_of(store->commit(document("after")));
  EXPECT_EQ(std::filesystem::status(copy_).permissions(), std::filesystem::perms(0600));
  const auto restored = open_sqlite(copy_);
  EXPECT_TRUE(result_of(restored->document("pipeline", "before")));
  EXPECT_FALSE(result_of(restored->document("pipeline", "after")));
  result_of(restored->commit(document("later")));
  EXPECT_EQ(result_of(restored->feed_range()).newest, 2U);
}

TEST_F(SqliteBackup, HasEveryRow) {
  RandomRows(1).fill(*open_raw_sqlite(file_, RawStore::Role::target), 300);
  EXPECT_EQ(failure(), std::nullopt);
  EXPECT_EQ(all_rows(*open_raw_sqlite(copy_, RawStore::Role::source)),
            all_rows(*open_raw_sqlite(file_, RawStore::Role::source)));
}

TEST_F(SqliteBackup, OverwritesOnlyWhatAnEarlierOneLeft) {
  EXPECT_EQ(failure(), Kind::not_found);
  open_sqlite(file_).reset();
  std::ofstream(copy_.string() + ".part") << "half";
  EXPECT_EQ(failure(), std::nullopt);
  EXPECT_EQ(failure(), Kind::conflict);
  EXPECT_FALSE(std::filesystem::exists(copy_.string() + ".part"));
}

}  // namespace
}  // namespace gennaker::store
