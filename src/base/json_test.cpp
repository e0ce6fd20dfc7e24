#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gennaker::base {
namespace {

TEST(JsonText, KeepsNumbersReadable) {
  EXPECT_EQ(
      to_text(parse_json(R"({"a":1,"b":1.0,"c":1.5,"d":-0.25,"e":1e30,"f":18446744073709551615})", "x")),
      R"({"a":1,"b":1.0,"c":1.5,"d":-0.25,"e":1e+30,"f":18446744073709551615})");
}

TEST(JsonText, EscapesWhatMustBe) {
  EXPECT_EQ(to_text(json::value("a\"b\\c\n\x01")), "\"a\\\"b\\\\c\\n\\u0001\"");
}

TEST(JsonText, WhatIsNoUtf8CanBeReadAllTheSame) {
  const auto written = [](std::string_view text) { return to_text(json::value(text)); };
  EXPECT_EQ(written("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(written("M\xfcller"), R"("M\ufffdller")") << "Latin-1";
  EXPECT_EQ(written("\xe2\x82"), R"("\ufffd\ufffd")") << "cut off";
  EXPECT_EQ(written("\xc0\xaf"), R"("\ufffd\ufffd")") << "longer than it must be";
  EXPECT_EQ(written("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "half of a pair";
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second), 'x'};
      EXPECT_NO_THROW(parse_json(written(bytes), "text")) << first << " " << second;
    }
  }
}

TEST(ParseJson, SaysWhatIsWrong) {
  const auto message = [](std::string_view text, JsonLimits limits = {}) -> std::string {
    try {
      parse_json(text, "the request", limits);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::invalid);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("{} "), "");
  EXPECT_NE(message("{\"a\":}").find("the request is not valid JSON"), std::string::npos);
  EXPECT_NE(message("").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message("{} x").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message("[[[1]]]", {.bytes = 100, .depth = 2}).find("deeper than 2"), std::string::npos);
  EXPECT_NE(message("[1,2,3]", {.bytes = 3, .depth = 2}).find("limit is 3 bytes"), std::string::npos);
}

TEST(Members, AcceptWhatClientsSend) {
  const auto object = parse_json_object(R"({"n":"3","m":3.0,"b":"TRUE","l":"a, b","x":["c",1]})", "x");
  EXPECT_EQ(whole_number(object, "n"), 3);
  EXPECT_EQ(whole_number(object, "m"), 3);
  EXPECT_EQ(whole_number(object, "b"), std::nullopt);
  EXPECT_EQ(bool_member(object, "b"), true);
  EXPECT_EQ(string_list(object, "l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(string_list(object, "x"), (std::vector<std::string>{"c", "1"}));
}

}  // namespace
}  // namespace gennaker::base
