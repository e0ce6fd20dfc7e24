#pragma once

#include <string>

#include "base/error.h"
#include "clients/docker/container.h"
#include "clusters/operations.h"
#include "providers/docker/group.h"

namespace gennaker::providers::docker {

/// The container of one instance. `bind_address`: of the published port; empty: all of the host's.
engine::ContainerSpec instance_spec(const std::string& account, const Group& group,
                                    const InstanceRecord& instance, const std::string& bind_address);

/// The container of a job, which runs once.
engine::ContainerSpec job_spec(const std::string& account, const std::string& id,
                               const clusters::JobSpec& job, const GroupSettings& settings);

/// What an engine said of a start that failed, in our kinds and with the field to mend.
base::Error explained(const base::Error& error);

}  // namespace gennaker::providers::docker
