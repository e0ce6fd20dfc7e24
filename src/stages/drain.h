#pragma once

#include <chrono>

namespace gennaker::stages {

/// How long requests under way may take to end before their server group is taken out all the same.
inline constexpr std::chrono::milliseconds drain_timeout = std::chrono::minutes(1);

}  // namespace gennaker::stages
