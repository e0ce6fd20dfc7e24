#include "stages/restrict_execution_window/window.h"

#include <date/tz.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/error.h"
#include "testing/builders.h"

namespace gennaker::stages {
namespace {

const std::string pacific = "America/Los_Angeles";

ExecutionWindow window(std::string_view text) {
  auto read = read_window(testing::object(text));
  EXPECT_TRUE(std::holds_alternative<ExecutionWindow>(read)) << std::get<std::string>(read);
  return std::get<ExecutionWindow>(read);
}

std::string problem(std::string_view text) {
  auto read = read_window(testing::object(text));
  return std::holds_alternative<std::string>(read) ? std::get<std::string>(read) : "";
}

base::TimePoint utc(const std::string& text) {
  date::sys_time<std::chrono::milliseconds> time;
  std::istringstream(text) >> date::parse("%F %T", time);
  return base::TimePoint(time.time_since_epoch());
}

std::string text_of(std::optional<base::TimePoint> time) {
  if (!time) return "never";
  return date::format("%F %T",
                      date::sys_time<std::chrono::seconds>(
                          std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch())));
}

std::string opens(std::string_view hours, const std::string& now, const std::string& zone = "UTC") {
  return text_of(next_opening(window(hours), zone, utc(now)));
}

constexpr auto working_hours =
    R"({"days": [2,3,4,5,6], "whitelist": [{"startHour": 9, "startMin": 30, "endHour": 16, "endMin": 0}]})";

TEST(ExecutionWindow, InsideItIsNow) {
  EXPECT_EQ(opens(working_hours, "2026-11-24 10:00:00"), "2026-11-24 10:00:00");
  EXPECT_EQ(opens(working_hours, "2026-11-24 09:30:00"), "2026-11-24 09:30:00");
  EXPECT_EQ(opens(working_hours, "2026-11-24 16:00:59"), "2026-11-24 16:00:59")
      << "the last minute belongs to it";
}

TEST(ExecutionWindow, BeforeItIsTodayAndAfterItTheNextAllowedDay) {
  EXPECT_EQ(opens(working_hours, "2026-11-24 03:00:00"), "2026-11-24 09:30:00");
  EXPECT_EQ(opens(working_hours, "2026-11-24 16:01:00"), "2026-11-25 09:30:00");
  EXPECT_EQ(opens(working_hours, "2026-11-27 17:00:00"), "2026-11-30 09:30:00") << "over the weekend";
}

TEST(ExecutionWindow, DaysAloneOpenAtMidnightInTheZone) {
  EXPECT_EQ(opens(R"({"days": [4]})", "2026-11-24 20:00:00", pacific), "2026-11-25 08:00:00");
  EXPECT_EQ(opens(R"({"days": ["4"]})", "2026-11-25 12:00:00", pacific), "2026-11-25 12:00:00");
}

TEST(ExecutionWindow, HoursOverMidnightNeedTheNewDayToo) {
  constexpr auto night = R"({"whitelist": [{"startHour": 22, "endHour": 2}], "days": [3]})";  // Tuesday
  EXPECT_EQ(opens(night, "2026-11-24 23:00:00"), "2026-11-24 23:00:00");
  EXPECT_EQ(opens(night, "2026-11-25 01:00:00"), "2026-12-01 00:00:00") << "Wednesday is not allowed";
  EXPECT_EQ(opens(R"({"whitelist": [{"startHour": "22", "endHour": "2"}]})", "2026-11-25 01:00:00"),
            "2026-11-25 01:00:00");
  EXPECT_EQ(opens(R"({"whitelist": [{"startHour": 10, "startMin": 30, "endHour": 10, "endMin": 15}]})",
                  "2026-11-25 11:00:00"),
            "2026-11-25 11:00:00")
      << "minutes count too";
}

TEST(ExecutionWindow, ClocksThatChange) {
  // 2026-03-08: 02:00 becomes 03:00 in Los Angeles; 2026-11-01: 02:00 becomes 01:00.
  constexpr auto at_two = R"({"whitelist": [{"startHour": 2, "startMin": 30, "endHour": 4}]})";
  EXPECT_EQ(opens(at_two, "2026-03-08 09:00:00", pacific), "2026-03-08 10:00:00")
      << "at the change, not at 3:30";
  constexpr auto at_one = R"({"whitelist": [{"startHour": 1, "startMin": 0, "endHour": 1, "endMin": 59}]})";
  EXPECT_EQ(opens(at_one, "2026-11-01 07:00:00", pacific), "2026-11-01 08:00:00");
  EXPECT_EQ(opens(at_one, "2026-11-01 09:30:00", pacific), "2026-11-01 09:30:00") << "the hour comes twice";
  EXPECT_EQ(opens(at_one, "2026-11-01 10:00:00", pacific), "2026-11-02 09:00:00");
}

TEST(ExecutionWindow, WhatIsWrongNamesTheField) {
  EXPECT_EQ(problem("{}"), "restrictedExecutionWindow: needs hours (whitelist), days, or both");
  EXPECT_EQ(problem(R"({"days": [8]})"),
            "restrictedExecutionWindow.days: 1 (Sunday) to 7 (Saturday) are days, 8 is not");
  EXPECT_EQ(
      problem(R"({"whitelist": [{"startHour": "noon"}]})"),
      "restrictedExecutionWindow.whitelist[0].startHour: a number from 0 to 24 is needed, not \"noon\"");
  EXPECT_EQ(problem(R"({"days": [1], "jitter": {"enabled": true, "minDelay": 9, "maxDelay": 3}})"),
            "restrictedExecutionWindow.jitter.maxDelay: must not be below minDelay");
}

TEST(ExecutionWindow, AnUnknownZoneIsRefused) {
  EXPECT_THROW(check_time_zone("Mars/Olympus", "executionWindow.timeZone"), base::Error);
  EXPECT_NO_THROW(check_time_zone("Europe/Berlin", "executionWindow.timeZone"));
}

}  // namespace
}  // namespace gennaker::stages
