#pragma once

#include <boost/json/object.hpp>

#include "model/execution.h"

/// What stages that wait for other executions make of them.
namespace gennaker::stages {

namespace json = boost::json;

/// The outputs of its top-level stages, from the first to the last as they require each other. The later
/// wins, but lists of the same name are joined without doubles.
json::object merged_outputs(const model::Execution& child);

/// Why a child failed: {source: {executionId, stageId, stageName, stageIndex}, details: {errors: [...]}}, the
/// source being the first failed stage.
json::object child_exception(const model::Execution& child);

}  // namespace gennaker::stages
