#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "clients/docker/engine.h"
#include "clients/docker/tar.h"
#include "net/test_server.h"
#include "net/test_tls.h"
#include "programs.h"

/// A real Podman behind TLS with certificates on both sides, as engines are reached over a network. Podman's
/// service knows no TLS itself: HAProxy speaks it for it.
namespace gennaker::clients::docker {
namespace {

using net::testing::run;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace asio = base::asio;
namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

base::Async<std::string> first_of_log(Engine& engine, std::string name) {
  LogOptions options;
  auto log = co_await engine.container_logs(std::move(name), std::move(options));
  const auto piece = co_await log.next();
  co_return piece ? piece->text : "";
}

class EngineOverTls : public ::testing::Test {
 protected:
  EngineOverTls() {
    for (const auto* name : {"server", "client"}) authority_.issue(name);
    other_authority_.issue("client");
    const fs::path both = place_.path() / "server.pem";
    std::ofstream(both) << content_of(authority_.file("server.pem"))
                        << content_of(authority_.file("server.key"));
    const fs::path configuration = place_.path() / "haproxy.cfg";
    std::ofstream(configuration) << fmt::format(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n"
        "listen engine\n bind 127.0.0.1:{} ssl crt {} ca-file {} verify required\n server podman unix@{}\n",
        port_, both.native(), authority_.ca_file(), podman_.host().substr(std::string("unix://").size()));
    balancer_.start({"haproxy", "-f", configuration.native()}, {{"PATH", "/usr/sbin:/usr/bin"}},
                    place_.path() / "haproxy.log");
    for (int i = 0; i < 200 && !listens(port_); ++i) run(base::sleep_for(std::chrono::milliseconds(20)));
  }

  static net::TlsFiles files(const net::testing::TestAuthority& trusted,
                             const net::testing::TestAuthority& own) {
    return {.ca_file = trusted.ca_file(),
            .certificate_file = own.file("client.pem"),
            .key_file = own.file("client.key")};
  }
  Engine engine(net::TlsFiles tls) {
    return {http_, clock_, {.host = fmt::format("tcp://127.0.0.1:{}", port_), .tls = std::move(tls)}};
  }
  std::string failure_of(net::TlsFiles tls) {
    Engine refused = engine(std::move(tls));
    try {
      run(refused.version());
      return "";
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }

  net::testing::TestAuthority authority_, other_authority_;
  Podman podman_{"127.0.0.1:1"};
  const Place place_;
  const int port_ = free_port();
  Program balancer_;
  net::Client http_;
  const base::SystemClock clock_;
};

TEST_F(EngineOverTls, BuildsStartsAndFollows) {
  Engine client = engine(files(authority_, authority_));
  EXPECT_EQ(run(client.version()).name, "Podman Engine");
  const Place context;
  fs::create_directories(context.path() / "bin");
  fs::copy_file("/bin/busybox", context.path() / "bin/busybox");
  fs::create_symlink("busybox", context.path() / "bin/sh");
  std::ofstream(context.path() / "Containerfile") << "FROM scratch\nCOPY bin/ /bin/\n";
  asio::thread_pool pool(1);
  const BuildOptions options{.tags = {"localhost/tls:1"}};
  EXPECT_FALSE(run(client.build_image(tar_of(pool, context.path()), options)).empty());
  const ContainerSpec spec{.image = "localhost/tls:1",
                           .command = {"sh", "-c", "echo hello"},
                           .network = "host",
                           .stop_timeout = std::chrono::seconds(0)};
  run(client.create_container("over-tls", spec));
  run(client.start_container("over-tls"));
  EXPECT_EQ(run(client.wait_container("over-tls", WaitFor::not_running)), 0);
  EXPECT_EQ(run(first_of_log(client, "over-tls")), "hello\n");
  run(client.remove_container("over-tls", Force::yes));
}

TEST_F(EngineOverTls, RefusesStrangers) {
  net::TlsFiles nobody = files(authority_, authority_);
  nobody.certificate_file = nobody.key_file = "";
  EXPECT_THAT(failure_of(nobody), StartsWith("unavailable: "));
  EXPECT_THAT(failure_of(files(authority_, other_authority_)), StartsWith("unavailable: "));
  EXPECT_THAT(failure_of(files(other_authority_, authority_)), HasSubstr("certificate"));
}

}  // namespace
}  // namespace gennaker::clients::docker
