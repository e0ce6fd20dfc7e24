#include "pipelines/configurations.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/virtual_clock.h"
#include "store/memory/memory_store.h"
#include "testing/run_async.h"

namespace gennaker::pipelines {
namespace {

class FindingAPipeline : public ::testing::Test {
 protected:
  std::string save(const std::string& application, const std::string& name, std::string id = "") {
    json::object config{{"application", application}, {"name", name}};
    if (!id.empty()) config["id"] = id;
    const json::object saved = testing::run_async(
        io_, configurations_.save(std::move(config), "anna", Configurations::StaleCheck::no));
    return base::string_or(saved, "id", "");
  }
  /// Its id, or "none". Twice: the second time it may be remembered.
  std::string find(const std::string& application, const std::string& name_or_id) {
    const std::string first = find_once(application, name_or_id);
    EXPECT_EQ(find_once(application, name_or_id), first);
    return first;
  }

 private:
  std::string find_once(const std::string& application, const std::string& name_or_id) {
    const auto found = testing::run_async(io_, configurations_.find(application, name_or_id));
    return found ? base::string_or(*found, "id", "") : "none";
  }

 protected:
  boost::asio::io_context io_;
  base::VirtualClock clock_;
  base::SeededRandom random_{1};
  store::MemoryStore store_;
  Configurations configurations_{store_, clock_, random_};
};

TEST_F(FindingAPipeline, ByNameThenById) {
  const std::string deploy = save("Shop", "Deploy"), test = save("shop", "Test");
  EXPECT_EQ(find("shop", "Deploy"), deploy);
  EXPECT_EQ(find("SHOP", "Deploy"), deploy);
  EXPECT_EQ(find("shop", "deploy"), "none") << "names are exact";
  EXPECT_EQ(find("shop", test), test);
  EXPECT_EQ(find("bank", "Deploy"), "none");
  const std::string confusing = save("shop", test);
  EXPECT_EQ(find("shop", test), confusing) << "a name goes before an id";
}

TEST_F(FindingAPipeline, ThatWasRenamedMovedOrRemoved) {
  const std::string id = save("shop", "Deploy");
  EXPECT_EQ(find("shop", "Deploy"), id);
  save("shop", "Roll out", id);
  EXPECT_EQ(find("shop", "Deploy"), "none");
  EXPECT_EQ(find("shop", "Roll out"), id);
  const std::string next = save("shop", "Deploy");
  EXPECT_EQ(find("shop", "Deploy"), next);
  save("bank", "Deploy", next);
  EXPECT_EQ(find("shop", "Deploy"), "none");
  EXPECT_EQ(find("bank", "Deploy"), next);
  testing::run_async(io_, configurations_.remove("bank", "Deploy", "anna"));
  EXPECT_EQ(find("bank", "Deploy"), "none");
}

TEST_F(FindingAPipeline, ThatSomebodyElseRenamed) {
  const std::string id = save("shop", "Deploy");
  EXPECT_EQ(find("shop", "Deploy"), id);
  Configurations others(store_, clock_, random_);
  json::object renamed{{"application", "shop"}, {"name", "Roll out"}, {"id", id}};
  testing::run_async(io_, others.save(std::move(renamed), "bob", Configurations::StaleCheck::no));
  EXPECT_EQ(find("shop", "Deploy"), "none");
}

}  // namespace
}  // namespace gennaker::pipelines
