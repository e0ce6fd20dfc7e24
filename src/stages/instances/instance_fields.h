#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "clusters/inventory.h"
#include "clusters/operations.h"
#include "clusters/strategies.h"

/// What the stages about instances read and keep. Pure.
namespace gennaker::stages {

namespace json = boost::json;

/// `credentials`, the region, and `instanceIds` or one `instance`.
clusters::InstancesRef instances_in(const json::object& context);
/// What is wrong with these fields, if anything.
std::optional<clusters::FieldProblem> instances_problem(const json::object& context);

/// An instance and where it lives.
struct FoundInstance {
  const model::ServerGroup* group = nullptr;  ///< nullptr: there is none of that id
  const model::Instance* instance = nullptr;
};
FoundInstance find_instance(const clusters::Snapshot& snapshot, const std::string& region,
                            const std::string& id);

/// How the named instances were before the operation: {id: launch time in ms}. Throws base::Error
/// `not_found`, naming the nearest id.
json::object instances_before(const clusters::Snapshot& snapshot, const clusters::InstancesRef& ref);

/// Whether it is still the instance that `before` knows: neither gone nor started anew.
bool is_the_same(const json::object& before, const model::Instance& instance);

/// A capacity of `fewer` instances less, as `adjustMinIfNecessary` and `setMaxToNewDesired` of the stage
/// allow. Throws base::Error `invalid`.
model::Capacity smaller_capacity(const model::ServerGroup& group, int fewer, const json::object& context);

}  // namespace gennaker::stages
