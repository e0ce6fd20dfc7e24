#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "provider_world.h"

/// What is wrong with a deployment, and what goes wrong on its way: each ends with a message that says so,
/// and leaves what the message says.
namespace gennaker::providers::docker {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Answers everything with one status, as registries do that have had enough.
class Refusing {
 public:
  explicit Refusing(std::string answer) : answer_(std::move(answer)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    bind(fd_, reinterpret_cast<sockaddr*>(&place), size);
    listen(fd_, 16);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = ntohs(place.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Refusing() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  Refusing(const Refusing&) = delete;
  Refusing& operator=(const Refusing&) = delete;
  int port() const { return port_; }
  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

 private:
  void serve() {
    for (int peer = accept(fd_, nullptr, nullptr); peer >= 0; peer = accept(fd_, nullptr, nullptr)) {
      char bytes[8192];
      if (recv(peer, bytes, sizeof bytes, 0) > 0) send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  const std::string answer_;
  int fd_ = -1, port_ = 0;
  std::thread thread_;
};

std::string answer(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      status, body.size(), body);
}

TEST_F(DockerProviderTest, SaysWhatARegistryRefuses) {
  const Refusing busy(answer(
      "429 Too Many Requests",
      R"({"errors": [{"code": "TOOMANYREQUESTS", "message": "you have reached your pull rate limit"}]})"));
  const Refusing closed(answer(
      "401 Unauthorized", R"({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})"));
  close(true);
  for (Podman* podman : {a_.get(), b_.get()}) podman->trust({busy.address(), closed.address()});
  open();
  const auto wanted = [&](const std::string& registry) { return spec(registry + "/shop:1.0", 1); };
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted(busy.address()))),
              AllOf(HasSubstr("unavailable: imageId: host '"),
                    AnyOf(HasSubstr("too many requests"), HasSubstr("toomanyrequests"), HasSubstr("429"))));
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted(closed.address()))),
              AllOf(HasSubstr("unauthenticated: imageId: host '"),
                    HasSubstr("has no registry '" + closed.address())));
  EXPECT_THAT(containers(), IsEmpty());
}

TEST_F(DockerProviderTest, NamesTheBoundsOfACapacity) {
  const std::string image = bake("1.0");
  EXPECT_THAT(refusal(clusters::create_server_group(key(), spec(image, 1'000'000'000))),
              HasSubstr("invalid: capacity.desired: 0 to 200 is needed, not 1000000000"));
  const std::string name = create(key(), spec(image, 0));
  EXPECT_THAT(group(name).instances, IsEmpty());
  EXPECT_EQ(group(name).capacity.desired, 0);
  auto operation = clusters::resize_server_group(key(), ref(name), {0, 0, 0});
  operation.what["capacity"].as_object()["desired"] = std::int64_t{1} << 32;
  EXPECT_THAT(refusal(operation), HasSubstr("invalid: capacity.desired: 0 to 200 is needed"))
      << "what is too large for a number of ours must not become 0";
}

TEST_F(DockerProviderTest, RefusesNamesThatAreTooLong) {
  auto wanted = spec(bake("1.0"), 1);
  wanted.moniker.detail = std::string(300, 'x');
  wanted.moniker.cluster = "shop-main-" + wanted.moniker.detail;
  const std::string refused = refusal(clusters::create_server_group(key(), wanted));
  EXPECT_THAT(
      refused,
      HasSubstr(
          "invalid: freeFormDetails: it makes the cluster's name 310 characters long; 120 is the most"));
  EXPECT_LT(refused.size(), 300U) << "the whole of it helps nobody";
  const std::string balancer(300, 'b');
  EXPECT_THAT(
      refusal(clusters::upsert_load_balancer(key(), account_, "docker", balancer, {{"port", free_port()}})),
      HasSubstr("invalid: name: "));
}

TEST_F(DockerProviderTest, KnowsSeveralRegions) {
  const std::string image = bake("1.0");
  close(true);
  options_.accounts[0].hosts[1].region = "north";
  open();
  auto wanted = spec(image, 2);
  wanted.region = "";
  EXPECT_THAT(
      refusal(clusters::create_server_group(key(), wanted)),
      HasSubstr("invalid: region: account 'KnowsSeveralRegions' has no region ''; it has: docker, north"));
  const std::string here = create(key(), spec(image, 2));
  EXPECT_THAT(zones(here), ElementsAre("a", "a"));
  EXPECT_THAT(refusal(clusters::reboot_instances(key(), {account_, "north", {here + "-0"}})),
              HasSubstr("has no instance '" + here + "-0' in region 'north'"));
  b_->kill();
  await("the host's absence", [&] {
    wanted.region = "north";
    try {
      perform(clusters::create_server_group(key(), wanted));
    } catch (const base::Error& error) {
      return std::string_view(error.what()).find("no host of region 'north' answers") !=
             std::string_view::npos;
    }
    return false;
  });
  await_healthy(here, 2);
  b_->serve();
}

TEST_F(DockerProviderTest, SaysThatAPortIsTaken) {
  const Refusing other(answer("200 OK", "other"));
  auto wanted = spec(bake("1.0"), 1);
  wanted.settings["port"] = other.port();
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)),
              HasSubstr(fmt::format("conflict: settings.port: {} is taken on host 'a'", other.port())));
  EXPECT_THAT(containers(), IsEmpty());
  EXPECT_THAT(
      refusal(clusters::upsert_load_balancer(key(), account_, "docker", "shop", {{"port", other.port()}})),
      HasSubstr(fmt::format(
          "settings.port: load balancer 'shop' cannot listen on 127.0.0.1:{}: Address already in use",
          other.port())));
}

