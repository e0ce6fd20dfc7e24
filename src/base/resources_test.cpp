#include "base/resources.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace gennaker::base {
namespace {

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Resources, AreTheFilesOfTheTree) {
  for (const Resource& each : resources()) {
    const bool page = each.path.starts_with("ui/");
    const std::string file =
        page ? "/ui/dist/" + std::string(each.path.substr(3)) : "/src/" + std::string(each.path);
    EXPECT_EQ(each.bytes, content_of(GENNAKER_SOURCE_DIR + file)) << each.path;
    EXPECT_EQ(resource(each.path), each.bytes) << "found by its name";
  }
}

TEST(Resources, AreSearchedByTheirWholeName) {
  EXPECT_EQ(resource(""), std::nullopt);
  EXPECT_EQ(resource("ui"), std::nullopt);
  EXPECT_EQ(resource("ui/nope.js"), std::nullopt);
  EXPECT_EQ(resource("zzz"), std::nullopt);
}

}  // namespace
}  // namespace gennaker::base
