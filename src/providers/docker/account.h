#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bakery/bake_logs.h"
#include "clusters/cloud_provider.h"
#include "clusters/operations.h"
#include "providers/docker/baking.h"
#include "providers/docker/group.h"
#include "providers/docker/host.h"
#include "providers/docker/instance.h"
#include "providers/docker/options.h"
#include "providers/docker/placement.h"
#include "providers/docker/published.h"
#include "providers/haproxy/load_balancers.h"

namespace gennaker::providers::docker {

/// One account: its hosts, and the server groups, instances and images that they hold. What it knows of
/// server groups is what their records say (records.h); load balancers are kept in files, as HAProxy runs
/// here.
///
/// Threads: the executor's one. Functions take and keep nothing of the caller's.
class Account {
 public:
  Account(const Ground& ground, const DockerOptions& options, DockerAccount account, net::Client& http,
          bakery::BakeLog& bake_log);

  model::Account describe() const;
  Async<void> start();
  Async<void> stop();
  Async<clusters::Snapshot> watch(std::uint64_t known);
  Async<json::object> perform(model::Operation operation);
  Async<json::object> bake_inputs(model::Operation operation);
  Async<std::string> console_output(std::string instance_id);
  Async<std::string> job_file(std::string job_id, std::string name);

 private:
  struct RunningGroup {
    Group group;
    std::map<int, std::shared_ptr<Instance>> instances;
    Turn turn;               ///< one operation at a time
    int operations = 0;      ///< under way
    std::set<int> renewing;  ///< are being started anew: no traffic for them
    /// Instances whose container is not there, as somebody has removed it, and since when.
    std::map<int, base::TimePoint> missing;
  };
  using GroupPointer = std::shared_ptr<RunningGroup>;
  using HostPointer = std::shared_ptr<Host>;
  /// A group is being worked on: what records say of it meanwhile is our own.
  struct AtWork {
    explicit AtWork(GroupPointer running) : group(std::move(running)) { ++group->operations; }
    ~AtWork() { --group->operations; }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;
    const GroupPointer group;
  };

  // account.cpp: hosts, records, and operations in general
  void heed(const std::string& host);
  void adopt_records();
  void adopt(const Group& group);
  void forget_lost_groups(const std::set<std::string>& recorded);
  void watch_instances(RunningGroup& running);
  void watch_instance(RunningGroup& running, const InstanceRecord& record);
  void drop(RunningGroup& running);
  void tidy_soon();
  bool can_be_tidied(const RunningGroup& running) const;
  void note_missing(RunningGroup& running);
  bool is_long_missing(const RunningGroup& running, const InstanceRecord& record) const;
  Async<json::object> carry_out(model::Operation operation);
  std::optional<json::object> earlier_answer(const model::Operation& operation) const;
  std::string region_of(const json::object& what) const;
  std::vector<std::string> regions() const;
  std::vector<HostPointer> reachable_hosts(const std::string& region) const;
  HostPointer find_host(const std::string& name) const;
  Async<void> look_at_hosts();
  void changed();
  /// Throws `unavailable` once stop() was called: what lasts ends there, to be continued by the next attempt.
  void expect_running() const;
  Async<void> first_contacts(milliseconds patience);
  static Async<void> begin_balancing(Account* self);

  // snapshot.cpp: what readers see
  bool publish();
  model::ServerGroup describe(const RunningGroup& running) const;
  model::Instance describe(const RunningGroup& running, const InstanceRecord& record) const;
  model::Health platform_health(const Instance& instance) const;
  model::Health traffic_health(const RunningGroup& running, const Instance& instance,
                               const InstanceRecord& record) const;
  std::map<std::string, model::Image> images() const;

  // server_groups.cpp
  Async<json::object> create(model::Operation operation);
  Async<json::object> resize(model::Operation operation);
  Async<json::object> enable(model::Operation operation);
  Async<json::object> disable(model::Operation operation);
  Async<json::object> destroy(model::Operation operation);
  Async<json::object> update_launch(model::Operation operation);
  Async<json::object> tag_group(model::Operation operation);
  Async<GroupPointer> plan(clusters::ServerGroupSpec spec, std::string key);
  void expect_capacity(const model::Capacity& capacity) const;
  void name_group(Group& group) const;
  void describe_image(Group& group, const std::string& image_id) const;
  Async<void> complete_creation(GroupPointer running);
  Async<void> give_up(GroupPointer running);
  void expect_active(const RunningGroup& running) const;
  Async<void> grow(GroupPointer running, int count);
  Async<void> fill(GroupPointer running, std::set<int> before);
  Async<void> shrink(GroupPointer running, int count);
  Async<void> retire(GroupPointer running, Group leaving);
  Async<void> mark(GroupPointer running, Group group, std::string key, json::object answer);
  GroupPointer find_group(const std::string& name) const;
  std::vector<haproxy::Server> servers_of(const std::string& load_balancer) const;
  std::optional<std::string> user_of(const std::string& load_balancer) const;

