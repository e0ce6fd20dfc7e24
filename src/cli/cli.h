#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The command line of the one binary. Everything but what Programs lists speaks to a server through its HTTP
/// API.
namespace gennaker::cli {

/// What `gennaker serve` was told. Absent: not on the command line, so the config file decides.
struct ServeOptions {
  std::optional<std::string> address;
  std::optional<std::uint16_t> port;
  /// --data, else $GENNAKER_DATA, else ~/.local/share/gennaker (/var/lib/gennaker for root).
  std::string data_folder;
  bool data_folder_given = false;    ///< by --data or $GENNAKER_DATA
  std::optional<std::string> store;  ///< --store, else $GENNAKER_STORE; may hold a password
  std::string config_file;           ///< empty: none given
  std::optional<std::string> log_level;
};

/// What `gennaker test` was told.
struct TestOptions {
  std::vector<std::string> paths;  ///< files, or folders to look for them in
  std::string format = "text";     ///< text, junit or tap
  std::string file;                ///< where the report goes; empty: standard output
  std::string filter;              ///< only tests whose name contains it
  int jobs = 1;
  bool colours = false;
};

/// What `gennaker store copy FROM TO` was told: stores as --store takes them; may hold passwords.
struct StoreCopy {
  std::string from, to;
};

/// What `gennaker store backup STORE FILE` was told.
struct StoreBackup {
  std::string store, file;
};

/// Statuses that a script can rely on; `gennaker --help` and the README list them.
enum ExitCode : int {
  done = 0,
  failed = 1,        ///< the execution failed or was canceled, or the server refused the command
  usage = 2,         ///< the command line, or a file that it names, is wrong
  unreachable = 3,   ///< no answer from the server
  not_there = 4,     ///< application, pipeline, execution or stage
  interrupted = 130  ///< by Ctrl-C; an execution that was being watched goes on
};

/// What runs in this process, without a server. Each returns the exit status.
struct Programs {
  std::function<int(const ServeOptions&)> serve;
  /// `gennaker expression test FILE`. `file`: "-" is standard input.
  std::function<int(const std::string& file)> test_expressions;
  /// `gennaker test PATH...`
  std::function<int(const TestOptions&)> test_pipelines;
  /// `gennaker store copy FROM TO`
  std::function<int(const StoreCopy&)> copy_store;
  /// `gennaker store backup STORE FILE`
  std::function<int(const StoreBackup&)> back_up_store;
};

/// Runs `gennaker <command> ...` and returns its exit status.
int run(int argc, char** argv, const Programs& programs);

}  // namespace gennaker::cli
