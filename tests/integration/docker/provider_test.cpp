#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "clusters/operations.h"
#include "programs.h"
#include "providers/docker/docker_provider.h"

/// The provider with two real Podmans as its hosts, a real HAProxy and a real registry.
namespace gennaker::providers::docker {
namespace {

using namespace std::chrono_literals;
using clients::docker::free_port;
using clients::docker::Place;
using clients::docker::Podman;
using clients::docker::Registry;
using model::HealthState;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace asio = base::asio;
namespace fs = std::filesystem;
namespace json = boost::json;

constexpr auto patience = 60s;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// BusyBox's web server: answers /health, and / with the version that it was built with.
void make_source(const fs::path& place, const std::string& version) {
  fs::create_directories(place / "rootfs/bin");
  fs::copy_file("/bin/busybox", place / "rootfs/bin/busybox", fs::copy_options::skip_existing);
  for (const auto* name : {"sh", "httpd", "sleep", "echo"}) {
    if (!fs::is_symlink(place / "rootfs/bin" / name)) {
      fs::create_symlink("busybox", place / "rootfs/bin" / name);
    }
  }
  write(place / "rootfs/www/health", "fine\n");
  write(place / "rootfs/www/index.html", version);
  write(place / "Containerfile",
        "FROM scratch\nCOPY rootfs/ /\nENV PATH=/bin\n"
        "CMD [\"sh\", \"-c\", \"echo here; exec httpd -f -p 127.0.0.1:$PORT -h /www\"]\n");
}

/// The body of an answer of 200; else empty.
std::string get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  static constexpr std::string_view request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
  if (connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char bytes[4096];
    for (ssize_t n = recv(fd, bytes, sizeof bytes, 0); n > 0; n = recv(fd, bytes, sizeof bytes, 0)) {
      answer.append(bytes, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  const auto head = answer.find("\r\n\r\n");
  if (answer.find(" 200 ") == std::string::npos || head == std::string::npos) return "";
  return answer.substr(head + 4);
}

Registry& registry() {
  static Registry registry;
  return registry;
}

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
    provider_ = std::make_unique<DockerProvider>(loop_->get_executor(), options_, http_, clock_, bake_log_);
    run(provider_->start());
  }
  /// `kindly` through stop(), else as by SIGKILL.
  void close(bool kindly) {
    if (kindly) run(provider_->stop());
    provider_.reset();
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
  std::string key() { return fmt::format("key-{}", ++keys_); }
  /// Names of containers of this account, on both hosts.
  std::vector<std::string> containers() {
    std::vector<std::string> names;
    for (const Podman* podman : {a_.get(), b_.get()}) {
      engine::Engine engine(http_, clock_, {.host = podman->host()});
      const engine::ContainerFilter filter{.labels = {"gennaker.account=" + account_}};
      for (const auto& one : run(engine.list_containers(filter))) names.push_back(one.names.front());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static inline std::unique_ptr<Podman> a_, b_;
  Place place_;
  net::Client http_;
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

TEST_F(DockerProviderTest, DeploysBehindALoadBalancer) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string old_group = create(key(), wanted);
  EXPECT_EQ(old_group, "shop-main-v000");
  await_healthy(old_group, 2);
  EXPECT_THAT(zones(old_group), ElementsAre("a", "b"));
  EXPECT_EQ(get(port), "1.0");
  EXPECT_EQ(group(old_group).version, "1.0");

  wanted.image_id = bake("2.0");
  const std::string new_group = create(key(), wanted);
  EXPECT_EQ(new_group, "shop-main-v001");
  await_healthy(new_group, 2);
  const auto answer = perform(clusters::disable_server_group(key(), ref(old_group), 5s));
  EXPECT_TRUE(answer.at("drained").as_bool());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(port), "2.0");
  perform(clusters::enable_server_group(key(), ref(old_group)));
  await_healthy(old_group, 2);
  EXPECT_THAT(run(provider_->console_output(account_, "shop-main-v001-0")), HasSubstr("here"));
  perform(clusters::destroy_server_group(key(), ref(old_group)));
  EXPECT_TRUE(group(old_group).name.empty());
  for (const std::string& name : containers()) EXPECT_THAT(name, HasSubstr("shop-main-v001"));
}

TEST_F(DockerProviderTest, MovesAPartOfTheTraffic) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create(key(), wanted);
  await_healthy(name, 2);
  const std::string once = key();
  const auto answer = perform(clusters::disable_server_group(once, ref(name), 5s, 50));
  EXPECT_EQ(answer.at("instanceIdsToDisable"), json::value(json::array{name + "-0"}));
  await("one of two out of service", [&] {
    const auto found = group(name);
    return !found.disabled && found.instances.at(0).state == HealthState::out_of_service &&
           found.instances.at(1).state == HealthState::up;
  });
  EXPECT_EQ(get(port), "1.0");
  close(false);
  open();
  await("the same after a crash", [&] {
    const auto found = group(name);
    return found.instances.size() == 2 && found.instances[0].state == HealthState::out_of_service &&
           found.instances[1].state == HealthState::up;
  });
  perform(clusters::enable_server_group(key(), ref(name)));
  await_healthy(name, 2);
}

TEST_F(DockerProviderTest, RunsAJobOnce) {
  clusters::JobSpec wanted;
  wanted.account = account_;
  wanted.region = "docker";
  wanted.moniker = {
      .app = "shop", .stack = "", .detail = "migrate", .cluster = "shop--migrate", .sequence = {}};
  wanted.image_id = bake("1.0");
  wanted.settings = {{"network", "host"}, {"stopGraceMs", 0}, {"command", "echo migrated $JOB; exit 3"}};
  const auto job = [&](const std::string& id) {
    for (const auto& one : snapshot().jobs) {
      if (one.id == id) return one;
    }
    return model::Job{};
  };
  const auto answer = perform(clusters::run_job("once", wanted));
  const std::string id(answer.at("jobId").as_string());
  await("the job's end", [&] { return job(id).state == model::JobState::failed; });
  EXPECT_EQ(job(id).exit_code, 3);
  EXPECT_EQ(job(id).message, "exited with status 3");
  EXPECT_EQ(job(id).moniker.detail, "migrate");
  EXPECT_THAT(run(provider_->console_output(account_, id)), HasSubstr("migrated " + id));
  close(false);
  open();
  EXPECT_EQ(perform(clusters::run_job("once", wanted)).at("jobId").as_string(), id) << "another process, too";
  EXPECT_THAT(snapshot().jobs, SizeIs(1));

  wanted.settings["command"] = "sleep 600";
  const std::string long_one(perform(clusters::run_job("long", wanted)).at("jobId").as_string());
  await("that it runs", [&] { return job(long_one).state == model::JobState::running; });
  perform(clusters::cancel_job(key(), account_, "docker", long_one));
  await("its end", [&] { return job(long_one).state == model::JobState::failed; });
  wanted.settings["command"] = json::array{"./none"};
  EXPECT_THAT(refusal(clusters::run_job("wrong", wanted)), HasSubstr("settings.command"));
  for (const std::string& name : containers()) {
    for (const Podman* podman : {a_.get(), b_.get()}) {
      engine::Engine engine(http_, clock_, {.host = podman->host()});
      run(engine.remove_container(name, engine::Force::yes));
    }
  }
}

TEST_F(DockerProviderTest, Resizes) {
  const std::string name = create(key(), spec(bake("1.0"), 1));
  await_healthy(name, 1);
  perform(clusters::resize_server_group("up", ref(name), {3, 3, 3}));
  await_healthy(name, 3);
  EXPECT_THAT(zones(name), ElementsAre("a", "b", "a"));
  perform(clusters::resize_server_group("down", ref(name), {1, 1, 1}));
  EXPECT_THAT(zones(name), ElementsAre("a"));
  perform(clusters::resize_server_group("up", ref(name), {3, 3, 3}));
  EXPECT_THAT(zones(name), ElementsAre("a")) << "an operation that is done is not done again";
  EXPECT_THAT(containers(), SizeIs(3)) << "an instance, and a record on each host";
}

TEST_F(DockerProviderTest, FindsEverythingAfterACrash) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create("one", wanted);
  await_healthy(name, 2);
  close(false);
  EXPECT_EQ(get(port), "1.0") << "serves while the server is down";
  open();
  EXPECT_EQ(create("one", wanted), name);
  await_healthy(name, 2);
  EXPECT_EQ(group(name).capacity.desired, 2);
  EXPECT_THAT(snapshot().server_groups, SizeIs(1));
}

TEST_F(DockerProviderTest, CompletesACreationThatWasCutShort) {
  const auto wanted = spec(bake("1.0"), 4);
  auto lost = provider_->perform(clusters::create_server_group("one", wanted));
  asio::co_spawn(*loop_, std::move(lost), [](std::exception_ptr, const json::object&) {});
  await("the first container", [&] {
    for (const std::string& name : containers()) {
      if (name.find(".record.") == std::string::npos) return true;
    }
    return false;
  });
  close(false);
  open();
  EXPECT_EQ(create("one", wanted), "shop-main-v000");
  await_healthy("shop-main-v000", 4);
  EXPECT_THAT(containers(), SizeIs(6)) << "each instance once, and a record on each host";
}

TEST_F(DockerProviderTest, DoesWithoutAHostThatHasGone) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  b_->kill();
  await("the host's absence",
        [&] { return told(group(name)).find("host 'b' has not answered") != std::string::npos; });
  const auto found = group(name);
  EXPECT_EQ(found.instances[0].state, HealthState::up);
  EXPECT_NE(found.instances[1].state, HealthState::up);
  const std::string other = create(key(), spec(found.image_id, 2));
  EXPECT_THAT(zones(other), ElementsAre("a", "a"));
  perform(clusters::destroy_server_group(key(), ref(name)));
  EXPECT_TRUE(group(name).name.empty());
  b_->serve();
  await("what was left on the host is removed", [&] {
    for (const std::string& one : containers()) {
      if (one.find(name) != std::string::npos) return false;
    }
    return true;
  });
}

TEST_F(DockerProviderTest, PullsWithCredentials) {
  const std::string there = registry().address() + "/team/shop:1.0";
  const auto baked = bake_answer("1.0", {{"push", there}});
  EXPECT_EQ(baked.at("imageId").as_string(), there);
  const std::string name = create(key(), spec(there, 2));
  await_healthy(name, 2);
  EXPECT_EQ(group(name).version, "1.0");
  EXPECT_TRUE(provider_->accounts().at(0).pulls_images);
  EXPECT_THAT(
      refusal(clusters::create_server_group(key(), spec(registry().address() + "/team/shop:none", 1))),
      AllOf(HasSubstr("not_found: imageId: "), HasSubstr("team/shop:none")));
  perform(clusters::destroy_server_group(key(), ref(name)));
  close(true);
  options_.accounts[0].registries[0].password = "wrong";
  open();
  EXPECT_THAT(refusal(clusters::create_server_group(key(), spec(registry().address() + "/team/other:1", 1))),
              HasSubstr("unauthenticated: imageId: host 'a'"));
  EXPECT_THAT(containers(), IsEmpty());
}

TEST_F(DockerProviderTest, LeavesNothingOfACreationThatFails) {
  auto wanted = spec(bake("1.0"), 2);
  wanted.settings["command"] = {"no-such-program"};
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)),
              AllOf(HasSubstr("invalid: "), HasSubstr("settings.command: ")));
  EXPECT_THAT(containers(), IsEmpty());
  EXPECT_THAT(snapshot().server_groups, SizeIs(0));
  EXPECT_THAT(refusal(clusters::create_server_group(key(), spec("localhost/none:1", 1))),
              HasSubstr("not_found: imageId: host '"));
  wanted = spec(bake("1.0"), 1);
  wanted.load_balancers = {"none"};
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)),
              HasSubstr("has no load balancer 'none'"));
  wanted = spec(bake("1.0"), 1);
  wanted.region = "moon";
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)), HasSubstr("invalid: region: account"));
}

