#include "runner/command_json.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace gennaker::runner {
namespace {

struct Case {
  std::string_view name;
  engine::Event event;
};
void PrintTo(const Case& test, std::ostream* out) {
  *out << test.name;
}
class CommandJson : public testing::TestWithParam<Case> {};

TEST_P(CommandJson, GivesBackTheCommand) {
  const std::string text = event_text(GetParam().event);
  const engine::Event back = event_of(text);
  EXPECT_EQ(back.index(), GetParam().event.index());
  EXPECT_EQ(event_text(back), text);
}

INSTANTIATE_TEST_SUITE_P(
    Commands, CommandJson,
    testing::Values(Case{"start", engine::Start{}}, Case{"cancel", engine::Cancel{"ann", "a reason"}},
                    Case{"pause", engine::Pause{"ann"}}, Case{"resume", engine::Resume{"ann"}},
                    Case{"patch", engine::PatchStage{"1", {{"judgmentStatus", "continue"}}, "ann"}},
                    Case{"restart", engine::RestartStage{"1", "ann", true}},
                    Case{"queued restart", engine::QueueRestart{{"1", "ann"}}}));

TEST(CommandText, KeepsWhatAPatchHolds) {
  const engine::Event patch = engine::PatchStage{"1", {{"inputs", {{"a", 1}}}}, "ann"};
  const auto back = std::get<engine::PatchStage>(event_of(event_text(patch)));
  EXPECT_EQ(back.stage_id, "1");
  EXPECT_EQ(back.user, "ann");
  EXPECT_EQ(base::to_text(back.patch), R"({"inputs":{"a":1}})");
}

TEST(CommandText, RefusesWhatIsNone) {
  EXPECT_THROW(event_of(R"({"type":"explode"})"), base::Error);
  EXPECT_THROW(event_of("nothing"), base::Error);
  EXPECT_THROW(event_text(engine::TaskReport{}), base::Error);
}

TEST(CommandText, GivesBackARefusal) {
  const base::Error refused(base::Kind::conflict, "it is not so", {{"field", "x"}});
  const base::Error back = refusal_of(refusal_text(refused));
  EXPECT_EQ(back.kind(), base::Kind::conflict);
  EXPECT_STREQ(back.what(), "it is not so");
  EXPECT_EQ(back.details().at("field"), "x");
}

}  // namespace
}  // namespace gennaker::runner
