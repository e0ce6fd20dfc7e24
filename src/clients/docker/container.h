#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

/// Containers as plain values, in the Engine API's words.
/// Source: https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Container
namespace gennaker::clients::docker {

using Labels = std::map<std::string, std::string>;

enum class Protocol { tcp, udp, sctp };

/// A port of the container, and where the host has it.
struct Port {
  int container_port = 0;  ///< 1 to 65535
  Protocol protocol = Protocol::tcp;
  std::string host_address = {};  ///< empty: all of the host's
  int host_port = 0;              ///< to create: 0 for a free one; read: 0 when it is not published
};

struct Mount {
  enum class Kind { bind, volume, tmpfs, other };
  Kind kind = Kind::bind;
  std::string source = {};  ///< a path of the host, or a volume's name; of no meaning for tmpfs
  std::string target = {};  ///< an absolute path in the container
  bool read_only = false;
};

struct RestartPolicy {
  enum class Kind { no, always, unless_stopped, on_failure };
  Kind kind = Kind::no;
  int most_retries = 0;  ///< with on_failure; 0: no limit
};

/// Run by the engine in the container. Podman runs it through systemd's timers: without systemd the container
/// stays `starting` for ever.
struct HealthCheck {
  std::vector<std::string> command = {};  ///< with its arguments; empty: none, also not the image's own
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds start_period{0};
  int retries = 3;  ///< failures in a row that make it unhealthy
};

/// Podman adds its own `nproc` (1048576) as soon as any other is given; where the engine may not raise limits
/// (no CAP_SYS_RESOURCE) the container then does not start, and `nproc` must be given too.
struct Ulimit {
  std::string name = {};  ///< "nofile", "nproc", ...
  std::int64_t soft = 0, hard = 0;
};

/// What create_container() makes.
struct ContainerSpec {
  std::string image = {};                    ///< a reference or an id; the engine must have it already
  std::vector<std::string> entrypoint = {};  ///< empty: the image's
  std::vector<std::string> command = {};     ///< empty: the image's
  std::map<std::string, std::string> environment = {};
  Labels labels = {};
  std::string network = {};      ///< "host", "none", "bridge", a network's name; empty: the engine's default
  std::vector<Port> ports = {};  ///< published; of no use with "host"
  std::vector<Mount> mounts = {};
  RestartPolicy restart = {};
  std::optional<HealthCheck> health_check = {};  ///< nullopt: the image's
  std::int64_t memory_limit_bytes = 0;           ///< 0: none; engines refuse less than 6 MiB
  std::int64_t cpu_limit_millis = 0;             ///< thousandths of a core; 0: none
  std::int64_t process_limit = 0;                ///< 0: the engine's default
  std::vector<Ulimit> ulimits = {};
  std::string hostname = {};
  std::string user = {};  ///< "name", "uid" or "uid:gid"
  std::string working_directory = {};
  std::string stop_signal = {};  ///< "SIGTERM"; empty: the image's, else SIGTERM
                                 /// From that signal to SIGKILL. Always sent: Podman takes none for 0.
  std::chrono::seconds stop_timeout{10};
};

/// Podman's finer states are counted among Docker's: configured and initialized are `created`, stopping is
/// `running`, stopped is `exited`.
enum class ContainerState { created, running, paused, restarting, removing, exited, dead, unknown };

enum class Health { none, starting, healthy, unhealthy };

/// A row of the list.
struct ContainerSummary {
  std::string id;
  std::vector<std::string> names;  ///< without the slash in front
  std::string image;               ///< as it was asked for; Podman: in full ("docker.io/library/web:1")
  std::string image_id;
  Labels labels;  ///< the image's too
  ContainerState state = ContainerState::unknown;
  std::string status;  ///< for people: "Up 5 minutes (healthy)"
  base::TimePoint created{};
  std::vector<Port> ports;
};

struct Container {
  std::string id;
  std::string name;  ///< without the slash in front
  std::string image;
  std::string image_id;
  Labels labels;
  ContainerState state = ContainerState::unknown;
  Health health = Health::none;
  int exit_code = 0;  ///< of the last run
  std::string error;  ///< why it could not be started
  bool out_of_memory = false;
  int pid = 0;       ///< on the engine's host; 0: not running
  int restarts = 0;  ///< by the restart policy
  std::optional<base::TimePoint> created, started, finished;
  std::vector<std::string> entrypoint, command, environment;  ///< environment: "NAME=value"
  std::string network;                                        ///< the mode: "host", "bridge", ...
  std::map<std::string, std::string> addresses;               ///< by network
  std::vector<Port> ports;
  std::vector<Mount> mounts;
  RestartPolicy restart;
  std::int64_t memory_limit_bytes = 0, cpu_limit_millis = 0;
  std::string hostname, user, working_directory, stop_signal;
  std::optional<std::chrono::seconds> stop_timeout;
  bool tty = false;
};

/// What list_containers() asks for; every condition that is set must hold.
struct ContainerFilter {
  std::vector<std::string> labels = {};  ///< "name" or "name=value"
  std::string name = {};                 ///< part of the name, or a regular expression
  bool also_stopped = true;              ///< false: running ones only
};

}  // namespace gennaker::clients::docker
