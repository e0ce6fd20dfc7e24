#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "cli/cli.h"
#include "expressions/expressions.h"
#include "providers/shim/shim.h"
#include "server/config_file.h"
#include "server/options.h"
#include "server/pipeline_tests.h"
#include "server/store_commands.h"

namespace gennaker::server {
namespace {

/// The command line wins over the configuration file.
Options options_of(const cli::ServeOptions& given) {
  Options options;
  options.data = given.data_folder;
  if (!given.config_file.empty()) read_config_file(given.config_file, options);
  if (given.data_folder_given) options.data = given.data_folder;
  if (given.store) options.store = *given.store;
  if (given.address) options.address = *given.address;
  if (given.port) options.port = *given.port;
  if (given.log_level) options.log_level = *given.log_level;
  return options;
}

int serve_as_told(const cli::ServeOptions& given) {
  try {
    return serve(options_of(given));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gennaker serve: %s\n", error.what());
    return cli::failed;
  }
}

/// Prints each difference and "N passed, N failed".
int test_expressions(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file);
    if (!in)
      throw base::Error(base::Kind::invalid, fmt::format("{} cannot be read", file), {{"usage", true}});
    text << in.rdbuf();
  }
  const expressions::VectorReport report = expressions::run_vectors(text.str());
  for (const std::string& difference : report.differences) std::cout << difference;
  std::cout << fmt::format("{} passed, {} failed\n", report.passed, report.failed);
  return report.failed == 0 ? cli::done : cli::failed;
}

}  // namespace
}  // namespace gennaker::server

int main(int argc, char** argv) {
  // The shims are many and must be light: they begin before anything else does.
  if (argc > 1 && std::string_view(argv[1]) == "shim") return gennaker::providers::run_shim(argc, argv);
  return gennaker::cli::run(argc, argv,
                            {.serve = gennaker::server::serve_as_told,
                             .test_expressions = gennaker::server::test_expressions,
                             .test_pipelines = gennaker::server::test_pipelines,
                             .copy_store = gennaker::server::copy_store,
                             .back_up_store = gennaker::server::back_up_store});
}
