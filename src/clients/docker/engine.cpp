#include "clients/docker/engine.h"

#include "base/error.h"
#include "base/json.h"
#include "clients/docker/api.h"
#include "clients/docker/container_json.h"
#include "clients/docker/file_in_tar.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

constexpr int not_modified = 304, not_found = 404, conflict = 409;
/// What an engine needs besides, when it waits for a container to end.
constexpr std::chrono::seconds margin{60};
constexpr std::chrono::seconds longest_patience{3600};

std::string filters(const json::object& conditions) {
  return conditions.empty() ? "" : base::to_text(conditions);
}

ApiCall list_call(const ContainerFilter& filter) {
  json::object conditions;
  if (!filter.labels.empty()) conditions["label"] = to_array(filter.labels);
  if (!filter.name.empty()) conditions["name"] = json::array{json::string(filter.name)};
  return {.what = "list containers",
          .path = "/containers/json" +
                  query({{"all", filter.also_stopped ? "true" : ""}, {"filters", filters(conditions)}})};
}

/// POST /containers/{name}/{verb}
ApiCall change_call(const std::string& name, std::string_view verb, std::string_view parameters = "") {
  return {.what = fmt::format("{} container '{}'", verb, name),
          .method = "POST",
          .path = fmt::format("/containers/{}/{}{}", container_part(name), verb, parameters)};
}

ApiCall create_call(const std::string& name, const ContainerSpec& spec) {
  return {.what = fmt::format("create container '{}'", name),
          .method = "POST",
          .path = "/containers/create?name=" + container_part(name),
          .body = to_json(spec)};
}

/// Stop and restart.
ApiCall ending_call(const std::string& name, std::string_view verb,
                    std::optional<std::chrono::seconds> patience) {
  const std::string seconds = patience ? std::to_string(patience->count()) : "";
  ApiCall call = change_call(name, verb, query({{"t", seconds}}));
  call.timeout = patience.value_or(longest_patience) + margin;
  return call;
}

ApiCall remove_call(const std::string& name, Force force, Volumes volumes) {
  return {.what = fmt::format("remove container '{}'", name),
          .method = "DELETE",
          .path = "/containers/" + container_part(name) +
                  query({{"force", force == Force::yes ? "true" : ""},
                         {"v", volumes == Volumes::remove ? "true" : ""}})};
}

std::string_view condition(WaitFor what) {
  switch (what) {
    case WaitFor::not_running:
      return "not-running";
    case WaitFor::next_exit:
      return "next-exit";
    case WaitFor::removed:
      return "removed";
  }
  return "not-running";
}

ApiCall wait_call(const std::string& name, WaitFor what) {
  ApiCall call = change_call(name, "wait", query({{"condition", condition(what)}}));
  call.what = fmt::format("wait for container '{}'", name);
  call.timeout = std::chrono::milliseconds(0);
  return call;
}

/// Seconds with a fraction: what the API calls a timestamp.
std::string timestamp(base::TimePoint time) {
  const auto millis = base::to_millis(time);
  return fmt::format("{}.{:03}", millis / 1000, millis % 1000);
}

