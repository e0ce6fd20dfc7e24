#pragma once

#include <boost/json/array.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "clusters/clouds.h"
#include "clusters/inventory.h"

/// Keeps a cluster from losing its last serving instance through us. Source: docs/concepts.md, "Traffic
/// guards".
///
/// The check and the operation that it allows are two steps: whoever takes them has the cluster's lock
/// (clusters/cluster_locks.h), or two that act in the same moment could both pass.
namespace gennaker::clusters {

/// An application's attribute `trafficGuards`: [{enabled (true), account, location, stack, detail, setBy?}],
/// each of the four a text or "*"; `setBy`: a user. Empty for an application that is unknown or has none.
/// Throws when it cannot be read: then nothing may be taken away.
using GuardRules = std::function<Async<json::array>(std::string application)>;

/// How a refusal calls what operations of `kind` do: "Destroying". Empty: they take no traffic away. A resize
/// is guarded when its size is 0, a disabling when it is of all instances.
std::string_view guarded_verb(std::string_view kind);

/// The enabled rules that cover the cluster. A `detail` of "*" does not mean baselines and canaries (a detail
/// that ends so), which are made to be taken away.
json::array rules_of_cluster(const json::array& rules, const model::Moniker& cluster,
                             std::string_view account, std::string_view location);
/// Whether there is one.
bool is_guarded(const json::array& rules, const model::Moniker& cluster, std::string_view account,
                std::string_view location);

struct GuardQuestion {
  std::string account;
  std::string location;
  ServerGroups cluster;           ///< all of it, in that location
  ServerGroups going_away;        ///< a subset
  std::string verb;               ///< "Destroying"
  double min_capacity_ratio = 0;  ///< in [0, 0.5)
  std::string set_by = {};        ///< who asked for the guard; empty: not known
};
/// nullopt: allowed. Else why not, for people. Counts instances that are Up in enabled server groups.
std::optional<std::string> why_denied(const GuardQuestion& question);

/// The server groups of `location` whose last instances that are Up are among `ids`.
std::vector<std::string> emptied_by(const Snapshot& snapshot, std::string_view location,
                                    const std::vector<std::string>& ids);

struct GuardVerdict {
  json::array rules;                  ///< those that cover the server groups' clusters
  std::optional<std::string> denied;  ///< why it must not be, for people
  std::string denied_cluster;
};

/// Asks for the rules and for fresh news of the account.
class TrafficGuards {
 public:
  TrafficGuards(Clouds& clouds, GuardRules rules, double min_capacity_ratio = 0)
      : clouds_(clouds), rules_(std::move(rules)), min_capacity_ratio_(min_capacity_ratio) {}

  /// Whether the rules allow that all `names` lose their traffic together; allowed if `verb` is empty. Names
  /// that do not exist lose nothing. Who asks without the cluster's lock learns how it is now, no more.
  /// Throws what GuardRules throws.
  Async<GuardVerdict> ask(std::string account, std::string location, std::vector<std::string> names,
                          std::string verb) const;
  /// Throws base::Error `conflict` if the rules forbid that all `names` lose their traffic together; what
  /// GuardRules throws. Names that do not exist lose nothing.
  Async<void> check(std::string account, std::string location, std::vector<std::string> names,
                    std::string verb) const;
  /// The same for a cluster whose traffic is to go, all of it, to a server group that cannot have any:
  /// because `why` ("it begins with 0 instances"). Throws base::Error `conflict` if it serves now and is
  /// guarded.
  Async<void> check_successor(std::string account, std::string location, model::Moniker cluster,
                              std::string verb, std::string why) const;
  /// The same for instances: a server group that would keep none that is Up loses its traffic. Ids that
  /// belong to no server group lose nothing.
  Async<void> check_instances(std::string account, std::string location, std::vector<std::string> ids,
                              std::string verb) const;

 private:
  Clouds& clouds_;
  GuardRules rules_;
  double min_capacity_ratio_;
};

}  // namespace gennaker::clusters
