#pragma once

#include <functional>

#include "pipelines/applications.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// Names of the clusters that still carry the application's name.
using ClustersOf = std::function<std::vector<std::string>(const std::string& application)>;

/// The stages `createApplication`, `updateApplication`, `upsertApplication` and `deleteApplication`, which
/// clients send as ad-hoc tasks: see README.md. `applications` must outlive the catalogs.
void add_application(runner::Catalogs& catalogs, pipelines::Applications& applications,
                     ClustersOf clusters_of);

}  // namespace gennaker::stages
