#pragma once

#include <optional>
#include <string>

/// Blocks for some milliseconds at most.
namespace gennaker::providers {

/// nullopt: it can be listened on; else why not ("Address already in use").
std::optional<std::string> refuse_port(const std::string& address, int port);

/// " (held by process 123, 'nginx')", as far as this process may know it; else empty.
std::string holder_of_port(int port);

}  // namespace gennaker::providers
