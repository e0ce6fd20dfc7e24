#include "providers/local/local_provider.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "providers/local/account.h"
#include "providers/shim/files.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;

constexpr int pool_threads = 4;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Kind::invalid, "provider 'local': " + why);
}

LocalOptions checked(LocalOptions options) {
  if (options.data_directory.empty()) refuse("a data directory is needed");
  if (options.shim_program.empty() || !options.shim_program[0].starts_with('/')) {
    refuse("the shim's program is needed by its whole path");
  }
  in_addr address{};
  if (inet_pton(AF_INET, options.address.c_str(), &address) != 1) {
    refuse(fmt::format("address: '{}' is not an IPv4 address", options.address));
  }
  if (options.first_port < 1 || options.last_port > 65535 || options.first_port > options.last_port) {
    refuse(fmt::format("ports: {} to {} is not a range of ports", options.first_port, options.last_port));
  }
  std::set<std::string> names;
  for (const LocalAccount& account : options.accounts) {
    if (!haproxy::is_proxy_name(account.name) || account.name.starts_with('.')) {
      refuse(fmt::format("account '{}': letters, digits, '.', '_' and '-' make a name", account.name));
    }
    if (!names.insert(account.name).second) refuse(fmt::format("account '{}' is there twice", account.name));
  }
  make_directories(options.data_directory + "/local");
  // The shims know their directories by their real names.
  options.data_directory = std::filesystem::canonical(options.data_directory);
  return options;
}

/// Held for the provider's life; released by the kernel when the server dies.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& data_directory) {
    const std::string path = data_directory + "/local/lock";
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    if (fd_ >= 0) close(fd_);
    throw Error(Kind::conflict, fmt::format("{}: another server uses this data directory", data_directory));
  }
  ~DirectoryLock() { close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace

class LocalProvider::Parts {
 public:
  Parts(asio::any_io_executor executor, LocalOptions given, const base::Clock& clock,
        bakery::BakeLog& bake_log)
      : options(checked(std::move(given))),
        lock(options.data_directory),
        pool(pool_threads),
        ground{std::move(executor), pool, clock, options.shim_program} {
    for (const LocalAccount& account : options.accounts) {
      accounts.emplace(account.name, std::make_unique<Account>(ground, options, account, ports, bake_log));
    }
  }

  Account& find(const std::string& name) {
    const auto found = accounts.find(name);
    if (found != accounts.end()) return *found->second;
    throw Error(Kind::not_found, fmt::format("provider 'local' has no account '{}'", name));
  }

  LocalOptions options;
  DirectoryLock lock;
  asio::thread_pool pool;
  Ground ground;
  ReservedPorts ports;
  std::map<std::string, std::unique_ptr<Account>> accounts;
};

LocalProvider::LocalProvider(asio::any_io_executor executor, LocalOptions options, const base::Clock& clock,
                             bakery::BakeLog& bake_log)
    : parts_(std::make_unique<Parts>(std::move(executor), std::move(options), clock, bake_log)) {}

LocalProvider::~LocalProvider() = default;

std::vector<model::Account> LocalProvider::accounts() const {
  std::vector<model::Account> accounts;
  for (const LocalAccount& account : parts_->options.accounts) {
    accounts.push_back({.name = account.name,
                        .provider = "local",
                        .environment = account.environment,
                        .regions = {"local"}});
  }
  return accounts;
}

model::Capabilities LocalProvider::capabilities() const {
  return {.terminate_instances = true,
          .reboot_instances = true,
          .register_instances = true,
          .partial_traffic = true,
          .launch_changes = true,
          .server_group_tags = true,
          .image_tags = true,
          .delete_images = true,
          .jobs = true,
          .platform_health = "Local"};
}

Async<void> LocalProvider::start() {
  for (const auto& [name, account] : parts_->accounts) co_await account->start();
}

Async<void> LocalProvider::stop() {
  for (const auto& [name, account] : parts_->accounts) co_await account->stop();
  parts_->pool.join();  // it answers to an executor that may go when this returns
}

Async<clusters::Snapshot> LocalProvider::watch(std::string account, std::uint64_t known) {
  co_return co_await parts_->find(account).watch(known);
}

Async<json::object> LocalProvider::perform(model::Operation operation) {
  Account& account = parts_->find(operation.account);
  co_return co_await account.perform(std::move(operation));
}

Async<json::object> LocalProvider::bake_inputs(model::Operation operation) {
  Account& account = parts_->find(operation.account);
  co_return co_await account.bake_inputs(std::move(operation));
}

Async<std::string> LocalProvider::console_output(std::string account, std::string id) {
  co_return co_await parts_->find(account).console_output(std::move(id));
}

Async<std::string> LocalProvider::job_file(std::string account, std::string job_id, std::string name) {
  co_return co_await parts_->find(account).job_file(std::move(job_id), std::move(name));
}

}  // namespace gennaker::providers::local
