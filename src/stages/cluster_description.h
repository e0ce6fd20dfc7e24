#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/operations.h"
#include "clusters/strategies.h"
#include "model/infrastructure.h"

/// What a user writes about a server group that is to be: an element of `clusters` of a deploy stage, or the
/// fields of a createServerGroup stage.
namespace gennaker::stages {

namespace json = boost::json;

struct ClusterDescription {
  std::string account;
  std::string provider;
  std::vector<std::string> regions;
  model::Moniker moniker;
  std::optional<model::Capacity> capacity;
  bool use_source_capacity = false;
  bool prefer_source_capacity = false;
  bool start_disabled = false;
  std::vector<std::string> load_balancers;
  std::string image;  ///< id or name; empty: from the stages before
  clusters::Strategy strategy;
  json::object settings;  ///< what is not in the list above: the provider's own
};

/// `application`: of the execution, for a description without one. Sets `problem` at the first wrong field.
ClusterDescription read_cluster_description(const json::object& description, const std::string& application,
                                            std::optional<clusters::FieldProblem>& problem);

/// Whether a member of a description is the provider's own, and so part of `settings`.
bool is_setting(std::string_view field);

}  // namespace gennaker::stages
