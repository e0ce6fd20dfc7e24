#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

/// Parts of pipeline configurations.
namespace gennaker::simulation {

namespace json = boost::json;

json::array list_of(std::string_view one);
json::object stage(std::string_view type, json::object fields = {});
/// Each waits for the one before.
json::array in_order(std::vector<json::object> stages);

}  // namespace gennaker::simulation
