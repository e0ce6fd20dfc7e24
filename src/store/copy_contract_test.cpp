#include "store/copy_contract.h"

#include "base/error.h"

namespace gennaker::store {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CopyContract);

namespace {

using base::Kind;

void append_character(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6);
    add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  } else {
    add(0xf0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  }
}

/// The process is killed: thrown in its place.
struct Killed {};

/// Ends the copy before or after the target has taken so many pages.
class KilledTarget final : public RawStore {
 public:
  enum class When { before, after };
  KilledTarget(RawStore& store, int pages, When when) : store_(store), pages_(pages), when_(when) {}

  const std::string& shown() const override { return store_.shown(); }
  void expect_no_server() override { store_.expect_no_server(); }
  std::vector<Row> page(const Table& table, const Row& after, std::size_t limit) override {
    return store_.page(table, after, limit);
  }
  Row last_key(const Table& table) override { return store_.last_key(table); }
  std::int64_t count(const Table& table) override { return store_.count(table); }
  std::int64_t feed_number() override { return store_.feed_number(); }
  void append(const Table& table, const std::vector<Row>& rows) override {
    if (pages_ == 0 && when_ == When::before) throw Killed();
    store_.append(table, rows);
    if (pages_-- == 0) throw Killed();
  }
  std::string kept(const std::string& text) const override { return store_.kept(text); }
  std::optional<std::string> copy_under_way() override { return store_.copy_under_way(); }
  void begin_copy(const std::string& source) override { store_.begin_copy(source); }
  void end_copy() override { store_.end_copy(); }

 private:
  RawStore& store_;
  int pages_;
  When when_;
};

/// Whether it was killed.
bool copy_until_killed(RawStore& from, RawStore& to, int pages, KilledTarget::When when) {
  KilledTarget killed(to, pages, when);
  try {
    copy_store(from, killed, {});
  } catch (const Killed&) {
    return true;
  }
  return false;
}

Changes document(const std::string& id) {
  Changes changes;
  changes.documents.push_back({.kind = "pipeline", .id = id, .scope = "shop", .body = {{"value", id}}});
  changes.feed.push_back({.kind = "document", .application = "shop", .subject = id, .body = "{}"});
  return changes;
}

}  // namespace

std::string RandomRows::text() {
  std::string text;
  for (std::uint64_t length = random_.next() % 60; length > 0; --length) {
    // Short characters as often as long ones; what people and programs really write, and everything else.
    constexpr std::uint32_t ends[] = {0x80, 0x800, 0x10000, 0x110000};
    const auto code = static_cast<std::uint32_t>(1 + random_.next() % (ends[random_.next() % 4] - 1));
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    append_character(text, surrogate ? 0xfffd : code);
  }
  return text;
}

Value RandomRows::value(const Table& table, const Column& column, int number) {
  if (column.name == "execution_id") return execution_ids_[random_.next() % execution_ids_.size()];
  if (column.kind == Column::Kind::truth) return static_cast<std::int64_t>(random_.next() % 2);
  const bool in_key = &column < &table.columns[table.key];
  if (column.kind == Column::Kind::number) {
    if (in_key) return std::int64_t{number + 1};
    if ((column.name == "start_time" || column.name == "end_time") && random_.next() % 2 == 0) return {};
    return static_cast<std::int64_t>(random_.next() % 0x80000000);
  }
  return in_key ? text() + std::to_string(number) : text();
}

Row RandomRows::row(const Table& table, int number) {
  Row row;
  for (const Column& column : table.columns) row.push_back(value(table, column, number));
  if (table.name == "executions") execution_ids_.push_back(std::get<std::string>(row[0]));
  return row;
}

void RandomRows::fill(RawStore& store, int rows_a_table) {
  for (const Table& table : copied_tables()) {
    std::vector<Row> rows;
    for (int number = 0; number < rows_a_table; ++number) rows.push_back(row(table, number));
    if (!rows.empty()) store.append(table, rows);
  }
}

