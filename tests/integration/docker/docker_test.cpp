#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "clients/docker/engine.h"
#include "clients/docker/tar.h"
#include "net/test_server.h"
#include "programs.h"

/// The client against a real Podman, a real Docker and a real registry.
namespace gennaker::clients::docker {
namespace {

using namespace std::chrono_literals;
using net::testing::run;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
namespace asio = base::asio;
namespace fs = std::filesystem;

const std::string image = "localhost/busy:1";
/// Something that was not there when the image was made, so that there is a layer to carry.
constexpr std::size_t layer_bytes = 8 * 1024 * 1024;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A small root file system: BusyBox, which is all of its programs.
void make_context(const fs::path& place) {
  fs::create_directories(place / "rootfs/bin");
  fs::copy_file("/bin/busybox", place / "rootfs/bin/busybox");
  for (const auto* name : {"sh", "sleep", "seq", "cat", "nc", "true"}) {
    fs::create_symlink("busybox", place / "rootfs/bin" / name);
  }
  std::string noise;  // that no compression makes small
  for (std::uint32_t value = 1; noise.size() < layer_bytes;) {
    value = value * 1664525 + 1013904223;
    noise += static_cast<char>(value >> 24);
  }
  write(place / "rootfs/noise", noise);
  write(place / "Containerfile",
        "FROM scratch\nARG WHO\nCOPY rootfs/ /\nENV PATH=/bin\nLABEL made-by=${WHO}\nCMD [\"sh\"]\n");
}

enum class Product { podman, docker };
void PrintTo(Product product, std::ostream* out) {
  *out << (product == Product::podman ? "Podman" : "Docker");
}

Registry& registry() {
  static Registry registry;
  return registry;
}

std::unique_ptr<TestEngine> make_engine(Product product) {
  if (product == Product::podman) return std::make_unique<Podman>(registry().address());
  return std::make_unique<Docker>();
}

/// What the tests of a product share; made by the first.
struct World {
  std::unique_ptr<TestEngine> engine;
  Place context;
  std::string image_id;
  std::vector<std::string> build_log;

  explicit World(Product product) : engine(make_engine(product)) {
    make_context(context.path());
    net::Client http;
    const base::SystemClock clock;
    asio::thread_pool files(1);
    Engine client(http, clock, {.host = engine->host()});
    const BuildOptions options{.tags = {image}, .arguments = {{"WHO", "tests"}}};
    image_id = run(client.build_image(tar_of(files, context.path()), options,
                                      [this](std::string_view line) { build_log.emplace_back(line); }));
  }
};

/// Without the parameter's number.
std::string test_name() {
  const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  return name.substr(0, name.find('/'));
}

class DockerEngines : public ::testing::TestWithParam<Product> {
 protected:
  DockerEngines() {
    if (!world_) world_ = std::make_unique<World>(GetParam());
    address_.host = world().engine->host();
  }
  /// The tests of a product come one after another.
  static void TearDownTestSuite() { world_.reset(); }
  World& world() { return *world_; }
  bool is_podman() const { return GetParam() == Product::podman; }
  void TearDown() override {
    for (const auto& left : run(engine().list_containers({.labels = {"test=" + name_}}))) {
      run(engine().remove_container(left.id, Force::yes));
    }
  }

