#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "clients/docker/image.h"

/// Images in the API's JSON; the readers throw as those of container_json.h.
namespace gennaker::clients::docker {

Image image_of(const boost::json::object& inspected);
Image image_of_row(const boost::json::object& row);

/// The values of the headers X-Registry-Auth and X-Registry-Config.
std::string auth_header(const RegistryCredentials& credentials);
std::string config_header(const std::vector<RegistryCredentials>& credentials);

}  // namespace gennaker::clients::docker
