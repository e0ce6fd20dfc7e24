#pragma once

#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <stdlib.h>

#include "base/error.h"
#include "store/store.h"

/// What every Store promises, as tests, and what those promise that outlive their process. An implementation
/// joins with INSTANTIATE_TEST_SUITE_P(Name, StoreContract, testing::Values(StoreMaker{...})).
namespace gennaker::store {

struct StoreMaker {
  std::string name;
  /// Opens the store that lives at `place`, which is the same over several calls: what was kept is there.
  std::function<std::unique_ptr<Store>(const std::filesystem::path& place)> open;
};
inline void PrintTo(const StoreMaker& maker, std::ostream* out) {
  *out << maker.name;
}

/// A directory that goes with its owner.
class Place {
 public:
  Place() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gennaker-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~Place() { std::filesystem::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Runs a coroutine to its end.
template <class T>
T result_of(Async<T> coroutine) {
  base::asio::io_context context;
  auto future = base::asio::co_spawn(context, std::move(coroutine), base::asio::use_future);
  context.run();
  return future.get();
}

/// How a call failed; neither: it did not.
struct Failure {
  std::optional<base::Kind> kind;
  std::string message;
};
template <class Call>
Failure failure_of(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return {error.kind(), error.what()};
  }
  return {};
}

/// All rows of an execution.
inline Changes changes_for(const model::Execution& execution) {
  Changes changes;
  changes.executions.push_back(row_of(execution));
  for (const auto& stage : execution.stages) changes.stages.push_back(row_of(execution, stage));
  return changes;
}

class StoreContract : public ::testing::TestWithParam<StoreMaker> {
 protected:
  StoreContract() { open(); }

  void open() { store_ = GetParam().open(place_.path()); }
  void close() { store_.reset(); }
  Store& store() { return *store_; }
  void commit(Changes changes) {
    changes.lease = store_->lease();
    result_of(store_->commit(std::move(changes)));
  }

  Place place_;
  std::unique_ptr<Store> store_;
};

/// Also: it may be used from several threads at once.
class DurableStoreContract : public StoreContract {};

}  // namespace gennaker::store
