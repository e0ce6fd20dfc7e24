#include "base/logging.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include "base/error.h"

namespace gennaker::base {

void set_up_logging(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    throw Error(Kind::invalid,
                fmt::format("log level '{}' is unknown; use trace, debug, info, warning or error", level));
  }
  auto logger = spdlog::stderr_color_mt("gennaker");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%-5l%$ %v");
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace gennaker::base
