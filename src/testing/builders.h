#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/execution.h"
#include "model/infrastructure.h"

/// Values for tests, with everything filled in that a test does not care about.
namespace gennaker::testing {

namespace json = boost::json;

/// Parses an object; a test with broken JSON fails at once.
json::object object(std::string_view text);

struct GroupShape {
  int up = 1;
  int down = 0;
  bool disabled = false;
  std::int64_t created_ms = 1000;
  std::string region = "here";
  std::string account = "local";
  std::string image_id = "image-1";
};
/// "shop-main-v003", with instances "shop-main-v003-0", ... and all capacity members equal to their number.
model::ServerGroup server_group(const std::string& name, const GroupShape& shape = {});

/// `state` told by a load balancer.
model::Instance instance(const std::string& id, model::HealthState state);

struct StageShape {
  std::string ref_id = "1";
  std::string type = "wait";
  std::string context = "{}";
  std::string outputs = "{}";
  std::vector<std::string> requires_stages = {};
};
/// Its id is "stage-<ref id>".
model::Stage stage(const StageShape& shape);
/// A running pipeline of the application "shop", id "execution-1".
model::Execution execution(const std::vector<StageShape>& stages);

}  // namespace gennaker::testing
