#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bakery/bake_logs.h"
#include "base/clock.h"
#include "clusters/cloud_provider.h"

namespace gennaker::providers::local {

using base::Async;

struct LocalAccount {
  std::string name;         ///< letters, digits, '.', '_' and '-': a directory is named after it
  std::string environment;  ///< "test", "prod": as shown
};

struct LocalOptions {
  std::string data_directory;  ///< everything is kept in `<data_directory>/local`
  std::vector<LocalAccount> accounts{{"local", "local"}};
  std::string haproxy = "haproxy";  ///< a name is looked up in `environment`'s PATH and where Debian puts it
  /// What processes get besides their own settings. No secrets: all users of an image can read it.
  std::map<std::string, std::string> environment{
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  /// argv before an instance's directory: {"/usr/bin/gennaker", "shim"}. The program by its whole path.
  std::vector<std::string> shim_program;
  std::string address = "127.0.0.1";  ///< where instances listen; IPv4
  int first_port = 20'000;            ///< of instances without a port of their own
  int last_port = 29'999;
  std::chrono::milliseconds drain_timeout{30'000};  ///< of resize and destroy, and of a disable without one
  std::int64_t image_limit_bytes = std::int64_t{2} << 30;
  int most_instances = 200;                                           ///< of one server group
  std::chrono::milliseconds jobs_kept = std::chrono::hours(24 * 14);  ///< after their end
};

/// The "local" cloud: server groups of processes on this machine, behind HAProxy. What each operation takes
/// and answers: clusters/operations.h, README.md. Region: "local".
///
/// stop() ends operations that last (a drain) with `unavailable`; their next attempt, also by another
/// process, completes them. After it, or when the executor runs no more, the provider may be destroyed.
///
/// Only one provider may use a data directory: the constructor throws base::Error `conflict` when another
/// process does, and `invalid` for options that cannot work.
class LocalProvider final : public clusters::CloudProvider {
 public:
  /// `clock` and `bake_log` must outlive it.
  LocalProvider(boost::asio::any_io_executor executor, LocalOptions options, const base::Clock& clock,
                bakery::BakeLog& bake_log);
  ~LocalProvider() override;

  std::string_view name() const override { return "local"; }
  std::vector<model::Account> accounts() const override;
  model::Capabilities capabilities() const override;
  Async<void> start() override;
  Async<void> stop() override;
  Async<clusters::Snapshot> watch(std::string account, std::uint64_t known) override;
  /// disableServerGroup answers also {"drained": bool}: false when requests were cut at the end of the drain
  /// time-out.
  Async<boost::json::object> perform(model::Operation operation) override;
  Async<boost::json::object> bake_inputs(model::Operation operation) override;
  Async<std::string> console_output(std::string account, std::string id) override;
  Async<std::string> job_file(std::string account, std::string job_id, std::string name) override;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace gennaker::providers::local
