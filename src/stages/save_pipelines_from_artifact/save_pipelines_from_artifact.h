#pragma once

#include <memory>

#include "net/url_fence.h"
#include "pipelines/configurations.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

struct PipelinesFromArtifactParts {
  pipelines::Configurations& configurations;
  net::HttpClient& client;
  std::shared_ptr<const net::UrlFence> fence;
};

/// The `savePipelinesFromArtifact` stage: see README.md. The parts must outlive the catalogs.
void add_save_pipelines_from_artifact(runner::Catalogs& catalogs, PipelinesFromArtifactParts parts);

}  // namespace gennaker::stages
