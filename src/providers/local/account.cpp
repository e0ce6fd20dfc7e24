#include "providers/local/account.h"

#include <unistd.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "providers/local/images.h"
#include "providers/shim/files.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers::local {
namespace {

using base::Error;
using base::Kind;

constexpr std::int64_t console_bytes = 64 * 1024;
// Executions are not resumed after so long; what is kept is small, but must not grow for ever.
constexpr std::chrono::hours answers_kept{24 * 14};
constexpr std::string_view removed_prefix = ".removed-";

std::string answer_file(const std::string& directory, const std::string& key) {
  return fmt::format("{}/operations/{}.json", directory, base::sha256_hex(key).substr(0, 32));
}

void forget_old_answers(const std::string& directory, base::TimePoint now) {
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    // Whoever wrote it died before it had its name: the operation will be asked for again.
    const bool whole = name.ends_with(".json");
    const auto document = whole ? read_json_file(path) : std::nullopt;
    const auto at = document ? base::whole_number(*document, "at") : std::nullopt;
    if (!at || now - base::from_millis(*at) > answers_kept) unlink(path.c_str());
  }
}

std::vector<Group> load_groups(const std::string& directory) {
  std::vector<Group> groups;
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    if (name.starts_with(removed_prefix)) {
      remove_tree(path);
      continue;
    }
    // One that cannot be read must not keep the others from being found. What it runs goes on.
    try {
      if (const auto document = read_json_file(path + "/group.json")) {
        groups.push_back(group_of(*document));
      } else {
        remove_tree(path);  // nothing was started before group.json was there
      }
    } catch (const Error& error) {
      base::log::error("server group '{}' is left alone: {}", name, error.what());
    }
  }
  return groups;
}

std::string search_path(const LocalOptions& options) {
  const auto found = options.environment.find("PATH");
  return found == options.environment.end() ? "" : found->second;
}

}  // namespace

Account::Account(const Ground& ground, const LocalOptions& options, LocalAccount account,
                 ReservedPorts& ports, bakery::BakeLog& bake_log)
    : ground_(ground),
      options_(options),
      account_(std::move(account)),
      ports_(ports),
      bake_log_(bake_log),
      directory_(fmt::format("{}/local/{}", options.data_directory, account_.name)),
      images_directory_(directory_ + "/images"),
      groups_directory_(directory_ + "/server-groups"),
      jobs_directory_(directory_ + "/jobs"),
      load_balancers_(ground,
                      {.account = account_.name,
                       .provider = "local",
                       .region = "local",
                       .directory = directory_,
                       .haproxy = options.haproxy,
                       .search_path = search_path(options)},
                      {.servers = [this](const std::string& name) { return servers_of(name); },
                       .user = [this](const std::string& name) { return user_of(name); },
                       .on_change = [this] { revise(); }}) {}

Async<void> Account::start() {
  co_await load();
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) instance->begin();
  }
  follow_jobs();
  load_balancers_.begin();
}

Async<void> Account::load() {
  struct Loaded {
    std::vector<model::Image> images;
    std::vector<Group> groups;
    LoadBalancers::Loaded load_balancers;
  };
  auto work = [this, now = ground_.clock.now()] {
    make_directories(images_directory_);
    make_directories(groups_directory_);
    make_directories(directory_ + "/operations");
    forget_old_answers(directory_ + "/operations", now);
    Loaded loaded{.images = load_images(account_.name, images_directory_),
                  .groups = load_groups(groups_directory_),
                  .load_balancers = load_balancers_.read()};
    return loaded;
  };
  Loaded loaded = co_await on_pool(std::move(work));
  for (model::Image& image : loaded.images) images_.emplace(image.id, std::move(image));
  load_balancers_.adopt(loaded.load_balancers);
  for (Group& group : loaded.groups) adopt(std::move(group), loaded.load_balancers.had_traffic);
  co_await load_jobs();
}

