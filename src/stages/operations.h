#pragma once

#include <string>
#include <vector>

#include "clusters/operations.h"
#include "runner/task.h"
#include "stages/infrastructure.h"

/// Tasks that carry one operation out.
namespace gennaker::stages {

namespace json = boost::json;

/// The server group a task is about: the stage's own, else the one that determineTargetServerGroup found for
/// its region. Throws base::Error `invalid`, naming the stage and the field.
clusters::ServerGroupRef server_group_of(const runner::TaskContext& context);

/// What users, Deck and expressions read about an operation that was carried out: an entry more in
/// `kato.tasks`, `kato.last.task.id`, `kato.task.lastStatus`, `notification.type`, `deploy.account.name`.
json::object operation_results(const runner::TaskContext& context, std::string_view kind,
                               const std::string& account, const std::string& key,
                               const json::object& result);
/// `deploy.server.groups`: {region: [name]}.
json::object server_groups_by_region(const std::vector<clusters::ServerGroupRef>& groups);

/// An operation on one server group, guarded where the kind takes traffic away.
class ServerGroupOperation : public runner::Task {
 public:
  explicit ServerGroupOperation(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) final;
  runner::TaskResult operated(const runner::TaskContext& context, const json::object& answer) final;

 protected:
  struct Intent {
    model::Operation operation;
    std::string guarded_verb;   ///< "Destroying"; empty: takes no traffic away
    json::object context = {};  ///< kept even if the operation fails
    bool nothing_to_do = false;
  };
  /// `group`: nullptr if the inventory has none of that name.
  virtual Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                        const model::ServerGroup* group, const clusters::Snapshot& snapshot) const = 0;
  virtual std::string_view kind() const = 0;

 private:
  const Infrastructure infrastructure_;
};

/// Throws base::Error `not_found`, naming the account, the region and the nearest name.
const model::ServerGroup& need_server_group(const clusters::Snapshot& snapshot,
                                            const clusters::ServerGroupRef& ref);

}  // namespace gennaker::stages
