#include "expressions/expressions.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace gennaker::expressions {
namespace {

std::string read_vectors() {
  std::ifstream file(std::string(GENNAKER_SOURCE_DIR) + "/src/expressions/testdata/vectors.json");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Vectors, AllPass) {
  const VectorReport report = run_vectors(read_vectors());
  for (const std::string& difference : report.differences) ADD_FAILURE() << difference;
  EXPECT_EQ(report.passed + report.failed, 1350U);
}

}  // namespace
}  // namespace gennaker::expressions
