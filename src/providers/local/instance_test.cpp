#include <filesystem>
#include <gtest/gtest.h>

#include "base/error.h"
#include "providers/health/health_check.h"
#include "providers/shim/files.h"
#include "providers/shim/rotating_log.h"
#include "providers/shim/shim_client.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

TEST(LocalHealthCheck, JudgesStatusLines) {
  EXPECT_EQ(judge_status_line("HTTP/1.1 200 OK\r\n"), std::nullopt);
  EXPECT_EQ(judge_status_line("HTTP/1.0 302 Found\r\n"), std::nullopt);
  EXPECT_EQ(judge_status_line("HTTP/1.1 503 Service Unavailable\r\n"), "HTTP 503");
  EXPECT_EQ(judge_status_line("HTTP/1.1 404\r\n"), "HTTP 404");
  EXPECT_EQ(judge_status_line("SSH-2.0-OpenSSH"), "the answer is not HTTP");
  EXPECT_EQ(judge_status_line(""), "the answer is not HTTP");
  EXPECT_EQ(judge_status_line("HTTP/1.1 abc"), "the answer is not HTTP");
}

TEST(ShimStatus, SaysWhyItDoesNotRun) {
  const auto running = shim_status_of(R"({"state":"running","pid":7,"restarts":2,"startedAt":5,"exits":[]})");
  EXPECT_TRUE(running.running);
  EXPECT_EQ(running.pid, 7);
  EXPECT_EQ(why_not_running(running), "");
  const auto waiting = shim_status_of(
      R"({"state":"waiting","restarts":2,"restartAt":3000,"exits":[{"at":1,"signal":9},{"at":1000,"status":3}]})");
  EXPECT_FALSE(waiting.running);
  EXPECT_EQ(why_not_running(waiting), "exited with status 3, restarting in 2 s");
  const auto killed =
      shim_status_of(R"({"state":"waiting","restartAt":1500,"exits":[{"at":1000,"signal":9}]})");
  EXPECT_EQ(why_not_running(killed), "was ended by signal 9, restarting in 0.5 s");
  const auto said = shim_status_of(
      R"({"state":"waiting","restartAt":1500,"exits":[{"at":1000,"status":1,"lastWords":"no such table"}]})");
  EXPECT_EQ(why_not_running(said), "exited with status 1 (no such table), restarting in 0.5 s");
  EXPECT_THROW(shim_status_of("nonsense"), base::Error);
}

class LocalFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "gennaker-files-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    place_ = pattern;
  }
  void TearDown() override { remove_tree(place_); }
  std::string place_;
};

TEST_F(LocalFiles, LogIsRotated) {
  const std::string path = place_ + "/log";
  {
    RotatingLog log(path, 10, 2);
    log.append("0123456789abcdefghij");
    log.append("klm");
  }
  EXPECT_EQ(read_file(path), "klm");
  EXPECT_EQ(read_file(path + ".1"), "abcdefghij");
  EXPECT_EQ(read_file(path + ".2"), "0123456789");
  {
    RotatingLog log(path, 10, 2);  // goes on where the last one ended
    log.append("nopqrstuv");
  }
  EXPECT_EQ(read_file(path), "uv");
  EXPECT_EQ(read_file(path + ".1"), "klmnopqrst");
  EXPECT_EQ(read_file(path + ".3"), std::nullopt);
  EXPECT_EQ(read_end(path + ".1", 3), "rst");
}

TEST_F(LocalFiles, LogWithoutOldFilesStartsAgain) {
  RotatingLog log(place_ + "/log", 4, 0);
  log.append("abcdefg");
  EXPECT_EQ(read_file(place_ + "/log"), "efg");
  EXPECT_EQ(names_in(place_), std::vector<std::string>{"log"});
}

TEST_F(LocalFiles, FilesAreReplacedWhole) {
  const std::string path = place_ + "/file";
  EXPECT_EQ(read_file(path), std::nullopt);
  write_atomically(path, "one");
  write_atomically(path, "two");
  EXPECT_EQ(read_file(path), "two");
  EXPECT_EQ(names_in(place_), std::vector<std::string>{"file"});
  EXPECT_THROW(write_atomically(place_ + "/none/file", "x"), base::Error);
  EXPECT_THROW(read_json_file(path), base::Error);
}

TEST_F(LocalFiles, StartOfAShimThatFailsSaysWhy) {
  try {
    start_shim({"/bin/sh", "-c", "echo no luck >&2; exit 1"}, place_);
    FAIL() << "not refused";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("no luck"), std::string::npos) << error.what();
  }
  EXPECT_THROW(start_shim({"/nowhere/program"}, place_), base::Error);
}

}  // namespace
}  // namespace gennaker::providers::local
