#pragma once

#include "clusters/inventory.h"
#include "net/http.h"

/// What a request's path names: {region}/{name}, or {id}. Throws base::Error `not_found`.
namespace gennaker::api {

const model::ServerGroup& requested_server_group(const clusters::Snapshot& snapshot,
                                                 const net::Request& request);

struct InstanceHome {
  const model::ServerGroup* group = nullptr;
  const model::Instance* instance = nullptr;
};
/// Neither is null.
InstanceHome requested_instance(const clusters::Snapshot& snapshot, const net::Request& request);

}  // namespace gennaker::api
