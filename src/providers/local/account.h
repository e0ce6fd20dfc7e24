#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "clusters/cloud_provider.h"
#include "clusters/operations.h"
#include "providers/haproxy/load_balancers.h"
#include "providers/local/group.h"
#include "providers/local/images.h"
#include "providers/local/instance.h"
#include "providers/local/local_provider.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers::local {

/// The ports that all accounts have given to instances.
struct ReservedPorts {
  std::set<int> taken;
  int last = 0;  ///< given; the next search begins behind it, so that a port rests before it is given again
  Turn turn;     ///< one search at a time
};

/// One account: its images, server groups and load balancers, in memory as on disk:
///
///     <directory>/images/<id>/{image.json, files/}
///     <directory>/images-tags/<id>.json
///     <directory>/server-groups/<name>/{group.json, instances/<index>/{instance.json, output.log, ...}}
///     <directory>/jobs/<id>/{job.json, instance.json, output.log, files/, ...}
///     <directory>/load-balancers.json
///     <directory>/haproxy/
///     <directory>/operations/<digest>.json     the answers of operations that are done, by key
///
/// Threads: the executor's one. Functions take and keep nothing of the caller's.
class Account {
 public:
  Account(const Ground& ground, const LocalOptions& options, LocalAccount account, ReservedPorts& ports,
          bakery::BakeLog& bake_log);

  const LocalAccount& described() const { return account_; }
  Async<void> start();
  Async<void> stop();
  Async<clusters::Snapshot> watch(std::uint64_t known);
  Async<json::object> perform(model::Operation operation);
  Async<json::object> bake_inputs(model::Operation operation);
  Async<std::string> console_output(std::string id);
  Async<std::string> job_file(std::string job_id, std::string name);

 private:
  struct RunningGroup {
    Group group;
    std::map<int, std::shared_ptr<Instance>> instances;
    Turn turn;  ///< one operation at a time
  };
  using GroupPointer = std::shared_ptr<RunningGroup>;

  // account.cpp: loading, watching, and operations in general
  Async<void> load();
  void adopt(Group group, const std::set<std::string>& had_traffic);
  Async<json::object> carry_out(model::Operation operation);
  Async<std::optional<json::object>> earlier_answer(std::string key);
  Async<void> record_answer(model::Operation operation, json::object answer);
  void changed();
  void revise();
  void expect_region(const json::object& what) const;
  /// Throws `unavailable` once stop() was called: what lasts ends there, to be continued by the next attempt.
  void expect_running() const;
  template <class Work>
  auto on_pool(Work work) {
    return base::run_blocking(ground_.pool, std::move(work));
  }

  Async<json::object> bake(model::Operation operation);
  BakeRequest bake_request_of(const model::Operation& operation) const;
  std::string expect_base_image(const std::string& name) const;

  // snapshot.cpp: what readers see
  clusters::Snapshot snapshot() const;
  model::ServerGroup describe(const RunningGroup& running) const;
  model::Instance describe(const RunningGroup& running, const InstanceRecord& record) const;
  model::Health traffic_health(const Group& group, const Instance& instance,
                               const InstanceRecord& record) const;

  // server_groups.cpp
  Async<json::object> create(model::Operation operation);
  Async<json::object> resize(model::Operation operation);
  Async<json::object> update_launch(model::Operation operation);
  Async<json::object> enable(model::Operation operation);
  Async<json::object> disable(model::Operation operation);
  Async<json::object> destroy(model::Operation operation);
  Async<GroupPointer> plan(clusters::ServerGroupSpec spec, std::string key);
  void expect_capacity(const model::Capacity& capacity) const;
  void name_group(Group& group) const;
  Async<void> complete_creation(GroupPointer running);
  Async<void> launch(GroupPointer running, int index);
  Async<void> stop_instance(GroupPointer running, int index);
  Async<void> grow(GroupPointer running, int count);
  Async<void> shrink(GroupPointer running, int count);
  Async<void> remove_group(GroupPointer running);
  Async<void> save(Group group);
  Async<std::vector<InstanceRecord>> reserve(Group group, int count);
  void release(const std::vector<InstanceRecord>& records);
  ProcessSpec process_of(const Group& group, const InstanceRecord& record) const;
  std::shared_ptr<Instance> watch_instance(const Group& group, const InstanceRecord& record,
                                           bool presumed_up);
  GroupPointer find_group(const std::string& name) const;
  const model::Image& expect_image(const std::string& id) const;

  std::vector<haproxy::Server> servers_of(const std::string& load_balancer) const;
  std::optional<std::string> user_of(const std::string& load_balancer) const;

  // instances.cpp
  enum class Renewal {
    replace,  ///< with an empty directory
    reboot,   ///< it keeps its log
  };
  Async<json::object> renew(model::Operation operation, Renewal how);
  Async<void> renew_in(GroupPointer running, std::vector<std::string> ids, std::string key, Renewal how);
  Async<void> stop_all(GroupPointer running, std::vector<int> indices, Renewal how);
  Async<json::object> terminate_and_decrement(model::Operation operation);
  enum class Traffic { give, take };
  Async<json::object> set_traffic(model::Operation operation, Traffic traffic);
  Async<void> set_traffic_in(GroupPointer running, model::Operation operation, Traffic traffic);
  Async<json::object> tag_group(model::Operation operation);

  // account_images.cpp
  Async<json::object> tag_image(model::Operation operation);
  Async<json::object> delete_image(model::Operation operation);
  void refuse_used_image(const std::string& id) const;

  // jobs.cpp
  struct RunningJob {
    model::Job job;
    std::string key;
    json::object raw_settings;
    std::string image_id;
    bool cancelled = false;
    std::shared_ptr<base::UnixSocket> socket;  ///< to the shim, while somebody follows it
    Turn turn;
  };
  using JobPointer = std::shared_ptr<RunningJob>;
  Async<json::object> run_job(model::Operation operation);
  Async<json::object> cancel_job(model::Operation operation);
  Async<void> load_jobs();
  Async<void> forget_old_jobs();
  void follow_jobs();
  static Async<void> follow_job(Account* self, JobPointer job);
  Async<std::optional<ProcessExit>> await_exit(JobPointer job);
  Async<void> launch_job(JobPointer job);
  Async<void> finish_job(JobPointer job, std::optional<ProcessExit> exit);
  Async<void> save_job(JobPointer job);
  ProcessSpec process_of(const RunningJob& job) const;
  std::string directory_of(const RunningJob& job) const { return jobs_directory_ + "/" + job.job.id; }

  std::string directory_of(const Group& group) const { return groups_directory_ + "/" + group.name; }
  std::string directory_of(const Group& group, int index) const {
    return fmt::format("{}/instances/{}", directory_of(group), index);
  }

  const Ground& ground_;
  const LocalOptions& options_;
  LocalAccount account_;
  ReservedPorts& ports_;
  bakery::BakeLog& bake_log_;
  std::string directory_, images_directory_, groups_directory_, jobs_directory_;

  std::map<std::string, model::Image> images_;
  std::map<std::string, GroupPointer> groups_;
  std::map<std::string, JobPointer> jobs_;
  int jobs_followed_ = 0;
  Signal job_followed_;
  LoadBalancers load_balancers_;
  OperationTurns operation_turns_;
  std::uint64_t revision_ = 1;
  Signal revised_;
  bool stopped_ = false;
};

}  // namespace gennaker::providers::local