TEST_F(DockerProviderTest, SaysWhichCheckNeverPasses) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 1);
  wanted.load_balancers = {"shop"};
  wanted.settings["healthCheck"] = {{"path", "/none"}, {"intervalMs", 200}};
  const std::string name = create(key(), wanted);
  await("the reason", [&] { return told(group(name)).find("HTTP 404") != std::string::npos; });
  EXPECT_NE(group(name).instances.at(0).state, HealthState::up);
  EXPECT_EQ(get(port), "") << "no traffic for it";
}

TEST_F(DockerProviderTest, LeavesNothingOfAGrowthThatFails) {
  const std::string name = create(key(), spec(bake("1.0"), 1));
  await_healthy(name, 1);
  clusters::LaunchChange change;
  change.settings = {{"command", json::array{"/no-such-program"}}};
  perform(clusters::update_launch(key(), ref(name), change));
  EXPECT_THAT(refusal(clusters::resize_server_group(key(), ref(name), {3, 3, 3})),
              AllOf(HasSubstr("invalid: instance '" + name + "-"),
                    HasSubstr("settings.command: the image has no such program")));
  EXPECT_THAT(group(name).instances, SizeIs(1));
  EXPECT_EQ(group(name).capacity.desired, 1);
  EXPECT_EQ(group(name).instances.at(0).state, HealthState::up);
  EXPECT_THAT(containers(), SizeIs(3)) << "an instance, and a record on each host";
}

TEST_F(DockerProviderTest, DeploysElsewhereWhenAHostGoesMeanwhile) {
  const auto wanted = spec(bake("1.0"), 4);
  std::string failure;
  bool ended = false;
  auto deploying = provider_->perform(clusters::create_server_group("once", wanted));
  asio::co_spawn(*loop_, std::move(deploying), [&](std::exception_ptr error, const json::object&) {
    ended = true;
    try {
      if (error) std::rethrow_exception(error);
    } catch (const base::Error& known) {
      failure = fmt::format("{}: {}", base::to_string(known.kind()), known.what());
    }
  });
  await("the first container", [&] {
    for (const std::string& name : containers()) {
      if (name.find(".record.") == std::string::npos) return true;
    }
    return ended;
  });
  b_->kill();
  await("an end", [&] { return ended; });
  if (!failure.empty()) {
    EXPECT_THAT(failure, AllOf(HasSubstr("unavailable: "), HasSubstr("host 'b'")));
  }
  // As the runner tries it again.
  std::string name;
  await("the second attempt", [&] {
    try {
      name = create("once", wanted);
    } catch (const base::Error& error) {
      EXPECT_TRUE(error.worth_retrying()) << error.what();
    }
    return !name.empty();
  });
  await("four that serve or wait for the host", [&] { return group(name).instances.size() == 4; });
  if (!failure.empty()) {
    EXPECT_THAT(zones(name), ElementsAre("a", "a", "a", "a"));
  }
  b_->serve();
  await_healthy(name, 4);
}

TEST_F(DockerProviderTest, SurvivesARemovalByHandDuringAResize) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  std::string failure;
  bool ended = false;
  auto resizing = provider_->perform(clusters::resize_server_group("once", ref(name), {4, 4, 4}));
  asio::co_spawn(*loop_, std::move(resizing), [&](std::exception_ptr error, const json::object&) {
    ended = true;
    try {
      if (error) std::rethrow_exception(error);
    } catch (const base::Error& known) {
      failure = fmt::format("{}: {}", base::to_string(known.kind()), known.what());
    }
  });
  loop_->run_for(300ms);
  a_->run({"rm", "--all", "--force", "--time", "0"});
  await("an end", [&] { return ended; });
  if (!failure.empty()) {
    EXPECT_THAT(failure, HasSubstr("unavailable: "));
  }
  perform(clusters::resize_server_group(key(), ref(name), {4, 4, 4}));
  await_healthy(name, 4);

  for (Podman* podman : {a_.get(), b_.get()}) podman->run({"rm", "--all", "--force", "--time", "0"});
  EXPECT_EQ(refusal(clusters::resize_server_group(key(), ref(name), {1, 1, 1})),
            "not_found: account 'SurvivesARemovalByHandDuringAResize' has no server group 'shop-main-v000'")
      << "with its records it is gone as a whole";
}

}  // namespace
}  // namespace gennaker::providers::docker