void Account::adopt(Group group, const std::set<std::string>& had_traffic) {
  auto running = std::make_shared<RunningGroup>();
  running->group = std::move(group);
  for (const InstanceRecord& record : running->group.instances) {
    ports_.taken.insert(record.port);
    const std::string name = haproxy::server_name(running->group.instance_id(record.index));
    running->instances[record.index] = watch_instance(running->group, record, had_traffic.contains(name));
  }
  groups_[running->group.name] = std::move(running);
}

Async<void> Account::stop() {
  stopped_ = true;
  co_await load_balancers_.stop();
  co_await operation_turns_.all_ended();
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) co_await instance->end();
  }
  for (const auto& [id, job] : jobs_) {
    if (job->socket) job->socket->close();
  }
  while (jobs_followed_ > 0) co_await job_followed_.wait();
  revised_.notify();
}

void Account::changed() {
  revise();
  load_balancers_.note_change();
}

void Account::revise() {
  ++revision_;
  revised_.notify();
}

Async<clusters::Snapshot> Account::watch(std::uint64_t known) {
  while (revision_ == known && !stopped_) co_await revised_.wait();
  expect_running();
  co_return snapshot();
}

void Account::expect_running() const {
  if (stopped_) throw Error(Kind::unavailable, fmt::format("account '{}' is being stopped", account_.name));
}

Async<json::object> Account::perform(model::Operation operation) {
  expect_running();
  auto taking = operation_turns_.take(operation.key);
  const auto slot = co_await std::move(taking);
  const auto earlier = co_await earlier_answer(operation.key);
  if (earlier) co_return *earlier;
  json::object answer = co_await carry_out(operation);
  co_await record_answer(operation, answer);
  co_return answer;
}

Async<json::object> Account::carry_out(model::Operation operation) {
  expect_region(operation.what);
  const std::string& kind = operation.kind;
  if (kind == clusters::create_server_group_kind) return create(std::move(operation));
  if (kind == clusters::resize_server_group_kind) return resize(std::move(operation));
  if (kind == clusters::update_launch_kind) return update_launch(std::move(operation));
  if (kind == clusters::enable_server_group_kind) return enable(std::move(operation));
  if (kind == clusters::disable_server_group_kind) return disable(std::move(operation));
  if (kind == clusters::destroy_server_group_kind) return destroy(std::move(operation));
  if (kind == clusters::upsert_load_balancer_kind) return load_balancers_.upsert(std::move(operation));
  if (kind == clusters::delete_load_balancer_kind) return load_balancers_.remove(std::move(operation));
  if (kind == clusters::bake_kind) return bake(std::move(operation));
  if (kind == clusters::terminate_instances_kind) return renew(std::move(operation), Renewal::replace);
  if (kind == clusters::reboot_instances_kind) return renew(std::move(operation), Renewal::reboot);
  if (kind == clusters::terminate_and_decrement_kind) return terminate_and_decrement(std::move(operation));
  if (kind == clusters::register_instances_kind) return set_traffic(std::move(operation), Traffic::give);
  if (kind == clusters::deregister_instances_kind) return set_traffic(std::move(operation), Traffic::take);
  if (kind == clusters::run_job_kind) return run_job(std::move(operation));
  if (kind == clusters::cancel_job_kind) return cancel_job(std::move(operation));
  if (kind == clusters::tag_server_group_kind) return tag_group(std::move(operation));
  if (kind == clusters::tag_image_kind) return tag_image(std::move(operation));
  if (kind == clusters::delete_image_kind) return delete_image(std::move(operation));
  throw Error(Kind::invalid, fmt::format("provider 'local' has no operation '{}'", kind));
}

void Account::expect_region(const json::object& what) const {
  const std::string region = base::string_or(what, "region", "local");
  if (region.empty() || region == "local") return;
  throw Error(
      Kind::invalid,
      fmt::format("region: account '{}' has the region 'local' only, not '{}'", account_.name, region),
      {{"field", "region"}});
}

