#pragma once

#include "rehearsal/fields.h"
#include "rehearsal/pipeline_test.h"

namespace gennaker::rehearsal {

/// A test's `expect`. Throws as Fields.
Expectations read_expectations(const std::string& file, const std::string& path, const Located& given);

}  // namespace gennaker::rehearsal
