#include "model/infrastructure.h"

namespace gennaker::model {

Capabilities all_capabilities() {
  return {.terminate_instances = true,
          .reboot_instances = true,
          .detach_instances = true,
          .register_instances = true,
          .partial_traffic = true,
          .launch_changes = true,
          .scaling_processes = true,
          .server_group_tags = true,
          .image_tags = true,
          .delete_images = true,
          .firewalls = true,
          .jobs = true,
          .platform_health = ""};
}

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

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::starting:
      return "Starting";
    case JobState::running:
      return "Running";
    case JobState::succeeded:
      return "Succeeded";
    case JobState::failed:
      return "Failed";
    case JobState::unknown:
      return "Unknown";
  }
  return "Unknown";
}

}  // namespace gennaker::model
