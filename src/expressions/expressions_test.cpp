#include "expressions/expressions.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace gennaker::expressions {
namespace {

class ObjectRoot final : public Root {
 public:
  explicit ObjectRoot(json::object names) : names_(std::move(names)) {}
  const json::value* find(std::string_view name) const override { return names_.if_contains(name); }

 private:
  json::object names_;
};

struct Case {
  std::string_view name, text, value, failed;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class EvaluateText : public testing::TestWithParam<Case> {};

TEST_P(EvaluateText, ResolvesPaths) {
  const ObjectRoot root(base::parse_json_object(
      R"({"parameters":{"version":"1.2","count":3,"a-b":true},"trigger":{"tags":["x","y"]}})", "root"));
  const auto result = evaluate_text(GetParam().text, root);
  EXPECT_EQ(base::to_text(result.value), GetParam().value);
  EXPECT_EQ(result.summary.contains(GetParam().failed), !GetParam().failed.empty());
  EXPECT_EQ(result.summary.empty(), GetParam().failed.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Texts, EvaluateText,
    testing::Values(Case{"no expression", "plain", R"("plain")", ""},
                    Case{"a text", "${parameters.version}", R"("1.2")", ""},
                    Case{"a number keeps its type", "${ parameters.count }", "3", ""},
                    Case{"joined", "v${parameters.version} x${parameters.count}", R"("v1.2 x3")", ""},
                    Case{"a name in quotes", "${parameters['a-b']}", "true", ""},
                    Case{"an element", "${trigger.tags[1]}", R"("y")", ""},
                    Case{"a list", "${trigger.tags}", R"(["x","y"])", ""},
                    Case{"an unknown name", "${nothing.here}", R"("${nothing.here}")", "${nothing.here}"},
                    Case{"an unknown member", "a ${parameters.none}", R"("a ${parameters.none}")",
                         "${parameters.none}"},
                    Case{"no syntax", "${parameters.}", R"("${parameters.}")", "${parameters.}"}));

TEST(Evaluate, WalksKeysAndValues) {
  const ObjectRoot root(base::parse_json_object(R"({"p":{"k":"key"}})", "root"));
  const auto document = base::parse_json_object(R"({"${p.k}":[{"x":"${p.k}"}]})", "document");
  EXPECT_EQ(base::to_text(evaluate(document, root).document), R"({"key":[{"x":"key"}]})");
}

}  // namespace
}  // namespace gennaker::expressions
