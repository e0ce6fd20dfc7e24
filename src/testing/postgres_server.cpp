#include "testing/postgres_server.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/postgres/connection.h"

namespace gennaker::testing {
namespace {

namespace fs = std::filesystem;
using store::postgres::Address;
using store::postgres::Connection;
using store::postgres::Statement;

const fs::path programs = "/usr/lib/postgresql/15/bin";
constexpr std::chrono::seconds patience{60};

/// Whom root runs a database as; nullptr: whoever runs this.
const passwd* unprivileged_user() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  return user != nullptr ? user : getpwnam("nobody");
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// As the superuser, as soon as it answers.
Connection superuser(const fs::path& folder, const std::string& database) {
  const Address address(
      fmt::format("postgresql://postgres@/{}?host={}&port=5432", database, folder.string()));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    try {
      return Connection(address, patience);
    } catch (const base::Error&) {
      if (std::chrono::steady_clock::now() > until) throw;
    }
    poll(nullptr, 0, 20);
  }
}

}  // namespace

void Servant::start(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<std::string> words{"setpriv", "--pdeathsig", "KILL"};
  if (const passwd* user = unprivileged_user()) {
    for (const auto& word : {fmt::format("--reuid={}", user->pw_uid), fmt::format("--regid={}", user->pw_gid),
                             std::string("--clear-groups")})
      words.push_back(word);
  }
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  const int failed = posix_spawnp(&pid_, "setpriv", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start setpriv: install util-linux");
}

void Servant::stop(int signal) {
  if (pid_ < 0) return;
  kill(pid_, signal);
  waitpid(std::exchange(pid_, -1), nullptr, 0);
}

void Servant::run(const std::vector<std::string>& command, const fs::path& log) {
  Servant servant;
  servant.start(command, log);
  int status = 0;
  waitpid(std::exchange(servant.pid_, -1), &status, 0);
  if (status == 0) return;
  throw std::runtime_error(fmt::format("{} failed (./dev setup installs postgresql-15 and pgbouncer):\n{}",
                                       command.front(), text_of(log)));
}

PostgresServer::PostgresServer(Sync sync) : sync_(sync) {
  std::string pattern = (fs::temp_directory_path() / "gennaker-postgres-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  folder_ = pattern;
  if (const passwd* user = unprivileged_user()) {
    if (chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("cannot give away a directory");
  }
  Servant::run({programs / "initdb", "--pgdata", folder_ / "data", "--username=postgres", "--auth=trust",
                "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"},
               folder_ / "initdb.log");
  start();
  run_as_superuser(folder_, "postgres", "CREATE ROLE gennaker LOGIN");
}

PostgresServer::~PostgresServer() {
  postgres_.stop(SIGQUIT);
  fs::remove_all(folder_);
}

void PostgresServer::start() {
  postgres_.start(
      {programs / "postgres", "-D", folder_ / "data", "-k", folder_, "-p", "5432", "-c",
       "listen_addresses=", "-c", "max_wal_size=2GB", "-c", sync_ == Sync::on ? "fsync=on" : "fsync=off"},
      folder_ / "postgres.log");
  superuser(folder_, "postgres");
}

void PostgresServer::stop(Stop how) {
  postgres_.stop(how == Stop::in_order ? SIGINT : SIGQUIT);
}

PgBouncer::PgBouncer(const fs::path& folder) {
  const fs::path config = folder / "pgbouncer.ini";
  std::ofstream(config) << fmt::format(
      "[databases]\n* = host={0} port=5432 user=gennaker\n"
      "[pgbouncer]\nlisten_addr =\nunix_socket_dir = {0}\nlisten_port = 6432\nauth_type = any\n"
      "pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\n",
      folder.string());
  bouncer_.start({"/usr/sbin/pgbouncer", config}, folder / "pgbouncer.log");
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!fs::exists(folder / ".s.PGSQL.6432")) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("PgBouncer did not start:\n" + text_of(folder / "pgbouncer.log"));
    poll(nullptr, 0, 20);
  }
}

std::string postgres_url(const fs::path& folder, const std::string& database, Way way) {
  return fmt::format("postgresql://gennaker@/{}?host={}&port={}", database, folder.string(),
                     way == Way::pooled ? 6432 : 5432);
}

void need_database(const fs::path& folder, const std::string& database) {
  Connection connection = superuser(folder, "postgres");
  Statement search("SELECT count(*) FROM pg_database WHERE datname = $1");
  search.text(database);
  if (connection.run(search).integer(0, 0) > 0) return;
  connection.run(fmt::format("CREATE DATABASE {} OWNER gennaker", database));
}

void run_as_superuser(const fs::path& folder, const std::string& database, const std::string& sql) {
  superuser(folder, database).run_script(sql);
}

}  // namespace gennaker::testing
