#pragma once

#include "base/random.h"
#include "store/copy.h"
#include "store/store_contract.h"

/// What a copy promises between any two kinds of stores, as tests. Join with
/// INSTANTIATE_TEST_SUITE_P(Name, CopyContract, testing::Values(CopyWay{...})).
namespace gennaker::store {

/// One kind of store. The store that lives at `place` is the same over several calls.
struct RawMaker {
  std::string name;
  std::function<std::unique_ptr<RawStore>(const std::filesystem::path& place, RawStore::Role role)> open_raw;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& place)> open;
};
struct CopyWay {
  RawMaker from, to;
};
inline void PrintTo(const CopyWay& way, std::ostream* out) {
  *out << way.from.name << "To" << way.to.name;
}

/// Rows of all tables with random contents: texts are UTF-8 of all lengths, without the zero byte.
class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}
  void fill(RawStore& store, int rows_a_table);
  std::string text();

 private:
  Row row(const Table& table, int number);
  Value value(const Table& table, const Column& column, int number);

  base::SeededRandom random_;
  std::vector<std::string> execution_ids_;
};

/// Everything that is copied, table by table.
std::vector<std::vector<Row>> all_rows(RawStore& store);

class CopyContract : public ::testing::TestWithParam<CopyWay> {
 protected:
  using Role = RawStore::Role;
  std::unique_ptr<RawStore> source() { return GetParam().from.open_raw(from_.path(), Role::source); }
  std::unique_ptr<RawStore> target() { return GetParam().to.open_raw(to_.path(), Role::target); }
  void fill_source(std::uint64_t seed, int rows_a_table = 40);
  CopyReport copy();

  Place from_, to_;
};

}  // namespace gennaker::store
