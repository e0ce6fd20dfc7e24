#include "rehearsal/pipeline_test_file.h"

#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

std::string refusal(std::string_view text) {
  try {
    parse_test_file(text, "a.test.yaml");
  } catch (const base::Error& error) {
    return error.what();
  }
  return "accepted";
}

/// A file with one test, of which `more` is a part.
std::string with(std::string_view more) {
  return fmt::format("pipeline: {{name: P, application: a, stages: []}}\ntests:\n  - name: T\n    {}\n",
                     more);
}

struct Case {
  std::string_view name, text, message;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class PipelineTestFileRefuses : public ::testing::TestWithParam<Case> {};

TEST_P(PipelineTestFileRefuses, WithFileLineAndField) {
  const std::string message = refusal(GetParam().text);
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_THAT(message, StartsWith("a.test.yaml"));
}

INSTANTIATE_TEST_SUITE_P(
    Files, PipelineTestFileRefuses,
    ::testing::Values(
        Case{"nothing", "", "the file is empty"}, Case{"a list", "[1]", "a.test.yaml:1: a mapping is needed"},
        Case{"no YAML", "a: [", "a.test.yaml:"},
        Case{"two documents", "a: 1\n---\nb: 2\n", "a second document"},
        Case{"bytes", std::string_view("a: \0", 4), "a.test.yaml:1: this is not a text file"},
        Case{"a key twice", "tests: []\ntests: []\n", "a.test.yaml:2: the key 'tests' is there twice"},
        Case{"no tests", "pipeline: {a: 1}\n", "tests: is missing"},
        Case{"an unknown key", "tests: []\npipelin: x\n",
             "a.test.yaml:2: pipelin: this key is unknown; did you mean"},
        Case{"a missing pipeline", "tests: [{name: x}]\n", "tests[0].pipeline: is missing"},
        Case{"a missing file", "pipeline: nope.json\ntests: []\n",
             "a.test.yaml:1: pipeline: there is no file nope.json"},
        Case{"a wrong type", "pipeline: [1]\ntests: []\n", "a file's name or a mapping is needed"},
        Case{"a circle of aliases", "a: &a [*a]\n", "an alias stands inside of what it names"}));

INSTANTIATE_TEST_SUITE_P(
    Clouds, PipelineTestFileRefuses,
    ::testing::Values(Case{"an unknown account", "cloud: {images: [{id: i, account: prod}]}\ntests: []\n",
                           "there is no account 'prod'; known: local"},
                      Case{"an unknown region", "cloud: {images: [{id: i, region: x}]}\ntests: []\n",
                           "no region 'x'"},
                      Case{"no number", "cloud: {serverGroups: [{name: shop-main}]}\ntests: []\n",
                           "a server group's name is needed"},
                      Case{"too many instances",
                           "cloud: {serverGroups: [{name: a-v001, instances: 99999999}]}\ntests: []\n",
                           "a whole number from 0 to"}));

struct TestCase {
  std::string_view name, part, message;
};
void PrintTo(const TestCase& c, std::ostream* out) {
  *out << c.name;
}
class PipelineTestRefuses : public ::testing::TestWithParam<TestCase> {};

TEST_P(PipelineTestRefuses, WhatItDoesNotUnderstand) {
  EXPECT_THAT(refusal(with(GetParam().part)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Parts, PipelineTestRefuses,
    ::testing::Values(
        TestCase{"a moment", "at: yesterday", "a.test.yaml:4: tests[0].at: a moment is needed"},
        TestCase{"a duration", "patience: soon", "tests[0].patience: a duration is needed"},
        TestCase{"an entry that does nothing", "script: [{stage: A}]", "says nothing that is to happen"},
        TestCase{"an entry that does two things", "script: [{stage: A, judge: stop, patch: {}}]",
                 "does one thing"},
        TestCase{"a judgment of nobody's stage", "script: [{judge: stop}]", "say for whom it is: stage"},
        TestCase{"a decision", "script: [{stage: A, judge: maybe}]",
                 "'maybe' is none of continue, stop, nobody"},
        TestCase{"a stray key", "script: [{stage: A, judge: stop, url: x}]", "does not go with 'judge'"},
        TestCase{"an answer to nothing", "script: [{stage: A, answer: {}}]", "say for whom it is: operation"},
        TestCase{"a sort of failure", "script: [{operation: bake, fail: x, error: odd}]", "is none of"},
        TestCase{"an HTTP status", "script: [{stage: A, respond: 20}]", "an HTTP status is needed"},
        TestCase{"a mistyped key", "script: [{stage: A, respond: {boddy: 1}}]", "did you mean 'body'?"},
        TestCase{"a status", "expect: {status: GREEN}", "'GREEN' is no status"},
        TestCase{"a status of a stage", "expect: {stages: {A: GREEN}}",
                 "expect.stages.A.status: 'GREEN' is no status"},
        TestCase{"a regular expression", "expect: {message: {matches: '('}}", "matches: "},
        TestCase{"an operation's key", "expect: {operations: [{kin: x}]}", "did you mean 'kind'?"},
        TestCase{"a refusal and more", "expect: {refused: x, status: SUCCEEDED}",
                 "leaves nothing else to expect"}));

TEST(PipelineTestFile, RefusesWhatIsTooMuch) {
  EXPECT_THAT(refusal(std::string(5'000'000, '#')),
              HasSubstr("the file has 5.0 MB; at most 2.1 MB are read"));
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("nested deeper than"));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    laughs += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) laughs += fmt::format("{}*a{}", j ? ", " : "", i - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(refusal(laughs), HasSubstr("more than 200000 values"));
}

TEST(PipelineTestFile, ReadsATest) {
  const auto tests = parse_test_file(R"(
pipeline: {name: P, application: shop, stages: []}
cloud:
  accounts: {prod: {regions: [east, west]}}
  images: [i1]
  serverGroups: [{name: shop-v001, instances: 3, unhealthy: 1, region: west}]
tests:
  - &first
    name: one
    at: 2026-03-01T10:00:00+01:00
    parameters: {version: "007", count: 7}
    script: [{stage: 3, after: 2h 30m, judge: continue}]
  - <<: *first
    name: two
)",
                                     "a.test.yaml");
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_EQ(tests[0].at, *parse_moment("2026-03-01T09:00:00Z"));
  EXPECT_EQ(tests[0].parameters, base::parse_json(R"({"version": "007", "count": 7})", "this").as_object());
  EXPECT_EQ(tests[0].script[0].stage, "3");
  EXPECT_EQ(tests[0].script[0].after, 150min);
  EXPECT_EQ(tests[0].place.line, 8);
  EXPECT_EQ(tests[1].name, "two");
  EXPECT_EQ(tests[1].script.size(), 1U);
  const auto& holds = tests[0].scene->accounts.at(0).holds;
  EXPECT_EQ(holds.images.at(0).region, "east");
  EXPECT_EQ(holds.server_groups.at(0).instances.size(), 3U);
  EXPECT_EQ(holds.server_groups.at(0).instances[0].state, model::HealthState::down);
}

TEST(PipelineTestFile, UnderstandsTime) {
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("1d 2h30m 5s 10ms"), 24h + 150min + 5010ms);
  EXPECT_EQ(parse_duration("15"), 15s);
  for (const std::string_view bad : {"", "s", "1x", "-1s", "1 2", "999999999999999999d", "1h 3", "1e3s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  EXPECT_EQ(to_text(24h + 5s + 3ms), "1d 5s 3ms");
  EXPECT_EQ(to_text(0ms), "0s");
  for (const std::string_view bad : {"", "2026-13-01", "2026-01-05T25:00Z", "2026-01-05T10:00", "2026-02-30"})
    EXPECT_EQ(parse_moment(bad), std::nullopt) << bad;
}

json::object schema() {
  std::ifstream in(GENNAKER_SOURCE_DIR "/docs/pipeline-tests.schema.json");
  std::ostringstream text;
  text << in.rdbuf();
  return base::parse_json_object(text.str(), "the schema");
}

/// What an editor offers and what is read must not drift apart.
TEST(PipelineTestFile, SchemaKnowsTheSameKeys) {
  const json::object document = schema();
  const json::object& definitions = document.at("$defs").as_object();
  for (const Shape& shape : test_file_shapes()) {
    const auto* definition = base::find_object(definitions, shape.name);
    ASSERT_TRUE(definition) << shape.name;
    std::set<std::string> documented, known(shape.keys.begin(), shape.keys.end());
    for (const auto& property : definition->at("properties").as_object()) documented.insert(property.key());
    EXPECT_EQ(documented, known) << shape.name;
    EXPECT_EQ(definition->at("additionalProperties"), json::value(false)) << shape.name;
  }
}

}  // namespace
}  // namespace gennaker::rehearsal
