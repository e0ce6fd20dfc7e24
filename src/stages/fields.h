#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/health.h"
#include "clusters/strategies.h"
#include "engine/stage.h"
#include "model/infrastructure.h"

/// The fields that stages about infrastructure have in common, under all the names they have had.
namespace gennaker::stages {

namespace json = boost::json;

/// `credentials`, `account` or `accountName`; empty: none.
std::string account_of(const json::object& context);
/// The first that is there of `region`, `regions`, `namespace`, `namespaces`, `zones`, `availabilityZones`.
std::vector<std::string> locations_of(const json::object& context);
/// `serverGroupName` or `asgName`.
std::string server_group_name_of(const json::object& context);
/// `cluster`, `moniker.cluster`, or what `moniker` or the parts of the name give.
std::string cluster_of(const json::object& context);
clusters::HealthNames health_names_of(const json::object& context);
std::optional<std::chrono::milliseconds> millis_of(const json::object& context, std::string_view key);

/// What is wrong with the account, if anything: missing, or two that differ.
std::optional<clusters::FieldProblem> account_problem(const json::object& context);

/// `desiredPercentage`, from 0 to 100; absent: 100. Sets `problem` for anything else.
int read_percentage(const json::object& context, std::optional<clusters::FieldProblem>& problem);

struct PartialCapacity {
  std::optional<int> min, max, desired;
  bool empty() const { return !min && !max && !desired; }
};
/// Numbers may be texts. Empty if `field` is absent or `problem` says what is wrong.
PartialCapacity read_partial_capacity(const json::object& context, std::string_view field,
                                      std::optional<clusters::FieldProblem>& problem);
/// min, max and desired; each may be a text, and those that are missing follow the others. nullopt: `field`
/// is absent, or `problem` says what is wrong.
std::optional<model::Capacity> read_capacity(const json::object& context, std::string_view field,
                                             std::optional<clusters::FieldProblem>& problem);
json::object to_json(const model::Capacity& capacity);

/// Members that belong to the engine or that our tasks wrote, not to the user's description of a thing.
bool is_bookkeeping(std::string_view field);
/// What a child stage takes over from its parent: all but bookkeeping.
json::object inherited(const json::object& context);
/// Takes out of a stage's context what its tasks wrote, before a restart.
void forget_results(model::Stage& stage);

engine::Plan refuse(const clusters::FieldProblem& problem, std::string_view prefix = "");

}  // namespace gennaker::stages
