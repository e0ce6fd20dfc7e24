#pragma once

#include <string>
#include <vector>

#include "model/infrastructure.h"
#include "providers/local/settings.h"

namespace gennaker::providers::local {

/// One instance as `group.json` knows it; kept so that a restart finds its port again.
struct InstanceRecord {
  int index = 0;
  int port = 0;
  base::TimePoint launched{};
  bool retiring = false;  ///< being drained and stopped by a resize
  bool left_out = false;  ///< gets no traffic, although its group is enabled: a part of it is
  bool renewing =
      false;  ///< being drained, stopped and started again; not on disk: who repeats it begins anew
  std::vector<std::string> without;  ///< load balancers that give it nothing, although its group has them
};

enum class GroupStage { creating, active, destroying };

/// A server group: the content of `group.json`.
struct Group {
  std::string name;
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
  json::object tags;
  std::vector<std::string> done;  ///< keys of the last operations on its instances that took effect

  std::string instance_id(int index) const { return fmt::format("{}-{}", name, index); }
};

/// Throws base::Error `conflict` while it is being created or destroyed.
void expect_active(const Group& group);

/// Leaves the first so many out of the traffic, and no other. Their indices.
std::vector<int> leave_out(Group& group, int count);

/// Whether the load balancer gives this instance nothing.
bool is_without(const InstanceRecord& record, const std::string& load_balancer);

json::object to_json(const Group& group);
/// Throws base::Error `internal`, naming the group, when the file is not what to_json writes.
Group group_of(const json::object& document);

}  // namespace gennaker::providers::local
