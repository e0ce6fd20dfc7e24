#include <cstdio>
#include <exception>
#include <string_view>

#include "cli/cli.h"
#include "providers/local/shim.h"
#include "server/config_file.h"
#include "server/options.h"

namespace gennaker::server {
namespace {

/// The command line wins over the configuration file.
Options options_of(const cli::ServeOptions& given) {
  Options options;
  options.data = given.data_folder;
  if (!given.config_file.empty()) read_config_file(given.config_file, options);
  if (given.data_folder_given) options.data = given.data_folder;
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

}  // namespace
}  // namespace gennaker::server

int main(int argc, char** argv) {
  // The shims are many and must be light: they begin before anything else does.
  if (argc > 1 && std::string_view(argv[1]) == "shim")
    return gennaker::providers::local::run_shim(argc, argv);
  return gennaker::cli::run(argc, argv, gennaker::server::serve_as_told);
}
