#include "base/digest.h"

#include <gtest/gtest.h>

namespace gennaker::base {
namespace {

TEST(Sha256, IsWhatTheStandardSays) {
  // FIPS 180-2, appendix B.1; and of nothing.
  Sha256 abc;
  abc.add("a");
  abc.add("bc");
  EXPECT_EQ(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace gennaker::base
