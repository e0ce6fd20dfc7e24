#pragma once

#include <string>

#include "clients/docker/container.h"
#include "providers/docker/group.h"

namespace gennaker::providers::docker {

/// The container of one instance. `bind_address`: of the published port; empty: all of the host's.
engine::ContainerSpec instance_spec(const std::string& account, const Group& group,
                                    const InstanceRecord& instance, const std::string& bind_address);

}  // namespace gennaker::providers::docker