  // instances.cpp
  enum class Renewal {
    replace,  ///< by a new container
    reboot,   ///< it keeps its container
  };
  std::vector<GroupPointer> groups_of(const model::Operation& operation) const;
  void expect_instances(const model::Operation& operation) const;
  Async<json::object> renew(model::Operation operation, Renewal how);
  Async<void> renew_in(GroupPointer running, model::Operation operation, Renewal how);
  Async<std::vector<InstanceRecord>> places_for_lost(GroupPointer running, std::vector<InstanceRecord> chosen,
                                                     Renewal how);
  Async<void> end_runs(GroupPointer running, std::vector<InstanceRecord> chosen, Renewal how);
  Async<json::object> terminate_and_decrement(model::Operation operation);
  enum class Traffic { give, take };
  Async<json::object> set_traffic(model::Operation operation, Traffic traffic);
  Async<void> set_traffic_in(GroupPointer running, model::Operation operation, Traffic traffic);

  // containers.cpp: what is in the engines
  /// Writes the next record to all hosts of the region that answer, then removes the older ones. Throws
  /// `unavailable` when another server has been faster.
  Async<void> save(GroupPointer running, Group group);
  Async<void> write_record(HostPointer host, Group group);
  Async<void> remove_older_records(HostPointer host, Group group, std::uint64_t before);
  Async<void> remove_records(Group group);
  Async<void> remove_container(HostPointer host, std::string container);
  Async<int> free_port(HostPointer host, int index, GroupSettings settings);
  Async<std::vector<HostLoad>> hosts_for(Group group);
  /// Places and ports for new instances, until release().
  Async<std::vector<InstanceRecord>> reserve(Group group, int count);
  void release(const std::vector<InstanceRecord>& records);
  /// Starts those that do not run. Throws `unavailable` for a host that does not answer.
  Async<void> launch(GroupPointer running, std::vector<InstanceRecord> all);
  Async<void> launch_on(std::string host_name, GroupPointer running, std::vector<InstanceRecord> records);
  Async<void> launch_one(HostPointer host, Group group, InstanceRecord record);
  Async<void> end_watching(GroupPointer running, int index);
  Async<void> stop_container(HostPointer host, Group group, int index);
  Async<void> stop_instance(GroupPointer running, InstanceRecord record);
  /// Whether its host answers, or belongs to the account no more.
  bool is_within_reach(const InstanceRecord& record) const;
  bool answers(const InstanceRecord& record) const;
  Async<void> remove_group(GroupPointer running);
  static Async<void> tidy(Account* self);
  Async<void> tidy_group(GroupPointer running);

  // jobs.cpp
  Async<json::object> run_job(model::Operation operation);
  Async<json::object> cancel_job(model::Operation operation);
  Async<HostPointer> host_for_job(clusters::JobSpec spec);
  HostPointer host_of_job(const std::string& id) const;
  Async<void> remove_old_jobs();
  model::Job describe_job(const Host& host, const std::string& name,
                          const engine::ContainerSummary& container) const;
  /// By id.
  std::map<std::string, model::Job> jobs() const;

  // account_images.cpp
  using Say = std::function<void(std::string_view line)>;
  /// `say` is told of a pull.
  Async<void> have_image(HostPointer host, std::string image, Say say);
  Async<void> have_image(HostPointer host, std::string image) {
    return have_image(std::move(host), std::move(image), Say());
  }
  Async<std::optional<engine::RegistryCredentials>> credentials_for(std::string reference);
  Async<json::object> bake(model::Operation operation);
  std::vector<HostPointer> hosts_of_bake(const std::string& region, const Baking& baking) const;
  /// Pulls the base image where it is missing. Returns its id on the first host; empty: none is named.
  Async<std::string> base_image_on(std::vector<HostPointer> hosts, Baking baking, Say say);
  /// Whether it was there already.
  Async<bool> build_on(HostPointer host, Baking baking, Say say);
  Async<void> push(HostPointer host, Baking baking, Say say);

  const Ground& ground_;
  const DockerOptions& options_;
  const DockerAccount account_;
  bakery::BakeLog& bake_log_;
  std::map<std::string, HostPointer> hosts_;
  std::map<std::string, GroupPointer> groups_;
  LoadBalancers load_balancers_;
  std::set<std::string> had_traffic_;                 ///< HAProxy's names of servers, when this process began
  std::set<std::string> complaints_;                  ///< that were logged already
  std::map<std::string, std::set<int>> given_ports_;  ///< by host, not yet in a record
  int last_port_ = 0;

  OperationTurns operation_turns_;
  Turn naming_;  ///< one name is chosen at a time
  Published<model::ServerGroup> published_groups_;
  Published<model::LoadBalancer> published_balancers_;
  Published<model::Image> published_images_;
  Published<model::Job> published_jobs_;
  std::uint64_t revision_ = 1;
  Signal revised_;
  bool started_ = false, stopped_ = false;
  bool tidying_ = false;
  int ending_ = 0;  ///< coroutines in the background that end soon: watching, the wait for first contacts
  Signal background_ended_;
};

}  // namespace gennaker::providers::docker
