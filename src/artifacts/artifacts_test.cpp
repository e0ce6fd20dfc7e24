#include "artifacts/artifacts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/builders.h"

namespace gennaker::artifacts {
namespace {

using gennaker::testing::object;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Artifact artifact(std::string_view json) {
  return model::artifact_from_json(object(json));
}

ExpectedArtifact expected(std::string_view json) {
  return model::expected_artifact_from_json(object(json));
}

std::vector<std::string> names(const std::vector<Artifact>& artifacts) {
  std::vector<std::string> names;
  for (const Artifact& one : artifacts) names.push_back(one.name.value_or("?"));
  return names;
}

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ArtifactJson, KeepsWhatItDoesNotKnowInTheMetadata) {
  const Artifact read =
      artifact(R"({"type": "docker/image", "kind": "docker", "id": "1", "metadata": {"a": 1}})");
  EXPECT_EQ(read.metadata, object(R"({"a": 1, "id": "1"})"));
  EXPECT_EQ(model::to_json(read),
            object(R"({"type": "docker/image", "customKind": false, "metadata": {"a": 1, "id": "1"}})"));
}

TEST(ArtifactJson, KeepsTheMembersOfAnExpectedArtifact) {
  const auto read =
      model::to_json(expected(R"({"id": "e", "displayName": "image", "matchArtifact": {"name": "n"}})"));
  EXPECT_EQ(read.at("displayName"), "image");
  EXPECT_EQ(read.at("matchArtifact").at("name"), "n");
  EXPECT_FALSE(read.contains("boundArtifact"));
}

struct MatchCase {
  std::string_view name, wanted, artifact;
  bool result;
};
void PrintTo(const MatchCase& c, std::ostream* out) {
  *out << c.name;
}
class Matches : public ::testing::TestWithParam<MatchCase> {};

TEST_P(Matches, FieldByField) {
  EXPECT_EQ(matches(artifact(GetParam().wanted), artifact(GetParam().artifact)), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Matches,
    ::testing::Values(
        MatchCase{"nothing is asked", "{}", R"({"type": "a/b"})", true},
        MatchCase{"blank passes", R"({"name": " "})", R"({"type": "a/b"})", true},
        MatchCase{"equal", R"({"name": "a(b"})", R"({"name": "a(b"})", true},
        MatchCase{"a pattern", R"({"version": "v1\\..*"})", R"({"version": "v1.2"})", true},
        MatchCase{"a pattern must match in full", R"({"version": "v1"})", R"({"version": "v1.2"})", false},
        MatchCase{"missing on the artifact", R"({"version": ".*"})", R"({"name": "x"})", false},
        MatchCase{"the account is not compared", R"({"name": "x", "artifactAccount": "a"})",
                  R"({"name": "x"})", true},
        MatchCase{"stored or embedded is one", R"({"type": "embedded/base64"})",
                  R"({"type": "remote/base64"})", true},
        MatchCase{"another type", R"({"type": "docker/image"})", R"({"type": "http/file"})", false}));

TEST(MatchesArtifact, NamesThePatternThatIsNone) {
  EXPECT_THAT(refusal([] { matches(artifact(R"({"name": "a("})"), artifact(R"({"name": "b"})")); }),
              HasSubstr("matchArtifact.name: 'a(' is no regular expression"));
}

TEST(Bind, PrefersReceivedThenPriorThenDefault) {
  const ExpectedArtifact all = expected(
      R"({"id": "e", "matchArtifact": {"type": "t"}, "usePriorArtifact": true, "useDefaultArtifact": true,
          "defaultArtifact": {"type": "t", "name": "default"}})");
  const Artifact received = artifact(R"({"type": "t", "name": "received"})");
  const Artifact prior = artifact(R"({"type": "t", "name": "prior"})");
  const auto bound = [&](const Sources& sources) {
    return *bind({all}, sources, Several::refused).front().bound->name;
  };
  EXPECT_EQ(bound({{received}, {prior}}), "received");
  EXPECT_EQ(bound({{}, {prior}}), "prior");
  EXPECT_EQ(bound({}), "default");
}

TEST(Bind, RefusesWhatNothingMatches) {
  EXPECT_EQ(refusal([] {
              bind({expected(R"({"id": "e", "displayName": "image", "matchArtifact": {"name": "n"}})")}, {},
                   Several::first_wins);
            }),
            "Unmatched expected artifact 'image' (e) could not be resolved.");
}

TEST(Bind, RefusesWhatIsAmbiguousAtAStartOnly) {
  const ExpectedArtifact any = expected(R"({"id": "e", "matchArtifact": {"type": "t"}})");
  const Sources two{{artifact(R"({"type": "t", "name": "a"})"), artifact(R"({"type": "t", "name": "b"})"),
                     artifact(R"({"type": "t", "name": "a"})")}};
  EXPECT_EQ(refusal([&] { bind({any}, two, Several::refused); }),
            "Expected artifact 'e' matches multiple artifacts [t a, t b]");
  EXPECT_EQ(bind({any}, two, Several::first_wins).front().bound->name, "a");
  EXPECT_NO_THROW(
      bind({any}, {{two.received[0], two.received[2]}}, Several::refused));  // the same one, twice
}

TEST(Visible, OwnThenNearestThenTrigger) {
  auto execution = gennaker::testing::execution(
      {{.ref_id = "1", .outputs = R"({"artifacts": [{"name": "far"}]})"},
       {.ref_id = "2", .outputs = R"({"artifacts": [{"name": "near"}]})", .requires_stages = {"1"}},
       {.ref_id = "3", .outputs = R"({"artifacts": [{"name": "beside"}]})"},
       {.ref_id = "4", .context = R"({"artifacts": [{"name": "own"}]})", .requires_stages = {"2"}}});
  execution.trigger = object(R"({"artifacts": [{"name": "trigger"}, {"name": "far"}]})");
  EXPECT_THAT(names(visible_to(execution, execution.stages.back())),
              ElementsAre("own", "near", "far", "trigger"));
}

TEST(AllOfAnExecution, LaterStagesFirstWhateverTheirOrderInTheConfiguration) {
  auto execution = gennaker::testing::execution(
      {{.ref_id = "3", .outputs = R"({"artifacts": [{"name": "last"}]})", .requires_stages = {"2"}},
       {.ref_id = "1", .outputs = R"({"artifacts": [{"name": "first"}]})"},
       {.ref_id = "2", .outputs = R"({"artifacts": [{"name": "middle"}]})", .requires_stages = {"1"}}});
  execution.trigger = object(R"({"artifacts": [{"name": "trigger"}]})");
  EXPECT_THAT(names(all_of(execution)), ElementsAre("last", "middle", "first", "trigger"));
  EXPECT_THAT(names(all_of(execution, "2")), ElementsAre("last", "first", "trigger"));
}

TEST(FindBound, TakesTheNearestAndFillsTheAccountIn) {
  auto execution = gennaker::testing::execution({{.ref_id = "1"}, {.ref_id = "2", .requires_stages = {"1"}}});
  execution.trigger = object(
      R"({"resolvedExpectedArtifacts": [{"id": "e", "matchArtifact": {"artifactAccount": "hub"},
          "boundArtifact": {"name": "start"}}, {"id": "unbound"}]})");
  auto found = find_bound(execution, execution.stages[1], "e");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "start");
  EXPECT_EQ(found->account, "hub");
  execution.stages[0].outputs =
      object(R"({"resolvedExpectedArtifacts": [{"id": "e", "boundArtifact": {"name": "later"}}]})");
  EXPECT_EQ(find_bound(execution, execution.stages[1], "e")->name, "later");
  EXPECT_EQ(find_bound(execution, execution.stages[1], "unbound"), std::nullopt);
}

}  // namespace
}  // namespace gennaker::artifacts
