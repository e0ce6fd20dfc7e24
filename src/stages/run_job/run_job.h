#pragma once

#include <memory>
#include <vector>

#include "net/url_fence.h"
#include "stages/infrastructure.h"
#include "stages/run_job/preconfigured.h"

namespace gennaker::stages {

struct JobParts {
  net::HttpClient* client = nullptr;  ///< fetches artifacts; nullptr: nobody does
  std::shared_ptr<const net::UrlFence> fence = {};
  std::vector<PreconfiguredJob> preconfigured = {};
};

/// The `runJob` and `destroyJob` stages, and one for each preconfigured job: see README.md. Throws
/// base::Error `invalid` when one of those has the name of another stage type.
void add_run_job(runner::Catalogs& catalogs, const Infrastructure& infrastructure, JobParts parts = {});

}  // namespace gennaker::stages
