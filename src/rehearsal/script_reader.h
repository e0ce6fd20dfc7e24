#pragma once

#include "rehearsal/fields.h"
#include "rehearsal/pipeline_test.h"

namespace gennaker::rehearsal {

/// One entry of a test's `script`. Throws as Fields.
ScriptEntry read_script_entry(const std::string& file, const std::string& path, const Located& given);

}  // namespace gennaker::rehearsal
