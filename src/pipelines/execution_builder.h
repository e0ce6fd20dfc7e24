#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "model/execution.h"

namespace gennaker::pipelines {

namespace json = boost::json;

/// A NOT_STARTED execution of a checked configuration (validation.h) and a complete trigger. Stages without
/// any ref id run one after another.
model::Execution build_pipeline_execution(const json::object& config, json::object trigger,
                                          std::string execution_id, base::TimePoint now,
                                          base::Random& random);

/// The same of an ad-hoc task: {application, description, job: [{type, ...}], trigger?}.
model::Execution build_orchestration(const json::object& request, std::string execution_id,
                                     base::TimePoint now, base::Random& random);

}  // namespace gennaker::pipelines
