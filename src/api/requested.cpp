#include "api/requested.h"

#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::api {

const model::ServerGroup& requested_server_group(const clusters::Snapshot& snapshot,
                                                 const net::Request& request) {
  const std::string &region = request.parameter("region"), &name = request.parameter("name");
  if (const auto* found = clusters::find_server_group(snapshot, region, name)) return *found;
  throw base::Error(base::Kind::not_found,
                    fmt::format("Server group not found (account: {}, region: {}, name: {})",
                                request.parameter("account"), region, name));
}

InstanceHome requested_instance(const clusters::Snapshot& snapshot, const net::Request& request) {
  const std::string& id = request.parameter("id");
  for (const model::ServerGroup& group : snapshot.server_groups) {
    for (const model::Instance& instance : group.instances) {
      if (instance.id == id) return {&group, &instance};
    }
  }
  throw base::Error(base::Kind::not_found, fmt::format("Instance not found (id: {})", id));
}

}  // namespace gennaker::api
