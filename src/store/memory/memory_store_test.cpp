#include "store/memory/memory_store.h"

#include "store/store_contract.h"

namespace gennaker::store {

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreMaker{
                             "memory", [](const auto&) { return std::make_unique<MemoryStore>(); }}));

namespace {

Changes document(const std::string& id, int value, bool removed = false) {
  Changes changes;
  changes.documents.push_back(
      {.kind = "pipeline", .id = id, .scope = "shop", .removed = removed, .body = {{"value", value}}});
  return changes;
}

Changes execution(const std::string& id, int minute, model::Status status = model::Status::succeeded) {
  model::Execution made;
  made.id = id;
  made.application = "shop";
  made.status = status;
  made.build_time = base::from_millis(0) + std::chrono::minutes(minute);
  Changes changes;
  changes.executions.push_back(row_of(made));
  return changes;
}

/// A store over another one, in which there is something.
class OverAnother : public testing::Test {
 protected:
  OverAnother() {
    result_of(beneath_.commit(document("a", 1)));
    result_of(beneath_.commit(document("b", 2)));
    result_of(beneath_.commit(execution("old", 1)));
  }
  int value_of(Store& store, const std::string& id) {
    const auto found = result_of(store.document("pipeline", id));
    return found ? static_cast<int>(found->body.at("value").as_int64()) : 0;
  }

  MemoryStore beneath_;
  MemoryStore store_{&beneath_};
};

TEST_F(OverAnother, ShowsWhatLiesBeneathAndChangesNothingThere) {
  EXPECT_EQ(value_of(store_, "a"), 1);
  result_of(store_.commit(document("a", 10)));
  result_of(store_.commit(document("b", 0, true)));
  result_of(store_.commit(document("c", 3)));
  EXPECT_EQ(value_of(store_, "a"), 10);
  EXPECT_EQ(value_of(store_, "b"), 0);
  const auto listed = result_of(store_.documents("pipeline", "shop"));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].id + listed[1].id, "ac");

  EXPECT_EQ(value_of(beneath_, "a"), 1);
  EXPECT_EQ(value_of(beneath_, "b"), 2);
  EXPECT_EQ(value_of(beneath_, "c"), 0);
}

TEST_F(OverAnother, CountsVersionsOn) {
  Changes stale = document("a", 5);
  stale.expected.push_back({"pipeline", "a", 0});
  EXPECT_ANY_THROW(result_of(store_.commit(std::move(stale))));
  Changes fresh = document("a", 5);
  fresh.expected.push_back({"pipeline", "a", 1});
  result_of(store_.commit(std::move(fresh)));
  EXPECT_EQ(result_of(store_.document("pipeline", "a"))->version, 2);
  const auto history = result_of(store_.history("pipeline", "a", 10));
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[1].body.at("value"), 1);
}

TEST_F(OverAnother, ListsExecutionsOfBoth) {
  result_of(store_.commit(execution("new", 2, model::Status::running)));
  result_of(store_.commit(execution("old", 1, model::Status::canceled)));
  const auto all = result_of(store_.executions({}, model::Detail::full));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "new");
  EXPECT_EQ(all[1].status, model::Status::canceled);
  EXPECT_EQ(result_of(store_.executions({.offset = 1, .limit = 1}, model::Detail::full)).at(0).id, "old");
  EXPECT_EQ(result_of(beneath_.execution("old"))->status, model::Status::succeeded);
  EXPECT_EQ(result_of(store_.unfinished_executions()), std::vector<std::string>{"new"});
  EXPECT_EQ(store_.outstanding(), 0);
}

}  // namespace
}  // namespace gennaker::store