TEST_F(DockerProviderTest, BakesTheSameOnce) {
  const auto first = bake_answer("3.0");
  const auto second = bake_answer("3.0");
  EXPECT_FALSE(first.at("previouslyBaked").as_bool());
  EXPECT_TRUE(second.at("previouslyBaked").as_bool());
  EXPECT_EQ(first.at("imageId"), second.at("imageId"));
  const auto all = snapshot();
  const auto image = std::find_if(all.images.begin(), all.images.end(), [&](const model::Image& one) {
    return json::value(one.id) == first.at("imageId");
  });
  ASSERT_NE(image, all.images.end());
  EXPECT_EQ(image->name, "shop");
  EXPECT_EQ(image->version, "3.0");
}

TEST_F(DockerProviderTest, KnowsWhatABakeIsMadeFrom) {
  const auto inputs_of = [&](const clusters::BakeSpec& spec) {
    return json::serialize(run(provider_->bake_inputs(clusters::bake(key(), spec))));
  };
  const fs::path source = place_.path() / "inputs";
  make_source(source, "1.0");
  const auto spec = bake_spec("1.0", {{"source", source.string()}});
  const std::string before = inputs_of(spec);
  EXPECT_THAT(before, AllOf(HasSubstr(R"("source":"sha256:)"), HasSubstr(R"("hosts":["a","b"])")));
  EXPECT_EQ(inputs_of(spec), before);
  write(source / "rootfs/www/index.html", "another");
  EXPECT_NE(inputs_of(spec), before);
}

TEST_F(DockerProviderTest, BakesOnABaseImage) {
  const std::string base = bake("base");
  const fs::path source = place_.path() / "on-base";
  write(source / "Containerfile",
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG COLOUR\nRUN echo \"it is $COLOUR\" && echo \"$COLOUR\" > "
        "/www/colour\n");
  auto spec = bake_spec("2.0", {{"source", source.string()}});
  spec.base_image = base;
  spec.attributes = {{"COLOUR", "red"}};
  const auto first = perform(clusters::bake(key(), spec));
  EXPECT_THAT(bake_log_.text, AllOf(HasSubstr("Base image: " + base + " ("),
                                    HasSubstr("a: builds localhost/shop:2.0-"), HasSubstr("it is red\n")));
  spec.attributes = {{"COLOUR", "blue"}};
  EXPECT_NE(perform(clusters::bake(key(), spec)).at("imageId"), first.at("imageId"));
  spec.attributes = {{"COLOUR", "red"}};
  EXPECT_TRUE(perform(clusters::bake(key(), spec)).at("previouslyBaked").as_bool());
  spec.rebake = true;
  EXPECT_FALSE(perform(clusters::bake(key(), spec)).at("previouslyBaked").as_bool());
  spec.base_image = "localhost/none:1";
  EXPECT_THAT(refusal(clusters::bake(key(), spec)), HasSubstr("not_found: "));
}

TEST_F(DockerProviderTest, SaysHowABuildFails) {
  const fs::path source = place_.path() / "broken";
  write(source / "Containerfile", "FROM " + bake("base") + "\nRUN echo going; false\n");
  EXPECT_THAT(refusal(clusters::bake(key(), bake_spec("3.0", {{"source", source.string()}}))),
              HasSubstr("invalid: "));
  EXPECT_THAT(bake_log_.text, HasSubstr("going\n"));
}

}  // namespace
}  // namespace gennaker::providers::docker
