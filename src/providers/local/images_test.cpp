#include "providers/local/images.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "providers/local/image_tags.h"
#include "providers/shim/files.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

class LocalImages : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "gennaker-images-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    place_ = pattern;
    fs::create_directories(place_ / "source/lib");
    write("source/run", "#!/bin/sh\n");
    fs::permissions(place_ / "source/run", fs::perms::owner_all);
    write("source/lib/data", "data");
    fs::create_symlink("lib/data", place_ / "source/link");
  }
  void TearDown() override { remove_tree(place_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(place_ / name) << text; }
  BakeRequest request(const std::string& source, const std::string& version = "1.0") {
    return {.account = "local",
            .directory = place_ / "images",
            .name = "demo",
            .version = version,
            .source = place_ / source,
            .limit_bytes = 100'000,
            .now = base::from_millis(5)};
  }
  void shell(const std::string& command) {
    ASSERT_EQ(std::system(("cd '" + place_.string() + "' && " + command).c_str()), 0) << command;
  }
  std::string refusal(const BakeRequest& wanted) {
    try {
      bake_image(wanted);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::Kind::invalid) << error.what();
      EXPECT_EQ(names_in(wanted.directory).size(), 0U) << "a refused bake leaves nothing";
      return error.what();
    }
    ADD_FAILURE() << "not refused";
    return "";
  }

  fs::path place_;
};

TEST_F(LocalImages, AreNamedByTheirContent) {
  const Baked first = bake_image(request("source"));
  EXPECT_FALSE(first.previously_baked);
  EXPECT_TRUE(first.image.id.starts_with("demo-1.0-")) << first.image.id;
  const Baked again = bake_image(request("source"));
  EXPECT_TRUE(again.previously_baked);
  EXPECT_EQ(again.image.id, first.image.id);
  EXPECT_NE(bake_image(request("source", "2.0")).image.id, first.image.id);
  write("source/lib/data", "other");
  EXPECT_NE(bake_image(request("source")).image.id, first.image.id);
  fs::permissions(place_ / "source/lib/data", fs::perms::owner_all);
  EXPECT_EQ(names_in(place_ / "images").size(), 3U);
  EXPECT_FALSE(bake_image(request("source")).previously_baked) << "a program is another content than a file";
}

TEST_F(LocalImages, AreReadOnlyAndKeepProgramsAndLinks) {
  const Baked baked = bake_image(request("source"));
  const fs::path files = image_files(place_ / "images", baked.image.id);
  EXPECT_EQ(fs::status(files / "run").permissions(), fs::perms(0555));
  EXPECT_EQ(fs::status(files / "lib/data").permissions(), fs::perms(0444));
  EXPECT_EQ(fs::status(files / "lib").permissions(), fs::perms(0555));
  EXPECT_EQ(fs::read_symlink(files / "link"), "lib/data");
}

TEST_F(LocalImages, ComeFromTarballsToo) {
  const Baked folder = bake_image(request("source"));
  shell(
      "tar -C source -cf plain.tar . && tar -C source -czf packed.tar.gz . && "
      "tar -C source --format=pax -czf pax.tgz .");
  for (const char* name : {"plain.tar", "packed.tar.gz", "pax.tgz"}) {
    EXPECT_EQ(bake_image(request(name)).image.id, folder.image.id) << name << ": the same content";
  }
}

TEST_F(LocalImages, OfTarballsMayHaveLongNames) {
  const std::string name(120, 'n');
  fs::create_directories(place_ / "source" / name);
  write("source/" + name + "/" + name, "deep");
  const Baked folder = bake_image(request("source"));
  shell("tar -C source --format=gnu -cf gnu.tar . && tar -C source --format=pax -cf pax.tar .");
  EXPECT_EQ(bake_image(request("gnu.tar")).image.id, folder.image.id);
  EXPECT_EQ(bake_image(request("pax.tar")).image.id, folder.image.id);
}

TEST_F(LocalImages, AreLoadedAgainWithoutWhatIsUnfinished) {
  const Baked baked = bake_image(request("source"));
  fs::create_directories(place_ / "images/.baking-abc/files");
  fs::create_directories(place_ / "images/half");
  const auto images = load_images("local", place_ / "images");
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].id, baked.image.id);
  EXPECT_EQ(images[0].version, "1.0");
  EXPECT_EQ(base::to_millis(images[0].created_time), 5);
  EXPECT_FALSE(fs::exists(place_ / "images/.baking-abc"));
}

TEST_F(LocalImages, RefuseSourcesThatCannotBeBaked) {
  EXPECT_NE(refusal(request("missing")).find("settings.source: '"), std::string::npos);
  EXPECT_NE(refusal(request("source/lib/data")).find("neither a folder nor"), std::string::npos);
  auto nameless = request("source");
  nameless.name = "";
  EXPECT_NE(refusal(nameless).find("name: is needed"), std::string::npos);
  nameless.name = "../x";
  EXPECT_NE(refusal(nameless).find("bake: name"), std::string::npos);
  auto empty = request("source");
  empty.source = "";
  EXPECT_NE(refusal(empty).find("settings.source"), std::string::npos);
  auto large = request("source");
  large.limit_bytes = 3;
  EXPECT_NE(refusal(large).find("more than the 3 bytes"), std::string::npos);
  shell("mkfifo source/pipe");
  EXPECT_NE(refusal(request("source")).find("'pipe' is neither"), std::string::npos);
}

