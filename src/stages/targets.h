#pragma once

#include <initializer_list>
#include <string_view>

#include "clusters/strategies.h"
#include "engine/stage.h"
#include "stages/infrastructure.h"

/// Stages about one server group, which may be named or described ("the one before the newest").
namespace gennaker::stages {

namespace json = boost::json;

/// With a name and one region: `tasks`. With several regions: a child of the same type for each, one after
/// another. With `target` and `cluster`: first determineTargetServerGroup, then such children. A target is
/// always resolved when the stage runs, also in its old spelling.
engine::Plan plan_target_stage(const engine::StageView& stage, std::initializer_list<std::string_view> tasks);

/// What is wrong with `target`, `cluster` and the regions of a stage that is to look a server group up.
std::optional<clusters::FieldProblem> target_problem(const json::object& context);

}  // namespace gennaker::stages
