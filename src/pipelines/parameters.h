#pragma once

#include <boost/json/object.hpp>

namespace gennaker::pipelines {

namespace json = boost::json;

/// Who starts a pipeline: a person or script that can be told what is wrong, or something that cannot.
enum class StartedBy { somebody, automatically };

/// The parameters of a run: given values win (also empty ones), then the configuration's defaults; undeclared
/// ones are kept. `somebody` must give what is required, and one of the options where there are options.
/// Throws base::Error `invalid` that names the parameter and what it may be.
json::object resolve_parameters(const json::object& config, const json::object& given, StartedBy by);

}  // namespace gennaker::pipelines
