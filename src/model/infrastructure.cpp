#include "model/infrastructure.h"

namespace gennaker::model {

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::up:
      return "Up";
    case HealthState::down:
      return "Down";
    case HealthState::out_of_service:
      return "OutOfService";
    case HealthState::starting:
      return "Starting";
    case HealthState::unknown:
      return "Unknown";
    case HealthState::draining:
      return "Draining";
    case HealthState::succeeded:
      return "Succeeded";
    case HealthState::failed:
      return "Failed";
  }
  return "Unknown";
}

}  // namespace gennaker::model