TEST_F(LocalImages, RefuseLinksThatLeadOut) {
  for (const char* target : {"/etc/passwd", "../../etc/passwd", ".."}) {
    fs::remove(place_ / "source/bad");
    fs::create_symlink(target, place_ / "source/bad");
    EXPECT_NE(refusal(request("source")).find("the link 'bad' leads out"), std::string::npos) << target;
  }
  fs::remove(place_ / "source/bad");
  // Each inside by its text, together outside.
  fs::create_symlink("..", place_ / "source/lib/up");
  fs::create_symlink("lib/up/..", place_ / "source/bad");
  EXPECT_NE(refusal(request("source")).find("leads out"), std::string::npos);
}

TEST_F(LocalImages, RefuseTarballsThatAreBad) {
  write("text.tar", "this is no archive");
  EXPECT_NE(refusal(request("text.tar")).find("is not a tar archive"), std::string::npos);
  write("empty.tar.gz", "");
  EXPECT_NE(refusal(request("empty.tar.gz")).find("is not a tar archive"), std::string::npos);
  shell("tar -C source -cf cut.tar . && truncate -s 1100 cut.tar");
  EXPECT_FALSE(refusal(request("cut.tar")).empty());
  shell("cp source/lib/data data && mkdir sub && tar -C sub -P -cf out.tar ../data");
  EXPECT_NE(refusal(request("out.tar")).find("leaves the archive"), std::string::npos);
  shell(
      "mkdir evil && ln -s /tmp evil/d && tar -C evil -cf evil.tar d && rm evil/d && mkdir evil/d && "
      "echo x > evil/d/f && tar -C evil -rf evil.tar d/f");
  EXPECT_NE(refusal(request("evil.tar")).find("through a link"), std::string::npos);
  shell("head -c 200000 /dev/zero > source/zeros && tar -C source -czf bomb.tar.gz .");
  EXPECT_NE(refusal(request("bomb.tar.gz")).find("more than the 100000 bytes"), std::string::npos);
}

TEST_F(LocalImages, KeepTheirTagsWhenTheyAreBakedAgain) {
  const std::string images = place_ / "images", id = bake_image(request("source")).image.id;
  save_image_tags(images, id, {{"tested", "yes"}});
  EXPECT_EQ(bake_image(request("source")).image.tags, (boost::json::object{{"tested", "yes"}}));
  const auto loaded = load_images("local", images);
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].tags.at("tested"), "yes");
}

TEST_F(LocalImages, GoWithTheirTags) {
  const std::string images = place_ / "images", id = bake_image(request("source")).image.id;
  save_image_tags(images, id, {{"tested", "yes"}});
  remove_image(images, id);
  EXPECT_EQ(load_images("local", images).size(), 0U);
  EXPECT_EQ(names_in(images).size(), 0U) << "nothing of it is left";
  EXPECT_TRUE(load_image_tags(images, id).empty());
  remove_image(images, id);  // once more does no harm
}

TEST_F(LocalImages, LieOnABaseImage) {
  const Baked base = bake_image(request("source"));
  fs::create_directories(place_ / "over/link");
  write("over/link/inside", "a folder where the base has a link");
  write("over/run", "another");
  BakeRequest over = request("over", "2.0");
  over.base_image = base.image.id;
  std::vector<std::string> said;
  const Baked baked = bake_image(over, [&](std::string_view line) { said.emplace_back(line); });
  const fs::path files = image_files(over.directory, baked.image.id);
  EXPECT_EQ(read_file(files / "lib/data"), "data");
  EXPECT_EQ(read_file(files / "run"), "another");
  EXPECT_EQ(read_file(files / "link/inside"), "a folder where the base has a link");
  EXPECT_EQ(read_file(fs::path(image_files(over.directory, base.image.id)) / "run"), "#!/bin/sh\n");
  ASSERT_EQ(said.size(), 4u);
  EXPECT_EQ(said[0], "Base image: " + base.image.id);
  EXPECT_EQ(said[2].substr(0, 14), "Files: 3, with");
  shell("tar -C over -cf over.tar .");
  over.source = place_ / "over.tar";
  EXPECT_EQ(bake_image(over).image.id, baked.image.id) << "a tarball is as good";
}

TEST_F(LocalImages, OfOneSourceHaveOneDigest) {
  const std::string before = digest_of_source(request("source"));
  fs::copy(place_ / "source", place_ / "copy", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  EXPECT_EQ(digest_of_source(request("copy")), before);
  write("copy/lib/data", "date");
  EXPECT_NE(digest_of_source(request("copy")), before);
  fs::permissions(place_ / "source/run", fs::perms::owner_read);
  EXPECT_NE(digest_of_source(request("source")), before) << "it is no program any more";
  EXPECT_THROW(digest_of_source(request("none")), base::Error);
}

}  // namespace
}  // namespace gennaker::providers::local
