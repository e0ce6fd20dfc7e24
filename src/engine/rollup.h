#pragma once

#include <optional>

#include "model/execution.h"
#include "model/stage_index.h"

/// How statuses add up. Pure.
namespace gennaker::engine {

/// What a failing task or stage turns into, by the stage's own options: continuePipeline → FAILED_CONTINUE,
/// failPipeline=false → STOPPED, else `otherwise`.
model::Status failure_status(const model::Stage& stage, model::Status otherwise = model::Status::terminal);

/// A stage's status from its synthetic stages, tasks and planning. NOT_STARTED: it had nothing to do.
/// RUNNING: an after-stage still has to start.
model::Status roll_up_stage(const model::StageIndex& index, const model::Stage& stage, bool planning_failed);

/// Some of its synthetic stages never began, and nothing of it has failed.
bool cut_short(const model::StageIndex& index, const model::Stage& stage);

/// The execution's final status from its top-level stages; nullopt: not over yet.
std::optional<model::Status> roll_up_execution(const model::Execution& execution,
                                               const model::StageIndex& index);

/// All it requires is complete and lets it start. Requisites that name no stage do not count.
bool upstream_done(const model::StageIndex& index, const model::Stage& stage);
/// Something it requires has halted, directly or through stages that never started.
bool upstream_halted(const model::StageIndex& index, const model::Stage& stage);

}  // namespace gennaker::engine