std::vector<std::vector<Row>> all_rows(RawStore& store) {
  std::vector<std::vector<Row>> tables;
  for (const Table& table : copied_tables()) tables.push_back(store.page(table, {}, 100'000));
  return tables;
}

void CopyContract::fill_source(std::uint64_t seed, int rows_a_table) {
  RandomRows rows(seed);
  rows.fill(*GetParam().from.open_raw(from_.path(), Role::target), rows_a_table);
}

CopyReport CopyContract::copy() {
  const auto from = source(), to = target();
  return copy_store(*from, *to, {});
}

TEST_P(CopyContract, CopiesEveryRowAsItIs) {
  fill_source(1, 200);
  const CopyReport report = copy();
  EXPECT_EQ(report.rows_written, 200 * static_cast<std::int64_t>(copied_tables().size()));
  EXPECT_EQ(report.texts_changed, 0);
  EXPECT_EQ(report.feed_number, 200);
  for (const auto& table : report.tables) {
    EXPECT_EQ(table.source_rows, 200) << table.table;
    EXPECT_EQ(table.target_rows, 200) << table.table;
  }
  EXPECT_EQ(all_rows(*source()), all_rows(*target()));
}

TEST_P(CopyContract, ComesBackByteForByte) {
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    const Place there, far, back;
    const CopyWay& way = GetParam();
    RandomRows(seed).fill(*way.from.open_raw(there.path(), Role::target), 100);
    const auto begin = way.from.open_raw(there.path(), Role::source);
    copy_store(*begin, *way.to.open_raw(far.path(), Role::target), {});
    const auto end = way.from.open_raw(back.path(), Role::target);
    copy_store(*way.to.open_raw(far.path(), Role::source), *end, {});
    EXPECT_EQ(all_rows(*begin), all_rows(*end)) << "seed " << seed;
  }
}

TEST_P(CopyContract, GoesOnWhereItWasStopped) {
  using When = KilledTarget::When;
  fill_source(2);
  const auto from = source();
  const auto wanted = all_rows(*from);
  int stops = 0;
  for (const When when : {When::before, When::after}) {
    for (int pages = 0;; ++pages) {
      const Place place;
      const auto open = [&] { return GetParam().to.open_raw(place.path(), Role::target); };
      if (!copy_until_killed(*from, *open(), pages, when)) break;
      ++stops;
      // And once more, somewhat later.
      copy_until_killed(*from, *open(), 1, when);
      const CopyReport report = copy_store(*from, *open(), {});
      EXPECT_LT(report.rows_written, 40 * static_cast<std::int64_t>(copied_tables().size()));
      EXPECT_EQ(all_rows(*open()), wanted) << "stopped at page " << pages;
      EXPECT_EQ(open()->feed_number(), 40);
    }
  }
  EXPECT_GE(stops, 16);
}

TEST_P(CopyContract, AfterItsEndItOnlyCompares) {
  fill_source(3);
  copy();
  EXPECT_EQ(copy().rows_written, 0);
}

TEST_P(CopyContract, CopiesAStoreInWhichNothingIs) {
  fill_source(4, 0);
  EXPECT_EQ(copy().rows_written, 0);
  result_of(GetParam().to.open(to_.path())->commit(document("first")));
  EXPECT_EQ(target()->feed_number(), 1);
}

TEST_P(CopyContract, RefusesATargetThatHoldsSomethingElse) {
  fill_source(5);
  result_of(GetParam().to.open(to_.path())->commit(document("theirs")));
  const auto before = all_rows(*target());
  const Failure failure = failure_of([&] { copy(); });
  EXPECT_EQ(failure.kind, Kind::conflict);
  EXPECT_NE(failure.message.find("is not empty"), std::string::npos) << failure.message;
  EXPECT_EQ(all_rows(*target()), before);
  EXPECT_TRUE(result_of(GetParam().to.open(to_.path())->document("pipeline", "theirs")));
}

TEST_P(CopyContract, DoesNotGoOnWithAnotherSource) {
  fill_source(6);
  ASSERT_TRUE(copy_until_killed(*source(), *target(), 3, KilledTarget::When::after));
  // The same source, after a server has worked with it.
  result_of(GetParam().from.open(from_.path())->commit(document("meanwhile")));
  const Failure failure = failure_of([&] { copy(); });
  EXPECT_EQ(failure.kind, Kind::conflict);
  EXPECT_NE(failure.message.find("another source"), std::string::npos) << failure.message;
}

TEST_P(CopyContract, NoServerTakesWhatIsHalfCopied) {
  fill_source(7);
  ASSERT_TRUE(copy_until_killed(*source(), *target(), 3, KilledTarget::When::after));
  const Failure failure = failure_of([&] { GetParam().to.open(to_.path()); });
  EXPECT_EQ(failure.kind, Kind::conflict);
  EXPECT_NE(failure.message.find("gennaker store copy"), std::string::npos) << failure.message;
  const Place third;
  const auto onward = [&] {
    copy_store(*GetParam().to.open_raw(to_.path(), Role::source),
               *GetParam().from.open_raw(third.path(), Role::target), {});
  };
  EXPECT_EQ(failure_of(onward).kind, Kind::conflict) << "nor is it copied on";
  copy();
  EXPECT_EQ(failure_of([&] { GetParam().to.open(to_.path()); }).message, "");
}

TEST_P(CopyContract, FindsWhatIsNotTheSame) {
  fill_source(8);
  ASSERT_TRUE(copy_until_killed(*source(), *target(), 3, KilledTarget::When::after));
  const Table& stages = copied_tables()[1];
  {
    // Somebody has written into the target what sorts before all that was copied.
    const auto to = target();
    Row row = to->page(stages, {}, 1).at(0);
    row[0] = std::string("!");
    to->append(stages, {row});
  }
  const Failure failure = failure_of([&] { copy(); });
  EXPECT_EQ(failure.kind, Kind::internal);
  EXPECT_NE(failure.message.find("stages: 40 rows and 41"), std::string::npos) << failure.message;
  EXPECT_EQ(failure_of([&] { GetParam().to.open(to_.path()); }).kind, Kind::conflict) << "no server takes it";
}

TEST_P(CopyContract, TheFeedGoesOnForWhoFollowsIt) {
  std::uint64_t cursor = 0;
  {
    const auto store = GetParam().from.open(from_.path());
    for (int i = 0; i < 5; ++i) result_of(store->commit(document(fmt::format("d{}", i))));
    cursor = result_of(store->feed(0, 3)).back().sequence;
  }
  copy();
  const auto store = GetParam().to.open(to_.path());
  result_of(store->commit(document("after")));
  std::vector<std::string> heard;
  for (const FeedEntry& entry : result_of(store->feed(cursor, 100))) heard.push_back(entry.subject);
  EXPECT_EQ(heard, (std::vector<std::string>{"d3", "d4", "after"}));
  EXPECT_EQ(result_of(store->document("pipeline", "d4"))->body.at("value"), "d4");
}

}  // namespace gennaker::store
