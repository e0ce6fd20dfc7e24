#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gennaker::server {

/// The accounts of the local provider and what they may use.
struct LocalOptions {
  std::vector<std::string> accounts = {"local"};
  std::uint16_t first_port = 28'000, last_port = 29'999;  ///< for instances; both included
  std::filesystem::path haproxy = "/usr/sbin/haproxy";
};

/// Clouds in memory, for trying pipelines out and for measuring; each account begins empty with every start.
struct SimulatedOptions {
  std::vector<std::string> accounts;
  std::vector<std::string> regions = {"here"};
};

/// How a server is run: from the command line, the environment and the configuration file.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8084;
  std::filesystem::path data = "data";  ///< the store unless it is elsewhere, images, server groups
  std::string store;                    ///< see open_store.h; may hold a password
  std::string log_level = "info";
  std::vector<std::string> allowed_origins;  ///< of web pages besides our own: "https://deck.example.com"
  LocalOptions local;
  boost::json::object docker;  ///< as written: see providers/docker/options.h
  SimulatedOptions simulated;
  boost::json::object bakery;                     ///< as written: see bakery/base_images.h
  std::string time_zone = "America/Los_Angeles";  ///< of execution windows, as in the tz database
  std::map<std::string, bool> pause_toggles;      ///< what toggleablePause stages wait for while it is on
  boost::json::object executions;                 ///< as written: see execution_settings.h
  boost::json::object tasks;                      ///< as written: see task_settings.h
  boost::json::object deployment_monitor;         ///< as written: see stages/deployment_monitor/options.h
  boost::json::object job;                        ///< as written: see stages/run_job/preconfigured.h
  boost::json::object webhook;                    ///< as written: what it means is the webhook stage's to say
};

/// Serves until SIGINT or SIGTERM. Returns the exit status.
/// Throws base::Error when it cannot start; the message says what to do.
int serve(const Options& options);

}  // namespace gennaker::server
