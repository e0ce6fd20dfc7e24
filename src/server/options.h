#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace gennaker::server {

/// How a server is run: from the command line, the environment and the configuration file.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8084;
  std::filesystem::path data = "data";  ///< the store, images, server groups
  std::filesystem::path config;         ///< YAML; empty: none
  std::string log_level = "info";
};

/// Serves until SIGINT or SIGTERM. Returns the exit status.
/// Throws base::Error when it cannot start; the message says what to do.
int serve(const Options& options);

}  // namespace gennaker::server
