#include "server/open_store.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/store_contract.h"

namespace gennaker::server {
namespace {

class OpenStoreTest : public testing::Test {
 protected:
  Options with(const std::string& store) {
    Options options;
    options.data = place_.path() / "data";
    options.store = store;
    return options;
  }
  store::Place place_;
};

TEST_F(OpenStoreTest, IsAFileInTheDataFolderUnlessToldOtherwise) {
  const auto file = place_.path() / "data" / "gennaker.db", other = place_.path() / "other.db";
  EXPECT_EQ(shown_store(with("")), "sqlite:" + file.string());
  EXPECT_EQ(shown_store(with("sqlite:" + other.string())), "sqlite:" + other.string());
  open_store(with(""));
  open_store(with("sqlite:" + other.string()));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(OpenStoreTest, RefusesOthersWithoutRepeatingThem) {
  for (const std::string url :
       {"mysql://ada:secret@db/shop", "ada:secret@db/shop", "sqlite:", "postgresql://ada:p@secret@db/shop",
        "postgresql://ada:secret@/shop?host=/nowhere"}) {
    try {
      open_store(with(url));
      ADD_FAILURE() << url;
    } catch (const base::Error& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("postgresql://"), std::string::npos) << error.what();
    }
  }
  EXPECT_FALSE(std::filesystem::exists(place_.path() / "data"));
}

}  // namespace
}  // namespace gennaker::server
