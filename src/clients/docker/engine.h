#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "clients/docker/container.h"
#include "clients/docker/events.h"
#include "clients/docker/image.h"
#include "clients/docker/logs.h"
#include "net/client.h"

/// The Docker Engine API, as Docker and Podman's service speak it.
/// Source: https://docs.docker.com/reference/api/engine/version/v1.44/
namespace gennaker::clients::docker {

using base::Async;
class Api;

/// Where an engine listens.
struct EngineAddress {
  /// "unix:///run/podman/podman.sock" (the path at most 107 bytes), "tcp://host" (port 2375; with `tls`
  /// 2376), "http://host:port" or "https://host:port".
  std::string host = "unix:///var/run/docker.sock";
  /// Set: TLS, with our own certificate when one is named.
  std::optional<net::TlsFiles> tls = {};
};

struct EngineVersion {
  std::string name;     ///< "Podman Engine", "Docker Engine - Community"; empty: it did not say
  std::string version;  ///< "4.3.1"
  std::string api;      ///< the one that is spoken: the newest that both know
  std::string os, architecture;
};

/// Whether a call changed something, or found that it was so already.
enum class Change { done, already };

struct CreatedContainer {
  Change change = Change::done;
  std::string id;                     ///< empty with `already`
  std::vector<std::string> warnings;  ///< the engine's: what it could not do as asked
};

enum class Force { no, yes };
enum class Volumes { keep, remove };

/// When wait_container() returns: as soon as it does not run, at its next exit, when it has been removed.
enum class WaitFor { not_running, next_exit, removed };

/// Calls one engine. Every call can be cancelled; what the engine has begun by then goes on.
///
/// Throws base::Error with the engine's own words: `invalid` (400, 405, 422; an answer that is none),
/// `not_found` (404), `conflict` (409; Podman's 500 where the container is in the wrong state or something is
/// in use), `unauthenticated` and `forbidden` (401, 403, a registry's refusal), `unavailable` (nobody
/// listens, the connection broke, a registry cannot be reached, 429, 502, 503), `timeout` (also 408 and 504),
/// `internal` (any other 5xx; no space: then the detail `reason` is "no_space"). The detail `status` is there
/// when the engine answered. Errors within a stream of a good status are thrown in the same way.
///
/// What only reads is tried three times when the engine is `unavailable`; what changes something is tried
/// once.
///
/// Names of containers may be ids, and the other way round. Threads: one executor (one thread or a strand) at
/// a time; `http` and `clock` must outlive it.
class Engine {
 public:
  /// Nothing is called yet. Throws base::Error `invalid` for an address that is none.
  Engine(net::Client& http, const base::Clock& clock, EngineAddress address);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Asks who is there. The first other call does it too; the answer is kept until the engine is
  /// `unavailable`. Throws `invalid` when something else answers, or none of the versions 1.40 to 1.47 suits.
  Async<EngineVersion> version();

  // --- containers

  /// All that match, in one answer: the API knows no pages.
  Async<std::vector<ContainerSummary>> list_containers(ContainerFilter filter);
  Async<std::optional<Container>> inspect_container(std::string name);  ///< nullopt: there is none
  /// `already`: there is one of this name, whatever it is; nothing was made. Throws `not_found` when the
  /// engine has no such image. Podman checks mounts and commands only at the start.
  Async<CreatedContainer> create_container(std::string name, ContainerSpec spec);
  Async<Change> start_container(std::string name);
  /// Sends the stop signal, then SIGKILL after `patience`; returns when it has ended. nullopt: the
  /// container's own patience, which is none with Podman where it was made without. `already`: it did not run
  /// (Podman also says `done` for one that never ran).
  Async<Change> stop_container(std::string name, std::optional<std::chrono::seconds> patience = std::nullopt);
  /// `already`: it did not run.
  Async<Change> kill_container(std::string name, std::string signal = "SIGKILL");
  /// Also starts one that does not run.
  Async<void> restart_container(std::string name,
                                std::optional<std::chrono::seconds> patience = std::nullopt);
  /// `conflict`: another one has the new name.
  Async<void> rename_container(std::string name, std::string new_name);
  /// `already`: there is none. Throws `conflict` when it runs and this is not forced, which kills it. Volumes
  /// without a name go with it.
  Async<Change> remove_container(std::string name, Force force = Force::no,
                                 Volumes volumes = Volumes::remove);
  /// The exit status: 128 and the signal's number when a signal ended it. Waits without a limit. Podman
  /// answers 0 with `removed`, whatever it was.
  Async<std::int64_t> wait_container(std::string name, WaitFor what = WaitFor::not_running);
  Async<LogStream> container_logs(std::string name, LogOptions options);
  /// The content of a file of a container, also of one that has ended. `path`: an absolute one in it. Throws
  /// `not_found` when there is no such container or file, `invalid` when it is no regular file or larger than
  /// the limit.
  Async<std::string> read_file(std::string name, std::string path, std::size_t limit_bytes);

  // --- images

  Async<std::vector<Image>> list_images(ImageFilter filter);
  Async<std::optional<Image>> inspect_image(std::string reference);  ///< nullopt: not there
  /// Also when the engine has it: a tag may have moved. Takes "latest" when there is neither tag nor digest.
  Async<void> pull_image(std::string reference, std::optional<RegistryCredentials> credentials = std::nullopt,
                         OnProgress on_progress = {});
  /// `new_reference` then names the same image.
  Async<void> tag_image(std::string reference, std::string new_reference);
  /// To the registry that the reference names. Returns the digest that it has there; empty: the engine did
  /// not say.
  Async<std::string> push_image(std::string reference,
                                std::optional<RegistryCredentials> credentials = std::nullopt,
                                OnProgress on_progress = {});
  /// Takes the name away, and with the last one the image. `already`: there is none. Throws `conflict` when a
  /// container needs it; forced, such containers go too.
  Async<Change> remove_image(std::string reference, Force force = Force::no);
  /// Of a tar as `docker save` writes it (also gzipped). Returns the references or ids that it held.
  Async<std::vector<std::string>> load_image(net::BodySource tar);
  /// From a tar with a Containerfile (tar.h makes one of a directory). `on_log` gets what the engine says,
  /// line by line. Returns the image's id. Throws `invalid` when a step fails; the message names it. Ends
  /// what the engine does when it is cancelled.
  Async<std::string> build_image(net::BodySource context, BuildOptions options, OnLog on_log = {});

  // --- what happens

  /// Returns when the engine has begun to tell.
  Async<EventStream> events(EventFilter filter);

 private:
  std::unique_ptr<Api> api_;
};

}  // namespace gennaker::clients::docker