ApiCall logs_call(const std::string& name, const LogOptions& options) {
  return {.what = fmt::format("read the log of container '{}'", name),
          .path = fmt::format("/containers/{}/logs{}", container_part(name),
                              query({{"stdout", options.standard_output ? "true" : ""},
                                     {"stderr", options.standard_error ? "true" : ""},
                                     {"tail", options.tail ? std::to_string(*options.tail) : ""},
                                     {"since", options.since ? timestamp(*options.since) : ""},
                                     {"timestamps", options.timestamps ? "true" : ""},
                                     {"follow", options.follow ? "true" : ""}})),
          .timeout = std::chrono::milliseconds(options.follow ? 0 : 60'000)};
}

ApiCall events_call(const EventFilter& filter) {
  json::object conditions;
  if (!filter.types.empty()) conditions["type"] = to_array(filter.types);
  if (!filter.labels.empty()) conditions["label"] = to_array(filter.labels);
  return {.what = "follow events",
          .path = "/events" + query({{"since", filter.since ? timestamp(*filter.since) : ""},
                                     {"filters", filters(conditions)}}),
          .timeout = std::chrono::milliseconds(0)};
}

Change change_of(const ApiAnswer& answer, int already) {
  return answer.status == already ? Change::already : Change::done;
}

std::int64_t exit_status(const json::object& answer, const std::string& what) {
  const json::object& error = object_or_empty(answer, "Error");
  const std::string why = base::string_or(error, "Message", "");
  if (!why.empty()) throw Error(Kind::internal, fmt::format("{}: {}", what, why));
  const auto status = base::whole_number(answer, "StatusCode");
  if (!status) throw Error(Kind::invalid, what + ": the engine's answer has no 'StatusCode'");
  return *status;
}

}  // namespace

Engine::Engine(net::Client& http, const base::Clock& clock, EngineAddress address)
    : api_(std::make_unique<Api>(http, clock, std::move(address))) {}

Engine::~Engine() = default;

Async<EngineVersion> Engine::version() {
  return api_->version();
}

Async<std::vector<ContainerSummary>> Engine::list_containers(ContainerFilter filter) {
  ApiCall call = list_call(filter);
  const std::string what = api_->named(call.what);
  const auto answer = co_await api_->look(std::move(call));
  std::vector<ContainerSummary> found;
  for (const auto& row : objects_in(answer, what)) found.push_back(summary_of(row));
  co_return found;
}

Async<std::optional<Container>> Engine::inspect_container(std::string name) {
  ApiCall call{.what = fmt::format("inspect container '{}'", name),
               .path = fmt::format("/containers/{}/json", container_part(name))};
  const std::string what = api_->named(call.what);
  const auto answer = co_await api_->look(std::move(call), not_found);
  if (answer.status == not_found) co_return std::nullopt;
  co_return container_of(object_in(answer, what));
}

Async<CreatedContainer> Engine::create_container(std::string name, ContainerSpec spec) {
  ApiCall call = create_call(name, spec);
  const std::string what = api_->named(call.what);
  ApiAnswer answer;
  try {
    answer = co_await api_->ask(std::move(call));
  } catch (const Error& error) {
    if (error.kind() != Kind::conflict) throw;
    answer.status = conflict;  // by its number with Docker, by its words with Podman
  }
  CreatedContainer created{.change = change_of(answer, conflict)};
  if (created.change == Change::already) co_return created;
  const auto told = object_in(answer, what);
  created.id = needed_text(told, "Id");
  created.warnings = texts(told, "Warnings");
  co_return created;
}

Async<Change> Engine::start_container(std::string name) {
  ApiCall call = change_call(name, "start");
  const auto answer = co_await api_->ask(std::move(call), not_modified);
  co_return change_of(answer, not_modified);
}

Async<Change> Engine::stop_container(std::string name, std::optional<std::chrono::seconds> patience) {
  ApiCall call = ending_call(name, "stop", patience);
  const auto answer = co_await api_->ask(std::move(call), not_modified);
  co_return change_of(answer, not_modified);
}

Async<Change> Engine::kill_container(std::string name, std::string signal) {
  ApiCall call = change_call(name, "kill", query({{"signal", signal}}));
  try {
    co_await api_->ask(std::move(call));
  } catch (const Error& error) {
    if (error.kind() != Kind::conflict) throw;
    co_return Change::already;
  }
  co_return Change::done;
}

Async<void> Engine::restart_container(std::string name, std::optional<std::chrono::seconds> patience) {
  ApiCall call = ending_call(name, "restart", patience);
  co_await api_->ask(std::move(call));
}

Async<void> Engine::rename_container(std::string name, std::string new_name) {
  ApiCall call = change_call(name, "rename", "?name=" + container_part(new_name));
  call.what += fmt::format(" as '{}'", new_name);
  co_await api_->ask(std::move(call));
}

Async<Change> Engine::remove_container(std::string name, Force force, Volumes volumes) {
  ApiCall call = remove_call(name, force, volumes);
  call.timeout = longest_patience;  // Podman gives a running one its time to stop
  const auto answer = co_await api_->ask(std::move(call), not_found);
  co_return change_of(answer, not_found);
}

Async<std::int64_t> Engine::wait_container(std::string name, WaitFor what) {
  ApiCall call = wait_call(name, what);
  const std::string named = api_->named(call.what);
  const auto answer = co_await api_->ask(std::move(call));
  co_return exit_status(object_in(answer, named), named);
}

Async<LogStream> Engine::container_logs(std::string name, LogOptions options) {
  ApiCall call = logs_call(name, options);
  const std::string what = api_->named(call.what);
  // Only frames tell the outputs apart, and a container with a terminal has none.
  const auto container = co_await inspect_container(name);
  if (!container) throw Error(Kind::not_found, what + ": there is no such container");
  auto answer = co_await api_->open(std::move(call));
  co_return LogStream(std::move(answer),
                      container->tty ? LogStream::Format::plain : LogStream::Format::framed, what);
}

Async<std::string> Engine::read_file(std::string name, std::string path, std::size_t limit_bytes) {
  ApiCall call{
      .what = fmt::format("read file '{}' of container '{}'", path, name),
      .path = fmt::format("/containers/{}/archive{}", container_part(name), query({{"path", path}}))};
  const std::string what = api_->named(call.what);
  auto answer = co_await api_->open(std::move(call));
  FileInTar file(path, limit_bytes);
  while (!file.complete()) {
    const std::string bytes = co_await answer->read();
    if (bytes.empty()) throw Error(Kind::unavailable, what + ": the answer has broken off");
    file.feed(bytes);
  }
  co_return file.take();
}

Async<EventStream> Engine::events(EventFilter filter) {
  ApiCall call = events_call(filter);
  const std::string what = api_->named(call.what);
  auto answer = co_await api_->open(std::move(call));
  co_return EventStream(std::move(answer), what);
}

}  // namespace gennaker::clients::docker
