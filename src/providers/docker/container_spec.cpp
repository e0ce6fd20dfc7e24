#include "providers/docker/container_spec.h"

#include "base/error.h"
#include "base/json.h"
#include "providers/docker/labels.h"

namespace gennaker::providers::docker {
namespace {

/// What the engine tries by itself, at once; then the server takes over, with pauses.
constexpr int engine_restarts = 3;

std::map<std::string, std::string> environment_of(const Group& group, const InstanceRecord& instance) {
  const GroupSettings& settings = group.settings;
  std::map<std::string, std::string> environment{{"VERSION", group.version}};
  for (const auto& [name, value] : settings.environment) environment[name] = value;
  environment["PORT"] = std::to_string(settings.on_host_network() ? instance.port : settings.container_port);
  environment["INSTANCE"] = group.instance_id(instance.index);
  environment["SERVER_GROUP"] = group.name;
  environment["APPLICATION"] = group.moniker.app;
  return environment;
}

void publish(engine::ContainerSpec& spec, const GroupSettings& settings, int port,
             const std::string& bind_address) {
  spec.network = settings.network;
  if (settings.on_host_network()) return;
  spec.ports = settings.ports;
  spec.ports.push_back({.container_port = settings.container_port,
                        .protocol = engine::Protocol::tcp,
                        .host_address = bind_address,
                        .host_port = port});
}

void limit(engine::ContainerSpec& spec, const GroupSettings& settings) {
  spec.memory_limit_bytes = std::int64_t{settings.memory_mb} << 20;
  spec.cpu_limit_millis = settings.cpu_millis;
  if (settings.open_files == 0) return;
  spec.ulimits.push_back({.name = "nofile", .soft = settings.open_files, .hard = settings.open_files});
  // Else Podman adds one of its own, which not every engine may set (clients/docker/container.h).
  spec.ulimits.push_back({.name = "nproc", .soft = settings.processes, .hard = settings.processes});
}

/// Podman's and Docker's words for a program that the image does not have.
bool names_missing_program(const base::Error& error) {
  const std::string_view what = error.what();
  return what.find("executable file") != std::string_view::npos ||
         what.find("no such file or directory") != std::string_view::npos ||
         what.find("command that was not found") != std::string_view::npos ||
         what.find("no command or entrypoint") != std::string_view::npos ||
         what.find("no command specified") != std::string_view::npos;
}

bool names_taken_port(const base::Error& error) {
  const std::string_view what = error.what();
  return what.find("address already in use") != std::string_view::npos ||
         what.find("port is already allocated") != std::string_view::npos;
}

}  // namespace

base::Error explained(const base::Error& error) {
  if (names_taken_port(error)) {
    return {base::Kind::conflict,
            fmt::format("settings.port: is taken: {}", error.what()),
            {{"field", "settings.port"}}};
  }
  if (names_missing_program(error)) {
    return {base::Kind::invalid,
            fmt::format("settings.command: the image has no such program: {}", error.what()),
            {{"field", "settings.command"}}};
  }
  return error;
}

engine::ContainerSpec instance_spec(const std::string& account, const Group& group,
                                    const InstanceRecord& instance, const std::string& bind_address) {
  const GroupSettings& settings = group.settings;
  engine::ContainerSpec spec;
  spec.image = group.image_id;
  spec.entrypoint = settings.entrypoint;
  spec.command = settings.command;
  spec.environment = environment_of(group, instance);
  spec.labels = settings.labels;
  spec.labels[std::string(account_label)] = account;
  spec.labels[std::string(group_label)] = group.name;
  spec.labels[std::string(index_label)] = std::to_string(instance.index);
  // What its group starts may change: a running one is judged by the check that it was started with.
  const auto* check = base::find(group.raw_settings, "healthCheck");
  spec.labels[std::string(check_label)] = check == nullptr ? "{}" : base::to_text(*check);
  spec.mounts = settings.mounts;
  spec.restart = {.kind = engine::RestartPolicy::Kind::on_failure, .most_retries = engine_restarts};
  // Health is checked from the server: Podman's own checks need systemd.
  spec.health_check = engine::HealthCheck{};
  spec.user = settings.user;
  spec.working_directory = settings.working_directory;
  // Podman kills at once where none is told.
  spec.stop_timeout = std::chrono::ceil<std::chrono::seconds>(settings.stop_grace);
  publish(spec, settings, instance.port, bind_address);
  limit(spec, settings);
  return spec;
}

engine::ContainerSpec job_spec(const std::string& account, const std::string& id,
                               const clusters::JobSpec& job, const GroupSettings& settings) {
  engine::ContainerSpec spec;
  spec.image = job.image_id;
  spec.entrypoint = settings.entrypoint;
  spec.command = settings.command;
  spec.environment = settings.environment;
  spec.environment["JOB"] = id;
  spec.environment["APPLICATION"] = job.moniker.app;
  spec.labels = settings.labels;
  spec.labels[std::string(account_label)] = account;
  spec.labels[std::string(job_label)] = id;
  spec.labels[std::string(job_application_label)] = job.moniker.app;
  spec.labels[std::string(job_stack_label)] = job.moniker.stack;
  spec.labels[std::string(job_detail_label)] = job.moniker.detail;
  spec.mounts = settings.mounts;
  spec.restart = {.kind = engine::RestartPolicy::Kind::no, .most_retries = 0};
  spec.health_check = engine::HealthCheck{};
  spec.user = settings.user;
  spec.working_directory = settings.working_directory;
  spec.stop_timeout = std::chrono::ceil<std::chrono::seconds>(settings.stop_grace);
  spec.network = settings.network;
  limit(spec, settings);
  return spec;
}

}  // namespace gennaker::providers::docker