  Engine& engine() {
    if (!engine_) engine_ = std::make_unique<Engine>(http_, clock_, address_);
    return *engine_;
  }
  template <class Work>
  std::string failure_of(Work work) {
    try {
      work();
      return "";
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }

  ContainerSpec spec(const std::string& script) {
    return {.image = image,
            .command = {"sh", "-c", script},
            .labels = {{"test", name_}},
            .network = "host",
            .stop_timeout = 0s};
  }
  std::string name(const std::string& suffix = "0") { return name_ + "-" + suffix; }
  /// Creates and starts.
  void launch(const std::string& name, const ContainerSpec& wanted) {
    run(engine().create_container(name, wanted));
    run(engine().start_container(name));
  }
  Container inspect(const std::string& name) {
    const auto found = run(engine().inspect_container(name));
    if (!found) throw std::runtime_error("there is no container " + name);
    return *found;
  }
  std::string text_of_log(const std::string& name, LogOptions options = {});
  void await(const std::string& what, const std::function<bool()>& condition) {
    for (int i = 0; i < 400; ++i) {
      if (condition()) return;
      run(base::sleep_for(50ms));
    }
    FAIL() << "in vain: " << what;
  }
  /// Port 8000, on the loopback address.
  void expect_published(const std::string& name) {
    const auto found = inspect(name);
    EXPECT_EQ(found.addresses.size(), 1U);
    ASSERT_EQ(found.ports.size(), 1U);
    EXPECT_EQ(found.ports[0].container_port, 8000);
    EXPECT_EQ(found.ports[0].host_address, "127.0.0.1");
    await("it answers on the host", [&] { return listens(found.ports[0].host_port); });
    const auto row = run(engine().list_containers({.labels = {"test=" + name_}})).at(0);
    ASSERT_EQ(row.ports.size(), 1U);
    EXPECT_EQ(row.ports[0].host_port, found.ports[0].host_port);
  }
  /// What the engine calls the end of a container.
  std::string removal() const { return is_podman() ? "remove" : "destroy"; }
  std::vector<std::string> life() const { return {"create", "start", "die", removal()}; }
  RegistryCredentials ann(const std::string& password = "secret") {
    return {.registry = registry().address(), .username = "ann", .password = password};
  }

  static inline std::unique_ptr<World> world_;
  std::string name_ = test_name();
  net::Client http_;
  base::SystemClock clock_;
  EngineAddress address_;
  std::unique_ptr<Engine> engine_;
  asio::thread_pool files_{1};
};

base::Async<std::string> whole_log(Engine& engine, std::string name, LogOptions options) {
  auto log = co_await engine.container_logs(std::move(name), std::move(options));
  std::string text;
  for (;;) {
    const auto piece = co_await log.next();
    if (!piece) co_return text;
    text += piece->text;
  }
}

std::string DockerEngines::text_of_log(const std::string& name, LogOptions options) {
  return run(whole_log(engine(), name, std::move(options)));
}

TEST_P(DockerEngines, SaysWhoItIs) {
  const auto version = run(engine().version());
  EXPECT_EQ(version.name, is_podman() ? "Podman Engine" : "Docker Engine");
  EXPECT_FALSE(version.version.empty());
  EXPECT_THAT(version.api, HasSubstr("1.4"));
  EXPECT_EQ(version.os, "linux");
}

TEST_P(DockerEngines, IsToldFromNothingAndFromSomethingElse) {
  Engine nothing(http_, clock_, {.host = world().engine->host() + ".not"});
  EXPECT_THAT(failure_of([&] { run(nothing.list_containers({})); }),
              AllOf(HasSubstr("unavailable: "), HasSubstr("No such file or directory")));
  Engine refused(http_, clock_, {.host = fmt::format("tcp://127.0.0.1:{}", free_port())});
  EXPECT_THAT(failure_of([&] { run(refused.version()); }), HasSubstr("unavailable: "));
  Engine other(http_, clock_, {.host = "tcp://" + registry().address()});
  EXPECT_THAT(failure_of([&] { run(other.version()); }), HasSubstr("does not speak the Docker Engine API"));
}

TEST_P(DockerEngines, BuildsAnImage) {
  EXPECT_THAT(world().build_log, Contains(HasSubstr("COPY rootfs/ /")));
  const auto built = run(engine().inspect_image(image));
  ASSERT_TRUE(built);
  EXPECT_EQ(built->id, world().image_id);
  EXPECT_THAT(built->tags, Contains(image));
  EXPECT_EQ(built->labels.at("made-by"), "tests");
  EXPECT_THAT(built->command, ElementsAre("sh"));
  EXPECT_THAT(built->environment, ElementsAre("PATH=/bin"));
  EXPECT_EQ(built->architecture, "amd64");
  EXPECT_GT(built->size_bytes, static_cast<std::int64_t>(layer_bytes));
  EXPECT_TRUE(built->created);
  EXPECT_THAT(run(engine().list_images({.labels = {"made-by=tests"}})), SizeIs(1));
  EXPECT_THAT(run(engine().list_images({.labels = {"made-by=others"}})), SizeIs(0));
  EXPECT_THAT(run(engine().list_images({.reference = "localhost/bu*"})), SizeIs(1));
}

TEST_P(DockerEngines, SaysWhichStepOfABuildFailed) {
  const Place context;
  const BuildOptions options{.tags = {"localhost/broken:1"}};
  const auto failure = [&](const std::string& containerfile) {
    write(context.path() / "Containerfile", containerfile);
    return failure_of([&] { run(engine().build_image(tar_of(files_, context.path()), options)); });
  };
  EXPECT_THAT(failure("FROM scratch\nCOPY nothing /\n"), AllOf(HasSubstr("invalid: "), HasSubstr("nothing")));
  EXPECT_THAT(failure("FROM " + image + "\nRUN exit 3\n"),
              AllOf(HasSubstr("invalid: "), HasSubstr("exit 3")));
  EXPECT_THAT(failure("FROM 127.0.0.1:1/none\n"), HasSubstr("unavailable: "));
  fs::remove(context.path() / "Containerfile");
  EXPECT_THAT(failure_of([&] { run(engine().build_image(tar_of(files_, context.path()), options)); }),
              HasSubstr("Containerfile"));
  EXPECT_THAT(failure_of([&] { run(engine().build_image(tar_of(files_, "/nowhere"), options)); }),
              AllOf(HasSubstr("invalid: "), HasSubstr("'/nowhere' cannot be read")));
  EXPECT_FALSE(run(engine().inspect_image("localhost/broken:1")));
}

TEST_P(DockerEngines, TagsAndRemovesImages) {
  run(engine().tag_image(image, "localhost/other/name:2"));
  EXPECT_EQ(run(engine().inspect_image("localhost/other/name:2"))->id, world().image_id);
  EXPECT_EQ(run(engine().remove_image("localhost/other/name:2")), Change::done);
  EXPECT_EQ(run(engine().remove_image("localhost/other/name:2")), Change::already);
  EXPECT_FALSE(run(engine().inspect_image("localhost/other/name:2")));
  EXPECT_THAT(failure_of([&] { run(engine().tag_image("localhost/none:1", "localhost/none:2")); }),
              HasSubstr("not_found: "));
  run(engine().create_container(name(), spec("true")));
  EXPECT_THAT(failure_of([&] { run(engine().remove_image(world().image_id)); }), HasSubstr("conflict: "));
}

TEST_P(DockerEngines, LeadsAContainerThroughItsLife) {
  ContainerSpec wanted = spec("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done");
  wanted.environment = {{"GREETING", "a b=c"}};
  wanted.hostname = "web0";
  wanted.working_directory = "/bin";
  wanted.user = "1:1";
  wanted.stop_signal = "SIGTERM";
  wanted.stop_timeout = 5s;
  wanted.mounts = {{.source = world().context.path().native(), .target = "/mnt", .read_only = true},
                   {.kind = Mount::Kind::tmpfs, .target = "/scratch"}};
  const auto created = run(engine().create_container(name(), wanted));
  EXPECT_EQ(created.change, Change::done);
  EXPECT_EQ(run(engine().create_container(name(), wanted)).change, Change::already);
  EXPECT_EQ(inspect(name()).state, ContainerState::created);
  EXPECT_EQ(run(engine().start_container(name())), Change::done);
  EXPECT_EQ(run(engine().start_container(name())), Change::already);

  const auto running = inspect(name());
  EXPECT_EQ(running.id, created.id);
  EXPECT_EQ(running.state, ContainerState::running);
  EXPECT_EQ(running.image, image);
  EXPECT_EQ(running.image_id, world().image_id);
  EXPECT_GT(running.pid, 0);
  EXPECT_EQ(running.health, Health::none);
  EXPECT_EQ(running.labels.at("test"), name_);
  EXPECT_THAT(running.environment, Contains("GREETING=a b=c"));
  EXPECT_EQ(running.network, "host");
  EXPECT_EQ(running.hostname, "web0");
  EXPECT_EQ(running.user, "1:1");
  EXPECT_EQ(running.working_directory, "/bin");
  EXPECT_EQ(running.stop_timeout, 5s);
  EXPECT_TRUE(running.created && running.started && !running.finished);
  const auto bind = std::find_if(running.mounts.begin(), running.mounts.end(),
                                 [](const Mount& mount) { return mount.kind == Mount::Kind::bind; });
  ASSERT_NE(bind, running.mounts.end());
  EXPECT_EQ(bind->target, "/mnt");
  EXPECT_TRUE(bind->read_only);
  await("the trap is set", [&] { return text_of_log(name()) == "ready\n"; });

  EXPECT_EQ(run(engine().stop_container(name(), 10s)), Change::done);
  EXPECT_EQ(run(engine().stop_container(name(), 10s)), Change::already);
  EXPECT_EQ(run(engine().wait_container(name())), 7);
  const auto ended = inspect(name());
  EXPECT_EQ(ended.state, ContainerState::exited);
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_TRUE(ended.finished);
  EXPECT_EQ(run(engine().kill_container(name())), Change::already);
  EXPECT_EQ(run(engine().remove_container(name())), Change::done);
  EXPECT_EQ(run(engine().remove_container(name())), Change::already);
  EXPECT_FALSE(run(engine().inspect_container(name())));
}

TEST_P(DockerEngines, KillsRestartsAndRenames) {
  launch(name(), spec("sleep 300"));
  run(engine().create_container(name("1"), spec("sleep 300")));
  EXPECT_THAT(failure_of([&] { run(engine().rename_container(name("1"), name())); }),
              HasSubstr("conflict: "));
  EXPECT_THAT(failure_of([&] { run(engine().remove_container(name())); }), HasSubstr("conflict: "));
  run(engine().rename_container(name(), name("renamed")));
  EXPECT_FALSE(run(engine().inspect_container(name())));
  const int pid = inspect(name("renamed")).pid;
  run(engine().restart_container(name("renamed"), 0s));
  EXPECT_NE(inspect(name("renamed")).pid, pid);
  EXPECT_EQ(run(engine().kill_container(name("renamed"), "SIGKILL")), Change::done);
  EXPECT_EQ(run(engine().wait_container(name("renamed"))), 137);
  EXPECT_EQ(run(engine().kill_container(name("renamed"))), Change::already);
  EXPECT_THAT(failure_of([&] { run(engine().restart_container(name("none"))); }), HasSubstr("not_found: "));
  EXPECT_THAT(failure_of([&] { run(engine().wait_container(name("none"))); }), HasSubstr("not_found: "));
  launch(name("2"), spec("sleep 300"));
  EXPECT_EQ(run(engine().remove_container(name("2"), Force::yes)), Change::done);
}

TEST_P(DockerEngines, ListsByLabel) {
  ContainerSpec odd = spec("sleep 300"), even = spec("sleep 300");
  odd.labels["parity"] = "odd";
  even.labels["parity"] = "even";
  launch(name("1"), odd);
  launch(name("2"), even);
  run(engine().create_container(name("3"), odd));
  const auto names = [&](ContainerFilter filter) {
    filter.labels.push_back("test=" + name_);
    std::set<std::string> found;
    for (const auto& row : run(engine().list_containers(std::move(filter)))) found.insert(row.names.at(0));
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre(name("1"), name("2"), name("3")));
  EXPECT_THAT(names({.labels = {"parity=odd"}}), ElementsAre(name("1"), name("3")));
  EXPECT_THAT(names({.labels = {"parity"}, .also_stopped = false}), ElementsAre(name("1"), name("2")));
  EXPECT_THAT(names({.labels = {"none"}}), ElementsAre());
  EXPECT_THAT(names({.name = "2$"}), ElementsAre(name("2")));
  const auto row = run(engine().list_containers({.labels = {"test=" + name_}, .name = "1$"})).at(0);
  EXPECT_EQ(row.state, ContainerState::running);
  EXPECT_EQ(row.image, image);
  EXPECT_EQ(row.labels.at("parity"), "odd");
  EXPECT_THAT(row.status, HasSubstr("Up"));
}

TEST_P(DockerEngines, StartsNothingThatIsNotThere) {
  ContainerSpec wanted = spec("true");
  wanted.image = "localhost/none:1";
  EXPECT_THAT(failure_of([&] { run(engine().create_container(name(), wanted)); }), HasSubstr("not_found: "));
  wanted = spec("true");
  wanted.entrypoint = {"/bin/none"};
  run(engine().create_container(name(), wanted));
  EXPECT_THAT(failure_of([&] { run(engine().start_container(name())); }),
              AllOf(HasSubstr("invalid: "), HasSubstr("/bin/none")));
}

TEST_P(DockerEngines, StartsAgainWhatFails) {
  ContainerSpec wanted = spec("exit 3");
  wanted.restart = {.kind = RestartPolicy::Kind::on_failure, .most_retries = 2};
  launch(name(), wanted);
  await("two restarts", [&] {
    const auto found = inspect(name());
    return found.restarts == 2 && found.state == ContainerState::exited;
  });
  EXPECT_EQ(inspect(name()).exit_code, 3);
  EXPECT_EQ(inspect(name()).restart.most_retries, 2);
}

TEST_P(DockerEngines, LimitsWhatAContainerMayUse) {
  ContainerSpec wanted = spec("ulimit -n; sleep 300");
  wanted.memory_limit_bytes = 32 * 1024 * 1024;
  wanted.cpu_limit_millis = 500;
  wanted.process_limit = 50;
  wanted.ulimits = {{.name = "nofile", .soft = 256, .hard = 512},
                    {.name = "nproc", .soft = 512, .hard = 512}};
  run(engine().create_container(name(), wanted));
  const std::string failure = failure_of([&] { run(engine().start_container(name())); });
  if (failure.find("cgroup") != std::string::npos) {
    GTEST_SKIP() << "this machine's control groups cannot be used: " << failure;
  }
  EXPECT_EQ(failure, "");
  EXPECT_EQ(inspect(name()).memory_limit_bytes, 32 * 1024 * 1024);
  EXPECT_EQ(inspect(name()).cpu_limit_millis, 500);
  await("the limit is told", [&] { return text_of_log(name()) == "256\n"; });
}

TEST_P(DockerEngines, TellsHealth) {
  ContainerSpec wanted = spec("sleep 300");
  wanted.health_check = HealthCheck{.command = {"true"}, .interval = 1s, .timeout = 1s};
  launch(name(), wanted);
  const Health first = inspect(name()).health;
  EXPECT_TRUE(first == Health::starting || first == Health::healthy);
  if (is_podman() && !fs::exists("/run/systemd/private")) {
    GTEST_SKIP() << "without systemd's timers Podman does not run health checks";
  }
  await("healthy", [&] { return inspect(name()).health == Health::healthy; });
}

TEST_P(DockerEngines, PublishesPorts) {
  auto* podman = dynamic_cast<Podman*>(world().engine.get());
  if (podman == nullptr)
    GTEST_SKIP() << "this Docker is started without a network, to leave the machine's alone";
  const std::string network = fmt::format("gennaker{}", getpid());
  ContainerSpec wanted = spec("nc -ll -p 8000 -e echo hi");
  wanted.network = network;
  wanted.ports = {{.container_port = 8000, .host_address = "127.0.0.1"}};
  std::string failure;
  try {
    podman->run({"network", "create", network});
    launch(name(), wanted);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (failure.empty()) {
    expect_published(name());
    run(engine().remove_container(name(), Force::yes));
    podman->run({"network", "rm", "--force", network});
  } else {
    GTEST_SKIP() << "this machine cannot give a container a network: " << failure;
  }
}

base::Async<std::string> first_words(Engine& engine, std::string name, LogOptions options,
                                     std::string& seen) {
  auto log = co_await engine.container_logs(std::move(name), std::move(options));
  for (;;) {
    const auto piece = co_await log.next();
    if (!piece) co_return seen;
    seen += (piece->output == Output::standard_output ? "out:" : "err:") + piece->text;
  }
}

TEST_P(DockerEngines, ReadsLogs) {
  launch(name(), spec("echo one; sleep 0.3; echo two >&2; sleep 0.3; echo three; echo four"));
  std::string seen;
  EXPECT_EQ(run(first_words(engine(), name(), {.follow = true}, seen)),
            "out:one\nerr:two\nout:three\nout:four\n")
      << "follows until the end";
  run(engine().wait_container(name()));
  EXPECT_EQ(text_of_log(name(), {.standard_output = false}), "two\n");
  EXPECT_EQ(text_of_log(name(), {.standard_error = false, .tail = 2}), "three\nfour\n");
  EXPECT_THAT(text_of_log(name(), {.tail = 1, .timestamps = true}),
              AllOf(HasSubstr("20"), HasSubstr("Z four\n")));
  EXPECT_EQ(text_of_log(name(), {.since = clock_.now() + 1h}), "");
  EXPECT_THAT(failure_of([&] { text_of_log(name("none")); }), HasSubstr("not_found: "));
  EXPECT_THAT(failure_of([&] { text_of_log(name(), {.standard_output = false, .standard_error = false}); }),
              HasSubstr("invalid: "));
}

TEST_P(DockerEngines, ReadsAFile) {
  launch(name(), spec("busybox mkdir /out; echo rows=7 > /out/result; busybox ln -s /etc/passwd /out/link; "
                      "cat /noise > /out/large"));
  run(engine().wait_container(name()));
  const auto why = [&](const std::string& path) {
    return failure_of([&] { run(engine().read_file(name(), path, 1 << 20)); });
  };
  EXPECT_EQ(run(engine().read_file(name(), "/out/result", 100)), "rows=7\n") << "also when it has ended";
  EXPECT_THAT(why("/out/none"), HasSubstr("not_found: "));
  EXPECT_THAT(why("/out"), HasSubstr("invalid: '/out' is a directory"));
  EXPECT_THAT(why("/out/link"), ::testing::Not("")) << "it would have to be followed in the container";
  EXPECT_EQ(why("/out/large"), "invalid: '/out/large' is 8388608 bytes long; 1048576 is the most");
  EXPECT_THAT(failure_of([&] { run(engine().read_file(name("none"), "/out/result", 100)); }),
              HasSubstr("not_found: "));
}

TEST_P(DockerEngines, ReadsLongLogs) {
  launch(name(), spec("seq 1 20000"));
  run(engine().wait_container(name()));
  const std::string text = text_of_log(name());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20000);
  EXPECT_TRUE(text.ends_with("\n20000\n"));
}

TEST_P(DockerEngines, StopsReadingALogWhenCancelled) {
  launch(name(), spec("echo one; sleep 300"));
  asio::io_context io;
  asio::cancellation_signal signal;
  std::exception_ptr outcome;
  std::string seen;
  const LogOptions options{.follow = true};
  asio::co_spawn(io, first_words(engine(), name(), options, seen),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr e, const std::string&) { outcome = e; }));
  while (seen.empty()) io.run_one();
  asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_THROW(std::rethrow_exception(outcome), boost::system::system_error);
  EXPECT_EQ(inspect(name()).state, ContainerState::running);
}

base::Async<void> collect(Engine& engine, EventFilter filter, std::vector<std::string>& seen,
                          std::string last) {
  auto events = co_await engine.events(std::move(filter));
  do {
    const auto event = co_await events.next();
    seen.push_back(event.action);
  } while (seen.back() != last);
}

base::Async<void> live_shortly(Engine& engine, std::string name, ContainerSpec wanted) {
  auto creating = engine.create_container(name, std::move(wanted));
  co_await std::move(creating);
  co_await engine.start_container(name);
  co_await engine.wait_container(name);
  co_await engine.remove_container(name);
}

TEST_P(DockerEngines, FollowsEvents) {
  asio::io_context io;
  std::vector<std::string> seen;
  std::exception_ptr failed;
  const EventFilter filter{.types = {"container"}, .labels = {"test=" + name_}, .since = clock_.now()};
  asio::co_spawn(io, collect(engine(), filter, seen, removal()), [&](std::exception_ptr e) { failed = e; });
  asio::co_spawn(io, live_shortly(engine(), name(), spec("exit 3")), asio::detached);
  io.run();
  if (failed) std::rethrow_exception(failed);
  EXPECT_THAT(seen, ::testing::IsSupersetOf(life()));
}

TEST_P(DockerEngines, RepeatsEventsOfThePast) {
  const auto before = clock_.now();
  run(live_shortly(engine(), name(), spec("exit 3")));
  std::vector<std::string> seen;
  const EventFilter filter{.labels = {"test=" + name_}, .since = before};
  run(collect(engine(), filter, seen, removal()));
  EXPECT_THAT(seen, ::testing::IsSupersetOf(life()));
}

TEST_P(DockerEngines, SaysThatTheEngineHasGone) {
  const auto server = make_engine(GetParam());
  Engine other(http_, clock_, {.host = server->host()});
  run(other.version());
  asio::io_context io;
  std::string failure;
  std::vector<std::string> seen;
  const EventFilter filter{.types = {"container"}};
  asio::co_spawn(io, collect(other, filter, seen, "never"), [&](std::exception_ptr error) {
    failure = failure_of([&] { std::rethrow_exception(error); });
  });
  asio::steady_timer later(io, 300ms);
  later.async_wait([&](boost::system::error_code) { server->kill(); });
  io.run();
  EXPECT_THAT(failure, AllOf(HasSubstr("unavailable: engine unix://"), HasSubstr("follow events")));
  EXPECT_THAT(failure_of([&] { run(other.list_containers({})); }), HasSubstr("unavailable: "));
  server->serve();
  EXPECT_THAT(run(other.list_containers({})), SizeIs(0)) << "found again by itself";
}

TEST_P(DockerEngines, PushesAndPullsWithCredentials) {
  const std::string there = registry().address() + "/team/busy:1";
  run(engine().tag_image(image, there));
  EXPECT_THAT(failure_of([&] { run(engine().push_image(there)); }), HasSubstr("unauthenticated: "));
  EXPECT_THAT(failure_of([&] { run(engine().push_image(there, ann("wrong"))); }),
              HasSubstr("unauthenticated: "));
  const std::string digest = run(engine().push_image(there, ann()));
  EXPECT_THAT(digest, HasSubstr("sha256:"));

  EXPECT_THAT(failure_of([&] { run(engine().pull_image(there)); }), HasSubstr("unauthenticated: "));
  EXPECT_THAT(failure_of([&] { run(engine().pull_image(there, ann("wrong"))); }),
              HasSubstr("unauthenticated: "));
  const std::string none = registry().address() + "/team/busy:none";
  EXPECT_THAT(failure_of([&] { run(engine().pull_image(none, ann())); }), HasSubstr("not_found: "));
  EXPECT_THAT(failure_of([&] { run(engine().pull_image("127.0.0.1:1/team/busy:1")); }),
              HasSubstr("unavailable: "));

  // Into an engine that has nothing of it.
  const auto fresh = make_engine(GetParam());
  Engine other(http_, clock_, {.host = fresh->host()});
  TransferProgress last;
  std::vector<std::int64_t> bytes;
  run(other.pull_image(there, ann(), [&](const TransferProgress& progress) {
    last = progress;
    bytes.push_back(progress.bytes);
  }));
  EXPECT_GT(last.layers, 0);
  EXPECT_EQ(last.layers_done, last.layers);
  EXPECT_TRUE(std::is_sorted(bytes.begin(), bytes.end()));
  const auto pulled = run(other.inspect_image(there));
  ASSERT_TRUE(pulled);
  EXPECT_EQ(pulled->id, world().image_id);
  run(other.pull_image(registry().address() + "/team/busy@" + digest, ann()));
  EXPECT_EQ(run(engine().remove_image(there)), Change::done);
}

/// What `docker save` does.
base::Async<std::string> saved(net::Client& http, std::string socket, std::string reference) {
  net::ClientRequest request{.url = "http://localhost/images/get?names=" + net::percent_encode(reference),
                             .unix_socket = std::move(socket)};
  auto answer = co_await http.open(std::move(request));
  std::string tar;
  for (;;) {
    const std::string bytes = co_await answer->read();
    if (bytes.empty()) co_return tar;
    tar += bytes;
  }
}

TEST_P(DockerEngines, LoadsAnImage) {
  const std::string reference = "localhost/saved:1";
  run(engine().tag_image(image, reference));
  const Place place;
  const fs::path file = place.path() / "image.tar";
  write(file, run(saved(http_, address_.host.substr(std::string("unix://").size()), reference)));
  run(engine().remove_image(reference));
  EXPECT_THAT(run(engine().load_image(bytes_of(files_, file))), ElementsAre(reference));
  EXPECT_EQ(run(engine().inspect_image(reference))->id, world().image_id);
  run(engine().remove_image(reference));
  EXPECT_THAT(failure_of([&] { run(engine().load_image(tar_of(files_, world().context.path()))); }),
              HasSubstr("invalid: "));
}

INSTANTIATE_TEST_SUITE_P(Podman, DockerEngines, ::testing::Values(Product::podman));
INSTANTIATE_TEST_SUITE_P(Docker, DockerEngines, ::testing::Values(Product::docker));

}  // namespace
}  // namespace gennaker::clients::docker
