#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/execution.h"

/// How people name stages: by name, by refId, or, those that another brought along, by "Deploy > Disable".
namespace gennaker::rehearsal {

/// "Deploy > Disable server group"
std::string path_of(const model::Execution& execution, const model::Stage& stage);
bool is_called(const model::Execution& execution, const model::Stage& stage, std::string_view name);
/// The stage itself or the nearest one around it that is called so; nullptr: none is.
const model::Stage* called_or_within(const model::Execution& execution, const model::Stage& stage,
                                     std::string_view name);

/// All that are meant: those of that path, else the top-level ones of that name, else all of that name, else
/// the one of that refId.
std::vector<const model::Stage*> stages_called(const model::Execution& execution, std::string_view name);

}  // namespace gennaker::rehearsal
