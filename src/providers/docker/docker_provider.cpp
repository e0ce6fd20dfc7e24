#include "providers/docker/docker_provider.h"

#include "base/error.h"
#include "providers/docker/account.h"

namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

constexpr int pool_threads = 2;

void check(const DockerOptions& options) {
  const auto refuse = [](const std::string& why) { throw Error(Kind::invalid, "provider 'docker': " + why); };
  if (options.data_directory.empty()) refuse("a data directory is needed");
  if (options.shim_program.empty() || !options.shim_program[0].starts_with('/')) {
    refuse("the shim's program is needed by its whole path");
  }
}

}  // namespace

class DockerProvider::Parts {
 public:
  Parts(asio::any_io_executor executor, DockerOptions given, net::Client& http, const base::Clock& clock,
        bakery::BakeLog& bake_log)
      : options(std::move(given)),
        pool(pool_threads),
        ground{std::move(executor), pool, clock, options.shim_program} {
    check(options);
    for (const DockerAccount& account : options.accounts) {
      accounts.emplace(account.name, std::make_unique<Account>(ground, options, account, http, bake_log));
    }
  }

  Account& find(const std::string& name) {
    const auto found = accounts.find(name);
    if (found != accounts.end()) return *found->second;
    throw Error(Kind::not_found, fmt::format("provider 'docker' has no account '{}'", name));
  }

  const DockerOptions options;
  asio::thread_pool pool;
  const Ground ground;
  std::map<std::string, std::unique_ptr<Account>> accounts;
};

DockerProvider::DockerProvider(asio::any_io_executor executor, DockerOptions options, net::Client& http,
                               const base::Clock& clock, bakery::BakeLog& bake_log)
    : parts_(std::make_unique<Parts>(std::move(executor), std::move(options), http, clock, bake_log)) {}

DockerProvider::~DockerProvider() = default;

std::vector<model::Account> DockerProvider::accounts() const {
  std::vector<model::Account> accounts;
  for (const DockerAccount& account : parts_->options.accounts) {
    accounts.push_back(parts_->accounts.at(account.name)->describe());
  }
  return accounts;
}

model::Capabilities DockerProvider::capabilities() const {
  return {.terminate_instances = true,
          .reboot_instances = true,
          .register_instances = true,
          .partial_traffic = true,
          .launch_changes = true,
          .server_group_tags = true,
          .jobs = true,
          .platform_health = "Docker"};
}

Async<void> DockerProvider::start() {
  for (const auto& [name, account] : parts_->accounts) co_await account->start();
}

Async<void> DockerProvider::stop() {
  for (const auto& [name, account] : parts_->accounts) co_await account->stop();
  parts_->pool.join();  // it answers to an executor that may go when this returns
}

Async<clusters::Snapshot> DockerProvider::watch(std::string account, std::uint64_t known) {
  co_return co_await parts_->find(account).watch(known);
}

Async<json::object> DockerProvider::perform(model::Operation operation) {
  Account& account = parts_->find(operation.account);
  co_return co_await account.perform(std::move(operation));
}

Async<json::object> DockerProvider::bake_inputs(model::Operation operation) {
  Account& account = parts_->find(operation.account);
  co_return co_await account.bake_inputs(std::move(operation));
}

Async<std::string> DockerProvider::console_output(std::string account, std::string instance_id) {
  co_return co_await parts_->find(account).console_output(std::move(instance_id));
}

Async<std::string> DockerProvider::job_file(std::string account, std::string job_id, std::string name) {
  co_return co_await parts_->find(account).job_file(std::move(job_id), std::move(name));
}

}  // namespace gennaker::providers::docker
