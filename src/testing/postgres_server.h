#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gennaker::testing {

/// A program that ends with this process, even when that is killed. Root gives it to a user of less power,
/// since databases refuse to run as root.
class Servant {
 public:
  Servant() = default;
  ~Servant() { stop(9); }
  Servant(const Servant&) = delete;
  Servant& operator=(const Servant&) = delete;

  /// Its output is appended to `log`.
  void start(const std::vector<std::string>& command, const std::filesystem::path& log);
  /// Sends the signal and waits until it has ended.
  void stop(int signal);
  /// Starts it and waits for its end; throws std::runtime_error with its output when it fails.
  static void run(const std::vector<std::string>& command, const std::filesystem::path& log);

 private:
  pid_t pid_ = -1;
};

/// A PostgreSQL with a data directory and a socket of its own; nothing of it is left at the end. It has the
/// user "gennaker", who may do nothing but own databases.
class PostgresServer {
 public:
  /// Without syncs it survives whatever happens to it but the end of the machine, and is quicker.
  enum class Sync { on, off };
  explicit PostgresServer(Sync sync);
  ~PostgresServer();

  const std::filesystem::path& folder() const { return folder_; }
  void start();
  enum class Stop { in_order, as_by_power_failure };
  void stop(Stop how);

 private:
  std::filesystem::path folder_;
  Sync sync_;
  Servant postgres_;
};

/// PgBouncer in transaction mode before a PostgreSQL, with fewer connections to it than there are clients.
class PgBouncer {
 public:
  /// `folder`: that of the PostgresServer.
  explicit PgBouncer(const std::filesystem::path& folder);

 private:
  Servant bouncer_;
};

/// The URL of a database of the server with that folder, directly or through its PgBouncer.
enum class Way { direct, pooled };
std::string postgres_url(const std::filesystem::path& folder, const std::string& database,
                         Way way = Way::direct);
/// Creates it for "gennaker" unless it is there. Database names are lower case letters, digits and _.
void need_database(const std::filesystem::path& folder, const std::string& database);
/// Runs statements as the superuser.
void run_as_superuser(const std::filesystem::path& folder, const std::string& database,
                      const std::string& sql);

}  // namespace gennaker::testing
