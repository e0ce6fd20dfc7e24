#include "net/sse.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

std::string text(const std::vector<SseEvent>& events) {
  std::string out;
  for (const auto& e : events) out += "[" + e.event + "|" + e.id + "|" + e.data + "]";
  return out;
}

TEST(SseEventText, CutsDataIntoLines) {
  EXPECT_EQ(sse_event("execution", "17", "{}"), "event: execution\nid: 17\ndata: {}\n\n");
  EXPECT_EQ(sse_event("reset", std::nullopt, "a\nb\r\nc"), "event: reset\ndata: a\ndata: b\ndata: c\n\n");
  EXPECT_EQ(sse_comment("alive"), ": alive\n\n");
}

TEST(SseReading, IsTheInverseHoweverTheBytesAreCut) {
  const auto bytes = "\xEF\xBB\xBF: hello\r\n\r\n" + sse_event("execution", "17", "a\nb") + sse_comment("x") +
                     "data:no space\rdata\r\r" + sse_event("e", "", "") +
                     "retry: 5\nid: 9\n\ndata: last\r\n\r\n";
  const std::string expected = "[execution|17|a\nb][message|17|no space\n][e||][message|9|last]";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    SseReader reader;
    std::string seen;
    for (std::size_t i = 0; i < bytes.size(); i += step) seen += text(reader.feed(bytes.substr(i, step)));
    ASSERT_EQ(seen, expected) << "in steps of " << step;
    EXPECT_EQ(reader.last_id(), "9");
  }
}

TEST(SseReading, RefusesAnEndlessEvent) {
  SseReader reader;
  const std::string piece(1024 * 1024, 'x');
  EXPECT_THROW(
      {
        for (int i = 0; i < 20; ++i) reader.feed(piece);
      },
      base::Error);
}

}  // namespace
}  // namespace gennaker::net
