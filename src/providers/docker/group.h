#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/infrastructure.h"
#include "providers/docker/settings.h"

namespace gennaker::providers::docker {

/// `retiring`: a resize drains and removes it. `gone`: it was removed as far as its host could be reached.
enum class InstanceStage { live, retiring, gone };

/// One instance as its group's record knows it: where it belongs, whether or not it is there already.
struct InstanceRecord {
  int index = 0;
  std::string host;
  int port = 0;  ///< on the host
  base::TimePoint launched{};
  InstanceStage stage = InstanceStage::live;
  bool left_out = false;             ///< gets no traffic, although its group is enabled: a part of it is
  std::vector<std::string> without;  ///< load balancers of its group that it is not registered with
};

/// `gone`: removed as far as hosts could be reached; what is left is a tombstone that says so to the others.
enum class GroupStage { creating, active, destroying, gone };

/// An operation whose effect is complete.
struct DoneOperation {
  std::string key;
  base::TimePoint at{};
  json::object answer;
};

/// A server group: the content of its records (records.h).
struct Group {
  std::uint64_t revision = 0;  ///< of the record that it was read from, or written to
  std::string name, region;
  std::string create_key;  ///< of the operation that made it
  std::string ancestor;    ///< the newest of its cluster when it was made
  model::Moniker moniker;
  GroupStage stage = GroupStage::creating;
  base::TimePoint created{};
  model::Capacity capacity;
  bool disabled = false;
  std::string image_id, image_name, version;
  std::vector<std::string> load_balancers;
  json::object raw_settings;
  GroupSettings settings;  ///< raw_settings, understood
  std::vector<InstanceRecord> instances;
  std::vector<DoneOperation> done;  ///< the last ones
  json::object tags;

  std::string instance_id(int index) const { return fmt::format("{}-{}", name, index); }
  const InstanceRecord* find(int index) const;
  /// Those that are neither retiring nor gone.
  int live_instances() const;
  const DoneOperation* find_done(const std::string& key) const;
  /// Notes it, and forgets those that are too old or too many.
  void note_done(DoneOperation operation);
};

bool is_without(const InstanceRecord& record, const std::string& load_balancer);

/// Leaves the first so many out of the traffic, and no other.
void leave_out(Group& group, int count);

json::object to_json(const Group& group);
/// Throws base::Error `internal`, naming the group, when the document is not what to_json writes.
Group group_of(const json::object& document);

}  // namespace gennaker::providers::docker
