#include "expressions/expressions.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "base/json.h"

namespace gennaker::expressions {
namespace {

json::value read_vectors() {
  std::ifstream file(std::string(GENNAKER_SOURCE_DIR) + "/src/expressions/testdata/vectors.json");
  std::ostringstream text;
  text << file.rdbuf();
  return base::parse_json(text.str(), "vectors.json");
}

TEST(Vectors, AllPass) {
  const VectorReport report = run_vectors(read_vectors());
  for (const std::string& difference : report.differences) ADD_FAILURE() << difference;
  EXPECT_EQ(report.passed + report.failed, 1350U);
}

}  // namespace
}  // namespace gennaker::expressions
