#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"
#include "clusters/operations.h"
#include "programs.h"
#include "providers/docker/docker_provider.h"

/// The provider with two real Podmans as its hosts, a real HAProxy and a real registry.
namespace gennaker::providers::docker {

using namespace std::chrono_literals;
using clients::docker::free_port;
using clients::docker::Place;
using clients::docker::Podman;
using clients::docker::Registry;
using model::HealthState;
namespace asio = base::asio;
namespace fs = std::filesystem;
namespace json = boost::json;

inline constexpr auto patience = 60s;

void write(const fs::path& path, const std::string& text);

/// A context for a build: BusyBox's web server, which answers /health, and / with the version that it was
/// built with.
void make_source(const fs::path& place, const std::string& version);

/// The body of an answer of 200; else empty.
std::string get(int port);

/// Asks again and again, on a connection each, until it is stopped.
class Traffic {
 public:
  explicit Traffic(int port);
  ~Traffic() { stop(); }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  void stop();
  int sent() const { return sent_; }
  int failed() const { return failed_; }

 private:
  std::atomic<bool> stopped_ = false;
  std::atomic<int> sent_ = 0, failed_ = 0;
  std::thread thread_;
};

Registry& registry();

class DockerProviderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    a_ = std::make_unique<Podman>(registry().address());
    b_ = std::make_unique<Podman>(registry().address());
  }
  static void TearDownTestSuite() {
    a_.reset();
    b_.reset();
  }

  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    DockerAccount account{.name = test->name(), .environment = "test"};
    account.hosts = {{.name = "a", .address = {.host = a_->host()}},
                     {.name = "b", .address = {.host = b_->host()}}};
    account.registries = {{.address = registry().address(), .username = "ann", .password = "secret"}};
    account_ = account.name;
    options_.accounts = {account};
    options_.data_directory = place_.path();
    options_.shim_program = {GENNAKER_PROGRAM, "shim"};
    options_.first_port = 20'000 + (getpid() % 80) * 100;
    options_.last_port = options_.first_port + 99;
    options_.drain_timeout = 5s;
    open();
  }
  void TearDown() override {
    if (!provider_) open();
    for (const auto& group : snapshot().server_groups) {
      perform(clusters::destroy_server_group(key(), ref(group.name)));
    }
    for (const auto& balancer : snapshot().load_balancers) {
      perform(clusters::delete_load_balancer(key(), account_, "docker", balancer.name));
    }
    close(true);
  }

  /// A new provider, as after a restart of the server.
  void open() {
    loop_ = std::make_unique<asio::io_context>();
    http_ = std::make_unique<net::Client>();
    provider_ = std::make_unique<DockerProvider>(loop_->get_executor(), options_, *http_, clock_, bake_log_);
    run(provider_->start());
  }
  /// `kindly` through stop(), else as by SIGKILL.
  void close(bool kindly) {
    if (kindly) run(provider_->stop());
    provider_.reset();
    http_.reset();  // before the loop that its calls would be answered on
    loop_.reset();
  }

  template <class T>
  T run(base::Async<T> work) {
    std::exception_ptr failed;
    bool ended = false;
    if constexpr (std::is_void_v<T>) {
      asio::co_spawn(*loop_, std::move(work), [&](std::exception_ptr error) {
        failed = error;
        ended = true;
      });
      while (!ended) loop_->run_one();
      if (failed) std::rethrow_exception(failed);
    } else {
      std::optional<T> result;
      asio::co_spawn(*loop_, std::move(work), [&](std::exception_ptr error, T value) {
        failed = error;
        if (!error) result = std::move(value);
        ended = true;
      });
      while (!ended) loop_->run_one();
      if (failed) std::rethrow_exception(failed);
      return std::move(*result);
    }
  }
  json::object perform(const model::Operation& operation) { return run(provider_->perform(operation)); }
  std::string refusal(const model::Operation& operation) {
    try {
      const auto answer = perform(operation);
      ADD_FAILURE() << "not refused: " << json::serialize(answer);
      return "";
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }
  clusters::Snapshot snapshot() { return run(provider_->watch(account_, 0)); }
  model::ServerGroup group(const std::string& name) {
    for (const auto& found : snapshot().server_groups) {
      if (found.name == name) return found;
    }
    return {};
  }
  std::string told(const model::ServerGroup& group) {
    std::string text;
    for (const auto& instance : group.instances) {
      text += fmt::format("{} in {}: {}", instance.id, instance.zone, model::to_string(instance.state));
      for (const auto& health : instance.health)
        text += fmt::format("; {}: {}", health.type, health.description);
      text += "\n";
    }
    return text;
  }
  void await(const std::string& what, const std::function<bool()>& condition) {
    const base::TimePoint end = clock_.now() + patience;
    while (!condition()) {
      if (clock_.now() > end) {
        std::string all;
        for (const auto& one : snapshot().server_groups) all += told(one);
        FAIL() << "in vain: " << what << "\n" << all;
      }
      loop_->run_one_for(20ms);
    }
  }
  void await_healthy(const std::string& name, std::size_t count) {
    await(fmt::format("{} healthy instances of {}", count, name), [&] {
      const auto found = group(name);
      return found.instances.size() == count &&
             std::all_of(found.instances.begin(), found.instances.end(),
                         [](const auto& one) { return one.state == HealthState::up; });
    });
  }
  model::Instance instance(const std::string& group_name, const std::string& id) {
    for (const auto& found : group(group_name).instances) {
      if (found.id == id) return found;
    }
    return {};
  }
  base::TimePoint launched(const std::string& group_name, int index) {
    const auto found = instance(group_name, fmt::format("{}-{}", group_name, index));
    return found.launch_time.value_or(base::TimePoint{});
  }
  std::vector<std::string> zones(const std::string& name) {
    std::vector<std::string> zones;
    for (const auto& instance : group(name).instances) zones.push_back(instance.zone);
    return zones;
  }

  clusters::BakeSpec bake_spec(const std::string& version, json::object settings = {}) {
    return {.account = account_,
            .region = "docker",
            .name = "shop",
            .version = version,
            .settings = std::move(settings)};
  }
  json::object bake_answer(const std::string& version, json::object settings = {}) {
    const fs::path source = place_.path() / ("source-" + version);
    make_source(source, version);
    settings["source"] = source.string();
    return perform(clusters::bake(key(), bake_spec(version, std::move(settings))));
  }
  std::string bake(const std::string& version) {
    return std::string(bake_answer(version).at("imageId").as_string());
  }
  int balance() {
    const int port = free_port();
    perform(clusters::upsert_load_balancer(key(), account_, "docker", "shop", {{"port", port}}));
    return port;
  }
  clusters::ServerGroupSpec spec(const std::string& image, int count) {
    return {.account = account_,
            .region = "docker",
            .moniker = {.app = "shop", .stack = "main"},
            .image_id = image,
            .capacity = {.min = count, .max = count, .desired = count},
            .settings = {{"network", "host"},
                         {"stopGraceMs", 0},
                         {"healthCheck", {{"path", "/health"}, {"intervalMs", 200}}}}};
  }
  std::string create(const std::string& key, const clusters::ServerGroupSpec& wanted) {
    const auto answer = perform(clusters::create_server_group(key, wanted));
    return std::string(answer.at("serverGroupName").as_string());
  }
  clusters::ServerGroupRef ref(const std::string& name) const { return {account_, "docker", name}; }
  clusters::InstancesRef instances(std::vector<std::string> ids) const {
    return {account_, "docker", std::move(ids)};
  }
  std::string key() { return fmt::format("key-{}", ++keys_); }
  /// Names of containers of this account, on both hosts.
  std::vector<std::string> containers() {
    std::vector<std::string> names;
    for (const Podman* podman : {a_.get(), b_.get()}) {
      engine::Engine engine(*http_, clock_, {.host = podman->host()});
      const engine::ContainerFilter filter{.labels = {"gennaker.account=" + account_}};
      for (const auto& one : run(engine.list_containers(filter))) names.push_back(one.names.front());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static inline std::unique_ptr<Podman> a_, b_;
  Place place_;
  std::unique_ptr<net::Client> http_;
  base::SystemClock clock_;
  /// What the provider said about its bakes, one thread's.
  class Lines final : public bakery::BakeLog {
   public:
    void write(std::string_view, std::string_view lines) override { text += std::string(lines) + "\n"; }
    std::string text;
  } bake_log_;
  DockerOptions options_;
  std::string account_;
  std::unique_ptr<asio::io_context> loop_;
  std::unique_ptr<DockerProvider> provider_;
  int keys_ = 0;
};

}  // namespace gennaker::providers::docker
