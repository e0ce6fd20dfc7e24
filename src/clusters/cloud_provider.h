#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/shared_list.h"
#include "model/infrastructure.h"
#include "model/operation.h"

namespace gennaker::clusters {

namespace json = boost::json;
using base::Async;

/// All of one account at one moment. Those of two moments share what did not change.
struct Snapshot {
  /// Grows with every change that a reader could notice; from 1.
  std::uint64_t revision = 0;
  base::SharedList<model::ServerGroup> server_groups;
  base::SharedList<model::LoadBalancer> load_balancers;
  base::SharedList<model::Image> images;
  base::SharedList<model::Firewall> firewalls;
  base::SharedList<model::Job> jobs;
};

/// A cloud, in the field's words. Threads: every function is called on, and resumes on, the one executor that
/// the provider was built with (clusters::Clouds sees to that): a provider needs no locks. It answers and is
/// read; it never calls up.
class CloudProvider {
 public:
  virtual ~CloudProvider() = default;
  /// As in `cloudProvider` of a stage: "local".
  virtual std::string_view name() const = 0;
  virtual std::vector<model::Account> accounts() const = 0;
  /// What it can do beyond what every cloud can; the same for the provider's life. An operation that it
  /// cannot carry out does not reach it.
  virtual model::Capabilities capabilities() const { return {}; }

  /// Finds what exists already (processes of an earlier run, ...) and begins to watch it. Called once.
  virtual Async<void> start() = 0;
  /// Ends watching. What is deployed goes on.
  virtual Async<void> stop() = 0;

  /// The account's state as soon as its revision differs from `known`; 0: at once. Several calls may wait at
  /// once. Throws base::Error `not_found` for a foreign account.
  virtual Async<Snapshot> watch(std::string account, std::uint64_t known) = 0;

  /// Carries out one operation (clusters/operations.h says which there are and what is in them) and answers
  /// when its effect is complete as far as the cloud decides it: processes are started (not: healthy),
  /// traffic is drained. Idempotent: the same key finds what an earlier attempt did, in this process or in
  /// one that crashed; a half-done attempt is completed. The snapshot shows the effect when this returns.
  ///
  /// Throws base::Error: `not_found`, `invalid` (nothing was changed; the message names the field),
  /// `conflict` (a port that is taken, ...), `unavailable` (worth trying again). A refused or failed creation
  /// leaves nothing behind.
  virtual Async<json::object> perform(model::Operation operation) = 0;

  /// What decides about the outcome of a bake besides what the operation itself says: the digest of a
  /// source's content, the id of a base image. A member takes the place of the setting of its name: the same
  /// content in another folder is the same. Changes nothing but what `perform` would bring along first (a
  /// base image that is pulled). Throws as `perform`.
  virtual Async<json::object> bake_inputs(model::Operation operation);

  /// The last lines of the output of an instance or a job. Throws `not_found`.
  virtual Async<std::string> console_output(std::string account, std::string id) = 0;

  /// A file that a job wrote, by its name there. Throws `not_found`; `invalid` for a name that cannot be.
  virtual Async<std::string> job_file(std::string account, std::string job_id, std::string name);
};

}  // namespace gennaker::clusters
