#include "clients/docker/file_in_tar.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace gennaker::clients::docker {
namespace {

using ::testing::HasSubstr;

std::string entry(char type, const std::string& content) {
  std::string header(512, '\0');
  header.replace(0, 4, "file");
  header.replace(124, 11, fmt::format("{:011o}", content.size()));
  header[156] = type;
  header.replace(257, 5, "ustar");
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

std::string refusal(const std::string& tar, std::size_t limit = 1000) {
  FileInTar file("/out/result", limit);
  try {
    file.feed(tar);
  } catch (const base::Error& error) {
    return error.what();
  }
  return file.complete() ? "complete" : "incomplete";
}

TEST(FileInTar, ComesInWhateverPieces) {
  const std::string tar =
      entry('x', "30 mtime=1350244992.023960108\n") + entry('0', "rows=7\n") + std::string(1024, '\0');
  for (const std::size_t piece : {1, 7, 511, 512, 513, 100'000}) {
    FileInTar file("/out/result", 1000);
    for (std::size_t at = 0; at < tar.size(); at += piece) file.feed(std::string_view(tar).substr(at, piece));
    ASSERT_TRUE(file.complete()) << piece;
    EXPECT_EQ(file.take(), "rows=7\n") << piece;
  }
  EXPECT_EQ(refusal(entry('0', "")), "complete") << "an empty file is one";
  EXPECT_EQ(refusal(entry('0', "rows=7").substr(0, 515)), "incomplete");
}

TEST(FileInTar, RefusesWhatIsNoFileOfThatSize) {
  EXPECT_EQ(refusal(entry('5', "")), "'/out/result' is a directory, not a file");
  EXPECT_EQ(refusal(entry('2', "")), "'/out/result' is a link, not a file");
  EXPECT_EQ(refusal(entry('6', "")), "'/out/result' is not a regular file");
  EXPECT_EQ(refusal(entry('0', std::string(11, 'a')), 10), "'/out/result' is 11 bytes long; 10 is the most");
  EXPECT_THAT(refusal(std::string(600, 'a')), HasSubstr("does not come as a tar"));
  std::string large = entry('0', "");
  large[124] = static_cast<char>(0x80);
  EXPECT_EQ(refusal(large), "'/out/result' is too large");
  EXPECT_THAT(refusal(entry('x', std::string(70'000, 'a'))), HasSubstr("description"));
}

}  // namespace
}  // namespace gennaker::clients::docker