Async<std::optional<json::object>> Account::earlier_answer(std::string key) {
  auto work = [key, path = answer_file(directory_, key)]() -> std::optional<json::object> {
    const auto document = read_json_file(path);
    if (!document || base::string_or(*document, "key", "") != key) return std::nullopt;
    const auto* answer = base::find_object(*document, "answer");
    return answer != nullptr ? *answer : json::object();
  };
  co_return co_await on_pool(std::move(work));
}

Async<void> Account::record_answer(model::Operation operation, json::object answer) {
  const json::object document{{"key", operation.key},
                              {"kind", operation.kind},
                              {"at", base::to_millis(ground_.clock.now())},
                              {"answer", std::move(answer)}};
  auto work = [path = answer_file(directory_, operation.key), text = base::to_text(document)] {
    write_atomically(path, text);
  };
  co_await on_pool(std::move(work));
}

BakeRequest Account::bake_request_of(const model::Operation& operation) const {
  const clusters::BakeSpec spec = clusters::bake_spec_of(operation);
  BakeRequest request{.account = account_.name,
                      .directory = images_directory_,
                      .name = spec.name,
                      .version = spec.version,
                      .source = base::string_or(spec.settings, "source", ""),
                      .limit_bytes = options_.image_limit_bytes,
                      .now = ground_.clock.now()};
  if (!spec.base_image.empty()) request.base_image = expect_base_image(spec.base_image);
  return request;
}

/// By its id; of several of one name, the newest.
std::string Account::expect_base_image(const std::string& name) const {
  if (images_.contains(name)) return name;
  const model::Image* newest = nullptr;
  for (const auto& [id, image] : images_) {
    if (image.name == name && (newest == nullptr || newest->created_time < image.created_time))
      newest = &image;
  }
  if (newest != nullptr) return newest->id;
  throw Error(Kind::not_found,
              fmt::format("bake: baseImage: account '{}' has no image '{}'", account_.name, name),
              {{"field", "baseImage"}});
}

Async<json::object> Account::bake_inputs(model::Operation operation) {
  expect_running();
  expect_region(operation.what);
  const BakeRequest request = bake_request_of(operation);
  auto work = [request] { return digest_of_source(request); };
  const std::string digest = co_await on_pool(std::move(work));
  json::object inputs{{"source", "sha256:" + digest}};
  if (!request.base_image.empty()) inputs["baseImage"] = request.base_image;
  co_return inputs;
}

Async<json::object> Account::bake(model::Operation operation) {
  const BakeRequest request = bake_request_of(operation);
  // The pool has ended before the log goes.
  auto work = [request, key = operation.key, log = &bake_log_] {
    return bake_image(request, [&](std::string_view line) { log->write(key, line); });
  };
  const Baked baked = co_await on_pool(std::move(work));
  if (images_.insert_or_assign(baked.image.id, baked.image).second) changed();
  co_return json::object{{"imageId", baked.image.id},
                         {"imageName", baked.image.name},
                         {"region", "local"},
                         {"previouslyBaked", baked.previously_baked}};
}

Async<std::string> Account::console_output(std::string id) {
  if (const auto job = jobs_.find(id); job != jobs_.end()) {
    auto work = [log = fmt::format("{}/{}", directory_of(*job->second), output_log)] {
      return read_end(log, console_bytes);
    };
    co_return co_await on_pool(std::move(work));
  }
  for (const auto& [name, running] : groups_) {
    for (const auto& [index, instance] : running->instances) {
      if (instance->id() != id) continue;
      auto work = [log = fmt::format("{}/{}", instance->directory(), output_log)] {
        return read_end(log, console_bytes);
      };
      co_return co_await on_pool(std::move(work));
    }
  }
  throw Error(Kind::not_found, fmt::format("account '{}' has no instance '{}'", account_.name, id));
}

}  // namespace gennaker::providers::local
