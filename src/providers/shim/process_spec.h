#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::providers {

namespace json = boost::json;

/// What a shim runs and how: the content of `instance.json` in the instance's directory. The provider writes
/// it, the shim reads it.
struct ProcessSpec {
  std::vector<std::string> command;  ///< argv; the program is looked up in PATH unless it holds a '/'
  std::map<std::string, std::string> environment;  ///< the whole of it
  std::string directory;                           ///< where the command starts
  int memory_mb = 0;                               ///< 0: no limit
  int open_files = 0;                              ///< 0: as inherited
  std::chrono::milliseconds first_restart_delay{500};
  std::chrono::milliseconds longest_restart_delay{30'000};
  std::chrono::milliseconds restart_reset_after{60'000};  ///< up for so long: the delay starts again
  std::int64_t log_file_bytes = 10 * 1024 * 1024;
  int log_files = 5;                             ///< kept besides the one that is written
  std::chrono::milliseconds stop_grace{10'000};  ///< when the shim itself is asked to end
};

json::object to_json(const ProcessSpec& spec);
/// Throws base::Error `invalid`, naming the member.
ProcessSpec process_spec_of(const json::object& document);

/// Names inside an instance's directory.
inline constexpr std::string_view instance_file = "instance.json";
inline constexpr std::string_view shim_socket = "shim.sock";
inline constexpr std::string_view shim_lock = "shim.lock";
inline constexpr std::string_view output_log = "output.log";
/// In the environment of each process of an instance, with the instance's directory as its value: what tells
/// its processes from all others after a crash, when nothing else does.
inline constexpr std::string_view instance_variable = "GENNAKER_INSTANCE_DIRECTORY";

}  // namespace gennaker::providers
