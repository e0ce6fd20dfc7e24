#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bakery/bake_logs.h"
#include "base/clock.h"
#include "clusters/cloud_provider.h"
#include "net/client.h"
#include "providers/docker/options.h"

namespace gennaker::providers::docker {

using base::Async;

/// The "docker" cloud: server groups of containers on hosts that speak the Docker Engine API (Podman too),
/// behind HAProxy. What each operation takes and answers: clusters/operations.h, README.md. What must survive
/// is kept in the engines: docs/decisions/0020-docker-records.md.
///
/// stop() ends operations that last (a drain) with `unavailable`; their next attempt, also by another
/// process, completes them. After it, or when the executor runs no more, the provider may be destroyed.
/// `http`, `clock` and `bake_log` must outlive it. The constructor throws base::Error `invalid` for options
/// that cannot work.
class DockerProvider final : public clusters::CloudProvider {
 public:
  DockerProvider(boost::asio::any_io_executor executor, DockerOptions options, net::Client& http,
                 const base::Clock& clock, bakery::BakeLog& bake_log);
  ~DockerProvider() override;

  std::string_view name() const override { return "docker"; }
  std::vector<model::Account> accounts() const override;
  model::Capabilities capabilities() const override;
  /// Asks every host once. One that does not answer keeps nobody waiting for long.
  Async<void> start() override;
  Async<void> stop() override;
  Async<clusters::Snapshot> watch(std::string account, std::uint64_t known) override;
  /// disableServerGroup answers also {"drained": bool}: false when requests were cut at the end of the drain
  /// time-out.
  Async<boost::json::object> perform(model::Operation operation) override;
  Async<boost::json::object> bake_inputs(model::Operation operation) override;
  Async<std::string> console_output(std::string account, std::string instance_id) override;
  /// `name`: a path in the job's container; a relative one begins in its working directory.
  Async<std::string> job_file(std::string account, std::string job_id, std::string name) override;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace gennaker::providers::docker
