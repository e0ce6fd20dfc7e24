#include "expressions/expressions.h"

#include <boost/json/parse.hpp>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace gennaker::expressions {
namespace {

std::string read_vectors(const std::string& name = "vectors.json") {
  std::ifstream file(std::string(GENNAKER_SOURCE_DIR) + "/src/expressions/testdata/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Vectors, AllPass) {
  const VectorReport report = run_vectors(read_vectors());
  for (const std::string& difference : report.differences) ADD_FAILURE() << difference;
  EXPECT_EQ(report.passed + report.failed, 1350U);
}

/// Found by comparing with Spring's SpEL 6.2.19, and by fuzzing.
TEST(Vectors, CornersPass) {
  const VectorReport report = run_vectors(read_vectors("corners.json"));
  for (const std::string& difference : report.differences) ADD_FAILURE() << difference;
  EXPECT_EQ(report.failed, 0U);
}

// ---- What must not hurt ----

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

struct Hostile {
  std::string name, text;
};
void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}
class HostileText : public testing::TestWithParam<Hostile> {};

TEST_P(HostileText, IsAnErrorAndNothingElse) {
  const json::object names = json::parse(R"({"l": [1], "m": {}})").as_object();
  const Evaluation evaluation = evaluate({{"v", GetParam().text}}, of_names(names));
  EXPECT_EQ(evaluation.document.at("v").as_string(), GetParam().text) << "it stays as it is written";
  EXPECT_EQ(evaluation.failed, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, HostileText,
    testing::Values(Hostile{"brackets", "${" + repeated("(", 4000) + "1" + repeated(")", 4000) + "}"},
                    Hostile{"lists in lists", "${" + repeated("{", 4990) + repeated("}", 4990) + "}"},
                    Hostile{"indexes", "${" + repeated("[", 4990) + repeated("]", 4990) + "}"},
                    Hostile{"nots", "${" + repeated("!", 9000) + "true}"},
                    Hostile{"ternaries", "${" + repeated("1?", 3000) + "1" + repeated(":1", 3000) + "}"},
                    Hostile{"a megabyte", "${'" + repeated("x", 1'000'000) + "'}"},
                    Hostile{"too many steps",
                            "${{1,2,3,4,5,6,7,8,9}.![{1,2,3,4,5,6,7,8,9}.![{1,2,3,4,5,6,7,8,9}.![{1,2,3,4,"
                            "5,6,7,8,9}.![#this * 1]]]]}"},
                    Hostile{"a huge text", "${'a'.repeat(2147483647)}"},
                    Hostile{"a huge indentation", "${'a'.indent(2147483647)}"},
                    Hostile{"a huge array", "${new int[2147483647]}"},
                    Hostile{"a pattern that explodes", "${'a'.replaceAll('(a{1,1000}){1,1000}','')}"},
                    Hostile{"a list that holds itself", "${l.add(l)} ${l}"},
                    Hostile{"its text", "${l.add(l)} ${l.toString()}"},
                    Hostile{"its JSON", "${l.add(l)} ${#toJson(l)}"},
                    Hostile{"a map that holds itself", "${m.x = m}"},
                    Hostile{"the root within itself", "${#root.x = #root}"},
                    Hostile{
                        "one list a million times",
                        "${l.add(l.subList(0,1)) and l.addAll(l) and l.addAll(l)} ${#a={l,l,l,l,l,l,l,l}} "
                        "${#b={#a,#a,#a,#a,#a,#a,#a,#a}} ${#c={#b,#b,#b,#b,#b,#b,#b,#b}} "
                        "${#d={#c,#c,#c,#c,#c,#c,#c,#c}} ${#e={#d,#d,#d,#d,#d,#d,#d,#d}} "
                        "${#f={#e,#e,#e,#e,#e,#e,#e,#e}} ${#f.toString()}"},
                    Hostile{"deep JSON", "${#readJson('" + repeated("[", 5000) + "')}"},
                    Hostile{"deep YAML", "${#readYaml('" + repeated("[", 5000) + "')}"},
                    Hostile{"a YAML that closes nothing", "${#readAllYaml(', 4}')}"},
                    Hostile{"a YAML that holds itself", "${#readYaml('a: &a [*a]')}"}));

TEST(Expressions, TakeTimeInStepWithTheirLength) {
  const json::object names;
  const std::string sum = "${" + repeated("1+", 4900) + "1}";
  EXPECT_EQ(evaluate_text(sum, of_names(names)).value.as_int64(), 4901);
  const std::string many = repeated("${1}", 20'000);
  EXPECT_EQ(evaluate_text(many, of_names(names)).value.as_string().size(), 20'000U);
  EXPECT_FALSE(evaluate_text("${('a' * 250 + '!') matches '(a+)+$'}", of_names(names)).value.as_bool());
}

// ---- Explaining ----

model::Execution execution() {
  model::Execution made;
  made.id = "e1";
  made.application = "shop";
  made.trigger = json::parse(R"({"parameters": {"env": "prod"}})").as_object();
  model::Stage bake{.id = "s1", .ref_id = "1", .type = "bake", .name = "Bake"};
  bake.outputs["image"] = "shop-7";
  model::Stage deploy{.id = "s2", .ref_id = "2", .type = "deploy", .name = "Deploy", .requisites = {"1"}};
  deploy.context["cluster"] = "shop-main";
  made.stages = {bake, deploy};
  return made;
}

TEST(Explain, SaysWhereNamesWereFound) {
  const model::Execution run = execution();
  const auto found = explain("${image}-${cluster} for ${parameters.env}", of_stage(run, run.stages[1]));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].value, "shop-7");
  EXPECT_EQ(found[0].type, "String");
  EXPECT_EQ(found[0].names.at(0).where, "outputs of stage 'Bake'");
  EXPECT_EQ(found[1].names.at(0).where, "this stage's context");
  EXPECT_EQ(found[2].names.at(0).name, "parameters");
}

TEST(Explain, SaysWhatWasMeant) {
  const model::Execution run = execution();
  const auto found = explain("${clustr.size()}", of_stage(run, run.stages[1]));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "EL1011E");
  EXPECT_EQ(found[0].suggestion, "cluster");
  ASSERT_TRUE(found[0].column);
  EXPECT_EQ(*found[0].column, 8U);
}

TEST(Explain, SaysWhichStageWasMeant) {
  const model::Execution run = execution();
  const auto found = explain("${#stage('Bakee').outputs.image}", of_stage(run, run.stages[1]));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "EL1023E");
  EXPECT_EQ(found[0].suggestion, "Bake");
}

