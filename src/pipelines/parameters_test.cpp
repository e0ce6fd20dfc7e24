#include "pipelines/parameters.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "testing/builders.h"

namespace gennaker::pipelines {
namespace {

struct Case {
  std::string_view name, declared, given, refused;  ///< refused: part of the message; none: accepted
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class Parameters : public ::testing::TestWithParam<Case> {};

json::object config_of(std::string_view declared) {
  return testing::object(R"({"parameterConfig": [)" + std::string(declared) + "]}");
}

TEST_P(Parameters, AreCheckedForThoseWhoCanBeTold) {
  const json::object config = config_of(GetParam().declared), given = testing::object(GetParam().given);
  std::string message, field;
  try {
    resolve_parameters(config, given, StartedBy::somebody);
  } catch (const base::Error& error) {
    message = error.what();
    field = base::string_or(error.details(), "field", "");
  }
  EXPECT_EQ(message.empty(), GetParam().refused.empty()) << message;
  EXPECT_NE(message.find(GetParam().refused), std::string::npos) << message;
  if (!message.empty()) {
    EXPECT_TRUE(field.starts_with("parameter")) << field;
  }
  EXPECT_NO_THROW(resolve_parameters(config, given, StartedBy::automatically));
}

constexpr auto colour =
    R"({"name": "colour", "hasOptions": true, "options": [{"value": "red"}, {"value": "blue"}, {"value": 7}]})";
constexpr auto day = R"({"name": "day", "constraint": "date"})";
constexpr auto required = R"({"name": "version", "required": true})";
constexpr auto conditional = R"({"name": "kind"}, {"name": "why", "required": true, "conditional": true,
                                 "condition": {"parameter": "kind", "comparator": "=", "comparatorValue": "hot"}})";

INSTANTIATE_TEST_SUITE_P(
    Starts, Parameters,
    ::testing::Values(
        Case{"one of the options", colour, R"({"colour": "blue"})", ""},
        Case{"a number for an option", colour, R"({"colour": "7"})", ""},
        Case{"none of the options", colour, R"({"colour": "pink"})",
             "parameter colour: 'pink' is not one of its options: red, blue, 7"},
        Case{"an option left out", colour, R"({})", ""},
        Case{"an option left empty", colour, R"({"colour": ""})", ""},
        Case{"missing", required, R"({})", "Required parameter version is missing"},
        Case{"null", required, R"({"version": null})", "Required parameter version is missing"},
        Case{"blank", required, R"({"version": " "})", "Required parameter version is missing"},
        Case{"false is a value", required, R"({"version": false})", ""},
        Case{"a date", day, R"({"day": "2028-02-29"})", ""},
        Case{"no such day", day, R"({"day": "2026-02-29"})", "'2026-02-29' is not a date such as"},
        Case{"a date in other words", day, R"({"day": "tomorrow"})", "parameter day: 'tomorrow'"},
        Case{"a date with more behind", day, R"({"day": "2028-02-29T00:00"})", "is not a date"},
        Case{"not asked for", conditional, R"({"kind": "cold"})", ""},
        Case{"asked for", conditional, R"({"kind": "hot"})", "Required parameter why is missing"},
        Case{"undeclared ones", required, R"({"version": 1, "more": [1]})", ""},
        Case{"odd declarations", R"(7, {"name": ""}, {"hasOptions": true}, "x")", R"({})", ""}));

TEST(ParameterDefaults, FillWhatIsNotGivenAndNullIsGiven) {
  const json::object config =
      config_of(R"({"name": "a", "default": "x"}, {"name": "b", "default": 2}, {"name": "c"})");
  EXPECT_EQ(resolve_parameters(config, testing::object(R"({"b": null, "d": 4})"), StartedBy::somebody),
            testing::object(R"({"a": "x", "b": null, "d": 4})"));
}

TEST(ParameterDefaults, ADefaultSatisfiesWhatIsRequiredAndIsCheckedToo) {
  EXPECT_NO_THROW(resolve_parameters(config_of(R"({"name": "a", "required": true, "default": "x"})"), {},
                                     StartedBy::somebody));
  EXPECT_THROW(resolve_parameters(config_of(R"({"name": "a", "constraint": "date", "default": "x"})"), {},
                                  StartedBy::somebody),
               base::Error);
  EXPECT_THROW(resolve_parameters(testing::object(R"({"parameterConfig": {}})"), {}, StartedBy::somebody),
               base::Error);
}

}  // namespace
}  // namespace gennaker::pipelines
