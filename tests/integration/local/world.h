#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "clusters/operations.h"
#include "providers/local/local_provider.h"

/// The local provider on this machine: a directory, real processes, a real HAProxy; all of it is gone at the
/// end.
namespace gennaker::providers::local {

namespace fs = std::filesystem;

/// Sends requests without pause, on one connection or on a new one each time, and counts.
class Traffic {
 public:
  enum class Connections { kept, fresh };
  Traffic(int port, Connections connections);
  ~Traffic();
  void stop();
  int sent() const { return sent_; }
  int failed() const { return failed_; }
  /// Answers by the version that gave them.
  std::map<std::string, int> versions() const { return versions_; }  ///< after stop()
  std::string first_failure() const { return first_failure_; }       ///< after stop()

 private:
  void run(int port, Connections connections);

  std::atomic<bool> stopping_ = false;
  std::atomic<int> sent_ = 0, failed_ = 0;
  std::map<std::string, int> versions_;
  std::string first_failure_;
  std::thread thread_;
};

struct Answer {
  int status = 0;  ///< 0: none
  std::string body;
  std::string version;
};
/// One request on a new connection.
Answer get(int port, const std::string& path);
int free_port();
std::string read_text(const fs::path& path);
/// Processes that work for this directory: its name is in their environment, arguments or working directory.
std::vector<int> processes_of(const fs::path& directory);

class LocalWorld : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// A new provider on the same directory, as after a restart of the server.
  void open();
  /// As when the server ends: `kindly` through stop(), else as by SIGKILL.
  void close(bool kindly = true);

  /// Runs the loop until `work` has ended; throws what it throws.
  template <class T>
  T run(base::Async<T> work);
  boost::json::object perform(const model::Operation& operation);
  /// The message of the base::Error that `operation` throws, "kind: message"; fails when there is none.
  std::string refusal(const model::Operation& operation);
  clusters::Snapshot snapshot();
  /// Runs the loop until the condition holds; fails with `what` after a generous time.
  void await(const std::string& what, const std::function<bool()>& condition);
  void await_healthy(const std::string& group, int count);

  std::string bake(const std::string& version);
  /// Of what bake() has put there.
  clusters::BakeSpec bake_spec(const std::string& version) const;
  int balance(const std::string& name);
  clusters::ServerGroupSpec spec(const std::string& image, int count);
  std::string create(const std::string& key, const clusters::ServerGroupSpec& spec);
  model::ServerGroup group(const std::string& name);
  clusters::ServerGroupRef ref(const std::string& name) const { return {"local", "local", name}; }
  int launches() const;
  /// Servers that HAProxy has at the moment.
  std::vector<std::string> servers_in_haproxy();
  int haproxy_master();
  int shim_of(const std::string& group, int index);
  int shim_in(const fs::path& directory);
  /// A process that has ended stays for a moment in the kernel's lists.
  void expect_no_process(const std::string& below) {
    wait_until("no process", [&] { return processes_of(options_.data_directory + below).empty(); });
  }
  /// As await, but looks at processes only, and works while there is no provider.
  void wait_until(const std::string& what, const std::function<bool()>& condition);
  std::string key() { return "key-" + std::to_string(++keys_); }

  fs::path data_;
  LocalOptions options_;
  base::SystemClock clock_;
  /// What the provider said about its bakes.
  class Lines final : public bakery::BakeLog {
   public:
    void write(std::string_view, std::string_view lines) override {
      const std::lock_guard lock(mutex_);
      text_ += std::string(lines) + "\n";
    }
    std::string text() {
      const std::lock_guard lock(mutex_);
      return text_;
    }

   private:
    std::mutex mutex_;
    std::string text_;
  } bake_log_;
  std::unique_ptr<boost::asio::io_context> loop_;
  std::unique_ptr<LocalProvider> provider_;
  int keys_ = 0;
};

template <class T>
T LocalWorld::run(base::Async<T> work) {
  std::exception_ptr failed;
  bool ended = false;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(*loop_, std::move(work), [&](std::exception_ptr error) {
      failed = error;
      ended = true;
    });
    while (!ended) loop_->run_one();
    if (failed) std::rethrow_exception(failed);
  } else {
    std::optional<T> result;
    boost::asio::co_spawn(*loop_, std::move(work), [&](std::exception_ptr error, T value) {
      failed = error;
      if (!error) result = std::move(value);
      ended = true;
    });
    while (!ended) loop_->run_one();
    if (failed) std::rethrow_exception(failed);
    return std::move(*result);
  }
}

}  // namespace gennaker::providers::local