TEST(Explain, ShowsWhatWasWritten) {
  const model::Execution run = execution();
  const auto found = explain("${#stage('Bake').nope.x}", of_stage(run, run.stages[1]));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].expression, "#stage('Bake').nope.x");
  ASSERT_TRUE(found[0].column);
  EXPECT_EQ(found[0].expression.substr(*found[0].column - 1, 4), "nope");
}

TEST(Explain, SaysWhyATextCannotBeParsed) {
  const auto broken = check_syntax("a ${1 +} b");
  ASSERT_TRUE(broken);
  EXPECT_NE(broken->message.find("EL1042E"), std::string::npos);
  EXPECT_EQ(broken->text, "a ${1 +} b");
  EXPECT_EQ(*broken->column, 7U);
  EXPECT_FALSE(check_syntax("${1 + 1}"));
  EXPECT_EQ(stages_named_in("${#stage('Bake').outputs.x + #stage(name).y}"),
            std::vector<std::string>{"Bake"});
}

// ---- Advice ----

struct Tried {
  std::string_view text, advice;
};
void PrintTo(const Tried& tried, std::ostream* out) {
  *out << tried.text;
}
class TriedInVain : public testing::TestWithParam<Tried> {};

TEST_P(TriedInVain, SaysWhatToWriteInstead) {
  const json::object names = json::parse(R"({"l": [1], "m": {"a": 1}})").as_object();
  const auto found = explain(GetParam().text, of_names(names));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].error.find(GetParam().advice), std::string::npos) << found[0].error;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, TriedInVain,
    testing::Values(Tried{"${m.get('a')}", "map['key']"}, Tried{"${l.get(0)}", "list[0]"},
                    Tried{"${m.getOrDefault('a', 1)}", "?:"}, Tried{"${l.stream()}", ".?["},
                    Tried{"${T(java.time.DayOfWeek).MONDAY}", "valueOf('MONDAY')"},
                    Tried{"${T(Integer).MAX_VALUE}", "write its value"},
                    Tried{"${m.?[key == 'a']}", "map['key']"}, Tried{"${#stagee('x')}", "#stage?"},
                    Tried{"${'ab' matches 'a(?=b).'}", "look-ahead"},
                    Tried{"${'x' + {a: 1} + {{a: 1}}}", "#toJson"}));

TEST(Explain, NotesTheTextsThatHoldAMark) {
  const json::object names{{"call", json::object{{"body", "<?body>"}, {"status", 200}}}, {"plain", "x"}};
  const Options options{.noted_mark = "<?"};
  const auto noted = [&](std::string_view text) {
    return explain(text, of_names(names), options).at(0).noted;
  };
  EXPECT_EQ(noted("${call.body == 'x' ? 1 : 2}"), std::vector<std::string>{"<?body>"});
  EXPECT_EQ(noted("${call.body.version}"), std::vector<std::string>{"<?body>"}) << "a failure, too";
  EXPECT_TRUE(noted("${call.status + plain}").empty());
}

TEST(Explain, TellsWhyATextCannotBeParsedThatOnlyItsRewritingBreaks) {
  const json::object names;
  const auto found = explain("${$deployedServerGroups}", of_names(names));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].error.empty());
  EXPECT_TRUE(stages_named_in("${$deployedServerGroups + #stage('s1').name}").empty());
}

TEST(Dates, TheFirstDayThatThereIsHasItsTime) {
  const json::object names;
  const auto found = evaluate_text(
      "${new java.text.SimpleDateFormat('HH:mm:ss.SSS').format(new java.util.Date(-9223372036854775807L))}",
      of_names(names));
  EXPECT_EQ(found.value, "16:47:04.193");
}

TEST(Dates, YearsThatNoCalendarHoldsAreHarmless) {
  const json::object names;
  const auto found =
      evaluate_text("${new java.text.SimpleDateFormat('yyyy-MM-dd').parse('20242147483647-02-29').getTime()}",
                    of_names(names));
  EXPECT_TRUE(found.value.is_number() || !found.summary.empty());
}

}  // namespace
}  // namespace gennaker::expressions
