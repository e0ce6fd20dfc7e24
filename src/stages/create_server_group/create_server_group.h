#pragma once

#include <memory>
#include <string_view>

#include "engine/stage.h"
#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `createServerGroup` stage, which `deploy` brings along for each of its clusters: see README.md.
void add_create_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

/// A stage keeps what it created under a name that no other task and no user writes.
inline constexpr std::string_view created_field = "createdServerGroupName";

/// The same stage for another type to build on: how it plans, and what its strategy brings along.
std::unique_ptr<engine::Stage> create_server_group_stage();

}  // namespace gennaker::stages
