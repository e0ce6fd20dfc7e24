#pragma once

#include <boost/json/object.hpp>

#include "engine/stage.h"
#include "stages/create_server_group/source.h"

/// What a deployment notes in its stage before it changes anything, and what its strategy reads of it. Pure.
namespace gennaker::stages {

/// Why the strategy cannot begin; empty: it can.
std::string start_problem(const ClusterDescription& description, const SourceChoice& choice);

/// Why the new server group cannot take the traffic over; empty: it can.
std::string successor_problem(const ClusterDescription& description, const model::Capacity& wanted);

/// `source`, the capacity of the new server group where it is not the user's, and what a roll-back needs: the
/// whole cluster as it is, and what the source starts. `wanted`: the new one's whole size.
json::object note_start(const ClusterDescription& description, const SourceChoice& choice,
                        const model::Capacity& wanted, const clusters::Snapshot& snapshot);

/// The deployment of a createServerGroup or cloneServerGroup stage, as far as it got.
clusters::Deployment deployment_of(const engine::StageView& stage, const ClusterDescription& description);

}  // namespace gennaker::stages
