#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/engine.h"

/// Commands and their refusals as they are stored, for the server that an execution belongs to.
namespace gennaker::runner {

/// Of what people and other executions may ask for: Start, Cancel, Pause, Resume, PatchStage, RestartStage,
/// QueueRestart. Compact JSON.
std::string event_text(const engine::Event& event);
/// Throws base::Error `invalid` for what is none.
engine::Event event_of(std::string_view text);

std::string refusal_text(const base::Error& error);
base::Error refusal_of(std::string_view text);

}  // namespace gennaker::runner
