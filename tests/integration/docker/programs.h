#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

/// The real things that the Docker client is tested with: each in a directory of its own, on sockets and
/// ports of its own, and gone at the end.
namespace gennaker::clients::docker {

/// A program that ends with this process, even when that is killed.
class Program {
 public:
  using Environment = std::map<std::string, std::string>;

  Program() = default;
  ~Program() { stop(9); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Its output is appended to `log`.
  void start(std::vector<std::string> command, const Environment& environment,
             const std::filesystem::path& log);
  /// Sends the signal and waits for the end; returns what waitpid tells.
  int stop(int signal);
  /// Waits for the end; throws std::runtime_error, with what is in `log`, when it fails.
  static void run(std::vector<std::string> command, const Environment& environment,
                  const std::filesystem::path& log);

 private:
  pid_t pid_ = -1;
};

/// A directory that goes with its owner.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// An engine with images and containers of its own.
class TestEngine {
 public:
  virtual ~TestEngine() = default;
  /// Starts what speaks the API and waits until it answers; again after kill().
  virtual void serve() = 0;
  /// Ends what speaks the API, as by SIGKILL; containers go on.
  void kill() { service_.stop(9); }
  /// "unix://..."
  std::string host() const { return "unix://" + socket(); }

 protected:
  std::string socket() const { return (place_.path() / "engine.sock").native(); }
  void serve(std::vector<std::string> command, const Program::Environment& environment);
  const std::filesystem::path& place() const { return place_.path(); }
  /// In order; then nothing of it is mounted any more.
  void stop();

 private:
  Place place_;
  Program service_;
};

class Podman final : public TestEngine {
 public:
  /// `registry`: "127.0.0.1:5000", to be called without TLS.
  explicit Podman(const std::string& registry);
  ~Podman() override;
  void serve() override;
  /// Serves anew, and calls these registries without TLS besides.
  void trust(const std::vector<std::string>& registries);
  /// Runs the command line on the same images and containers; throws when it fails.
  void run(const std::vector<std::string>& arguments);

 private:
  std::vector<std::string> command(const std::vector<std::string>& arguments) const;
  Program::Environment environment_;
};

/// Without a network of its own: its containers have the host's, or none.
class Docker final : public TestEngine {
 public:
  Docker();
  ~Docker() override;
  void serve() override;
};

/// A registry that knows one user, "ann" with the password "secret", and lets nobody else do anything.
class Registry {
 public:
  Registry();
  /// "127.0.0.1:5000"
  std::string address() const;

 private:
  Place place_;
  int port_;
  Program program_;
};

int free_port();
/// Whether somebody listens there.
bool listens(int port);

}  // namespace gennaker::clients::docker
