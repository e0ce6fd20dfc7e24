#pragma once

#include <spdlog/spdlog.h>
#include <string>

namespace gennaker::base {

/// One line a message, on standard error: time, level, text. `level`: trace, debug, info, warning, error.
/// Throws Error `invalid` for another word.
void set_up_logging(const std::string& level);

namespace log = spdlog;

}  // namespace gennaker::base
