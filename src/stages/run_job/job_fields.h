#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "clusters/cloud_provider.h"
#include "clusters/operations.h"
#include "clusters/strategies.h"

/// What the stages about jobs read and tell. Pure.
namespace gennaker::stages {

namespace json = boost::json;

/// The job that a stage describes, in `cluster` or flat. `application`: of the execution, for a description
/// without one. Sets `problem` at the first wrong field.
clusters::JobSpec read_job(const json::object& context, const std::string& application,
                           std::optional<clusters::FieldProblem>& problem);

/// How long the job may take: `jobRuntimeLimit` or `cluster.runtimeLimitSecs`, in seconds.
std::optional<std::chrono::seconds> runtime_limit(const json::object& context);

/// nullptr: there is none.
const model::Job* find_job(const clusters::Snapshot& snapshot, const std::string& id);

/// As users and expressions read it under `jobStatus`.
json::object to_json(const model::Job& job);

/// A property file: JSON, or lines "key=value" or "key: value"; those that begin with '#' or '!' are
/// comments. nullopt: it is neither.
std::optional<json::object> read_properties(std::string_view text);

}  // namespace gennaker::stages
