#pragma once

#include <vector>

#include "engine/stage.h"
#include "model/artifact.h"
#include "runner/catalogs.h"

/// Stages that produce artifacts: `expectedArtifacts` says which, a last task binds them.
namespace gennaker::stages {

/// The task `bindProducedArtifacts`.
void add_bind_artifacts(runner::Catalogs& catalogs);

/// Adds that task if the stage expects artifacts. For any stage whose fields may hold `expectedArtifacts`.
void plan_binding(const engine::StageView& stage, engine::Plan& plan);

/// Binds them, and gives what users, expressions and later stages read: `artifacts` and
/// `resolvedExpectedArtifacts` in context and outputs. The first match wins. Throws base::Error `invalid`:
/// one has no match.
runner::TaskResult bind_to(std::vector<model::ExpectedArtifact> expected,
                           std::vector<model::Artifact> candidates);

}  // namespace gennaker::stages
