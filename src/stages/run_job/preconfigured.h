#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

/// Jobs that whoever runs the server has made ready: a stage type each, of which users fill in the parameters
/// alone.
namespace gennaker::stages {

namespace json = boost::json;

struct PreconfiguredJob {
  std::string type, label, description;
  bool waits = true;
  json::object fields;     ///< of runJob; they win over the stage's
  json::array parameters;  ///< {name, label, description, type, defaultValue, mapping, order}
};

/// Of the configuration's section `job`: {"preconfigured": {provider: [{type, label, ..., fields of
/// runJob}]}}, or the list alone. Those that are not `enabled` are left out. Throws base::Error `invalid`,
/// naming the key.
std::vector<PreconfiguredJob> read_preconfigured_jobs(const json::object& section);

/// The fields of a stage with the job's over them, and each parameter's value (of the stage's `parameters`,
/// else its default) where its mapping says: "cluster.env.COLOUR", "manifest.args[0]". Pure.
void fill_in(const PreconfiguredJob& job, json::object& context);

/// As clients read them: see GET /jobs/preconfigured.
json::array to_json(const std::vector<PreconfiguredJob>& jobs);

}  // namespace gennaker::stages
