#include "clients/docker/tar.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "net/test_server.h"

namespace gennaker::clients::docker {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Tar : public ::testing::Test {
 protected:
  Tar() {
    std::string pattern = (fs::temp_directory_path() / "gennaker-tar-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    place_ = pattern;
    fs::create_directories(place_ / "in");
  }
  ~Tar() override { fs::remove_all(place_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((place_ / "in" / name).parent_path());
    std::ofstream(place_ / "in" / name, std::ios::binary) << text;
  }
  static std::string all_of(const net::BodySource& source) {
    std::string text;
    for (;;) {
      const std::string piece = net::testing::run(source());
      if (piece.empty()) return text;
      text += piece;
    }
  }
  std::string failure(const net::BodySource& source) {
    try {
      all_of(source);
      return "";
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }
  /// Unpacks with the system's tar.
  fs::path unpacked(const std::string& tar) {
    std::ofstream(place_ / "x.tar", std::ios::binary) << tar;
    fs::create_directories(place_ / "out");
    const std::string command = fmt::format("tar -C '{0}/out' -xf '{0}/x.tar'", place_.native());
    EXPECT_EQ(std::system(command.c_str()), 0);
    return place_ / "out";
  }
  static std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path place_;
  boost::asio::thread_pool pool_{1};
};

TEST_F(Tar, HoldsFilesDirectoriesAndLinks) {
  const std::string deep = std::string(60, 'a') + "/" + std::string(60, 'b') + "/file";
  const std::string large(300'001, 'x');
  write("one", "1");
  write("empty", "");
  write("block", std::string(512, 'b'));
  write("large", large);
  write(deep, "deep");
  fs::permissions(place_ / "in/one", fs::perms(0755));
  fs::create_symlink("one", place_ / "in/link");
  fs::create_symlink(deep, place_ / "in/long-link");
  fs::create_directory(place_ / "in/none");
  const auto out = unpacked(all_of(tar_of(pool_, place_ / "in")));
  EXPECT_EQ(text_of(out / "one"), "1");
  EXPECT_EQ(fs::status(out / "one").permissions(), fs::perms(0755));
  EXPECT_EQ(fs::file_size(out / "empty"), 0U);
  EXPECT_EQ(text_of(out / "block"), std::string(512, 'b'));
  EXPECT_EQ(text_of(out / "large"), large);
  EXPECT_EQ(text_of(out / deep), "deep");
  EXPECT_EQ(fs::read_symlink(out / "link"), "one");
  EXPECT_EQ(fs::read_symlink(out / "long-link"), deep);
  EXPECT_TRUE(fs::is_directory(out / "none"));
  const auto modified = [](const fs::path& path) {
    return std::chrono::floor<std::chrono::seconds>(fs::last_write_time(path));
  };
  EXPECT_EQ(modified(out / "one"), modified(place_ / "in/one"));
}

TEST_F(Tar, NamesWhatCannotBeRead) {
  EXPECT_THAT(failure(tar_of(pool_, place_ / "gone")), HasSubstr("gone' cannot be read as a directory"));
  EXPECT_THAT(failure(bytes_of(pool_, place_ / "gone")), HasSubstr("gone' cannot be read: No such file"));
  EXPECT_THAT(failure(bytes_of(pool_, place_ / "in")), HasSubstr("invalid: "));
  ASSERT_EQ(mkfifo((place_ / "in/pipe").c_str(), 0600), 0);
  EXPECT_THAT(failure(tar_of(pool_, place_ / "in")), HasSubstr("pipe' is neither file, directory nor link"));
}

TEST_F(Tar, GivesAFileAsItIs) {
  write("file", std::string(200'000, 'y'));
  write("empty", "");
  EXPECT_EQ(all_of(bytes_of(pool_, place_ / "in/file")), std::string(200'000, 'y'));
  EXPECT_EQ(all_of(bytes_of(pool_, place_ / "in/empty")), "");
}

}  // namespace
}  // namespace gennaker::clients::docker
