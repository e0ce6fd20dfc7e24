#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "clients/docker/container.h"

/// Containers in the API's JSON. The readers throw base::Error `invalid`, naming the field, when one is
/// missing without which the answer has no sense; others that are missing, null or of another type are left
/// as they are by default.
namespace gennaker::clients::docker {

namespace json = boost::json;

json::object to_json(const ContainerSpec& spec);
Container container_of(const json::object& inspected);
ContainerSummary summary_of(const json::object& row);

/// Shared with images.
std::string needed_text(const json::object& object, std::string_view key);
std::vector<std::string> texts(const json::object& object, std::string_view key);
std::map<std::string, std::string> text_map(const json::object& object, std::string_view key);
/// An empty one where it is null or something else.
const json::object& object_or_empty(const json::object& object, std::string_view key);
/// nullopt for what the API means by "never": the year 1.
std::optional<base::TimePoint> moment(const json::object& object, std::string_view key);
json::array to_array(const std::vector<std::string>& texts);
json::object to_object(const std::map<std::string, std::string>& texts);

}  // namespace gennaker::clients::docker
