#include "stages/upsert_entity_tags/upsert_entity_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "pipelines/entity_tags.h"
#include "store/memory/memory_store.h"
#include "testing/builders.h"
#include "testing/run_async.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr auto about =
    R"("entityRef":{"cloudProvider":"local","entityType":"ServerGroup","entityId":"shop-v001","accountId":"local"})";
const std::string id = "local:servergroup:shop-v001:local:*";

class EntityTags : public ::testing::Test {
 protected:
  EntityTags() {
    auto catalogs = world.catalogs();
    add_upsert_entity_tags(catalogs, store);
  }
  Status run(const std::string& type, const std::string& context) {
    return world.run(execution({{.type = type, .context = "{" + context + "}"}}));
  }
  boost::json::object stored() {
    pipelines::EntityTags tags(store);
    return testing::run_async(io, tags.find(id)).value_or(boost::json::object());
  }
  boost::asio::io_context io;
  store::MemoryStore store;
  testing::StageWorld world;
};

TEST_F(EntityTags, AreKeptByNameAndNamespace) {
  ASSERT_EQ(run("upsertEntityTags", about + std::string(R"(,"tags":[{"name":"Keep","value":"a"},
      {"name":"keep","namespace":"other","value":{"b":1}}])")),
            Status::succeeded)
      << world.error();
  ASSERT_EQ(run("upsertEntityTags", about + std::string(R"(,"tags":[{"name":"keep","value":"c"}])")),
            Status::succeeded);
  const auto tags = stored().at("tags").as_array();
  ASSERT_THAT(tags, SizeIs(2));
  EXPECT_EQ(tags[0].at("valueType"), "object");
  EXPECT_EQ(tags[1].at("value"), "c");
  EXPECT_EQ(stored().at("tagsMetadata").at(0).at("name"), "keep");
  EXPECT_EQ(world.stage("upsertEntityTags").outputs.at("entityTagIds").at(0), boost::json::value(id));
}

TEST_F(EntityTags, OfOtherNamesGoWhenAsked) {
  ASSERT_EQ(run("upsertEntityTags", about + std::string(R"(,"tags":[{"name":"a","value":1}])")),
            Status::succeeded);
  ASSERT_EQ(run("bulkUpsertEntityTags", R"("isPartial":false,"entityTags":[{)" + std::string(about) +
                                            R"(,"tags":[{"name":"b","value":2}]}])"),
            Status::succeeded)
      << world.error();
  ASSERT_THAT(stored().at("tags").as_array(), SizeIs(1));
  EXPECT_EQ(stored().at("tags").at(0).at("name"), "b");
}

TEST_F(EntityTags, AreDeleted) {
  ASSERT_EQ(run("upsertEntityTags",
                about + std::string(R"(,"tags":[{"name":"a","value":1},{"name":"b","value":1}])")),
            Status::succeeded);
  ASSERT_EQ(run("deleteEntityTags", R"("tags":["A"],"id":")" + id + "\""), Status::succeeded)
      << world.error();
  EXPECT_THAT(stored().at("tags").as_array(), SizeIs(1));
  ASSERT_EQ(run("deleteEntityTags", R"("deleteAll":true,"id":")" + id + "\""), Status::succeeded);
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(run("deleteEntityTags", R"("deleteAll":true,"id":"unknown")"), Status::succeeded);
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class EntityTagFields : public EntityTags, public ::testing::WithParamInterface<Refused> {};

TEST_P(EntityTagFields, AreRefusedByName) {
  EXPECT_EQ(run(GetParam().type, GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_TRUE(stored().empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, EntityTagFields,
    ::testing::Values(Refused{"upsertEntityTags", R"("tags":[])", "entityRef: "},
                      Refused{"upsertEntityTags", about, "tags: a list"},
                      Refused{"upsertEntityTags", about + std::string(R"(,"tags":[])"), "tags: at least one"},
                      Refused{"upsertEntityTags", about + std::string(R"(,"tags":[{"value":1}])"),
                              "tags[0].name: "},
                      Refused{"upsertEntityTags", R"("entityRef":{},"tags":[{"name":"a","value":1}])",
                              "entityRef.entityType: "},
                      Refused{"deleteEntityTags", R"("tags":["a"])", "id: "},
                      Refused{"deleteEntityTags", R"("id":"x")", "tags: "}));

}  // namespace
}  // namespace gennaker::stages
