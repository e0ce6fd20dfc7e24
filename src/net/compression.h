#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace gennaker::net {

/// Packs the body when that pays: text or JSON of at least `from_bytes` for a client that takes gzip.
/// Internal to the room.
void compress(const Request& request, Response& response, std::size_t from_bytes);

/// Whether an Accept-Encoding header lets gzip in: "gzip", "*", but not with ";q=0".
bool accepts_gzip(std::string_view accept_encoding);
std::string gzip(std::string_view bytes);

}  // namespace gennaker::net
