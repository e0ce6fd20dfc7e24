#pragma once

#include <boost/json/object.hpp>
#include <functional>

#include "stages/infrastructure.h"

namespace gennaker::stages {

namespace json = boost::json;

/// What a server group took the place of, {imageId, imageName}, as far as it is known: who deploys may have
/// noted it.
using FormerImage = std::function<base::Async<json::object>(model::ServerGroup)>;

/// The `rollbackCluster` stage: see README.md.
void add_rollback_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure,
                          FormerImage former_image = {});

}  // namespace gennaker::stages
