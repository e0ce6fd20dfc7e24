#include "triggers/pipeline/pipeline_triggers.h"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <set>

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/retry.h"

namespace gennaker::triggers {

namespace asio = boost::asio;
using base::Async;
using model::Status;

namespace {

/// How far back in the feed a start looks, from its newest entry. What ended earlier had its followers long
/// before the server went.
constexpr std::chrono::minutes look_back_for{5};
constexpr std::uint64_t most_entries = 20'000, entries_at_a_time = 250;

/// The trigger's word for an ending.
std::string_view word_for(Status status) {
  if (status == Status::succeeded) return "successful";
  if (status == Status::canceled) return "canceled";
  if (status == Status::suspended) return "suspended";
  return "failed";
}

bool wants(const json::object& trigger, Status status) {
  const std::vector<std::string> wanted = base::string_list(trigger, "status");
  return std::find(wanted.begin(), wanted.end(), word_for(status)) != wanted.end();
}

json::object trigger_of(const model::Execution& ended, const json::object& configured,
                        const std::string& follower_id) {
  json::object trigger;
  trigger["type"] = "pipeline";
  trigger["user"] =
      base::string_or(configured, "runAsUser", base::string_or(ended.trigger, "user", "anonymous"));
  trigger["parameters"] = json::object{};
  trigger["parentExecutionId"] = ended.id;
  trigger["parentRootId"] = ended.root_id;
  trigger["correlationId"] = pipelines::correlation_of_child(ended, "null", follower_id);
  if (base::bool_or(ended.trigger, "dryRun", false)) trigger["dryRun"] = true;
  trigger["parentPipelineId"] = ended.pipeline_config_id;
  trigger["parentPipelineName"] = ended.name;
  trigger["parentPipelineApplication"] = ended.application;
  trigger["parentStatus"] = model::to_string(ended.status);
  trigger["parentPipelineStageId"] = nullptr;
  trigger["isPipeline"] = true;
  trigger["artifacts"] = model::to_json(artifacts::all_of(ended));
  if (const auto* ids = configured.if_contains("expectedArtifactIds")) trigger["expectedArtifactIds"] = *ids;
  return trigger;
}

/// The executions that the feed's entries show as ended, and the pipeline of each.
std::map<std::string, std::string> ended_in(const std::vector<store::FeedEntry>& entries) {
  std::map<std::string, std::string> ended;
  for (const store::FeedEntry& entry : entries) {
    if (entry.kind != "execution" || entry.body.find("\"endTime\"") == std::string::npos) continue;
    const json::object body = base::parse_json_object(entry.body, "feed");
    const auto* header = base::find_object(body, "execution");
    if (header != nullptr && header->contains("endTime"))
      ended[entry.subject] = base::string_or(*header, "pipelineConfigId", "");
  }
  return ended;
}

}  // namespace

PipelineTriggers::PipelineTriggers(PipelineTriggersParts parts) : parts_(std::move(parts)) {}

void PipelineTriggers::on_end(const model::Execution& execution) {
  if (execution.type != model::ExecutionType::pipeline || execution.pipeline_config_id.empty()) return;
  asio::co_spawn(parts_.executor, fire(execution.id, execution.pipeline_config_id), asio::detached);
}

Async<void> PipelineTriggers::recover() {
  return base::until_it_works(parts_.clock, "what ended last is not known", [this] { return look_back(); });
}

Async<void> PipelineTriggers::look_back() {
  const store::Store::FeedRange range = co_await parts_.store.feed_range();
  std::optional<base::TimePoint> newest;
  std::set<std::string> seen;
  for (std::uint64_t end = range.newest;
       end > 0 && end >= range.oldest && range.newest - end < most_entries;) {
    const std::uint64_t from = end > entries_at_a_time ? end - entries_at_a_time : 0;
    auto reading = parts_.store.feed(from, entries_at_a_time);
    const std::vector<store::FeedEntry> entries = co_await std::move(reading);
    const std::map<std::string, std::string> ended = ended_in(entries);
    for (const auto& [id, config_id] : ended) {
      if (!seen.insert(id).second) continue;
      auto firing = fire(id, config_id);
      co_await std::move(firing);
    }
    if (!entries.empty()) {
      if (!newest) newest = entries.back().at;
      if (entries.front().at < *newest - look_back_for) co_return;
    }
    end = from;
  }
}

/// Nobody else would start them before the server starts anew.
Async<void> PipelineTriggers::fire(std::string execution_id, std::string config_id) {
  std::string what = fmt::format("what follows execution {} could not be started", execution_id);
  return base::until_it_works(
      parts_.clock, std::move(what),
      [this, execution_id = std::move(execution_id), config_id = std::move(config_id)] {
        return start_followers(execution_id, config_id);
      });
}

/// Most pipelines have no followers, and an execution is read for those that have.
Async<void> PipelineTriggers::start_followers(std::string execution_id, std::string config_id) {
  if (config_id.empty()) co_return;
  auto asking = followers_of(std::move(config_id));
  const std::vector<Follower> followers = co_await std::move(asking);
  if (followers.empty()) co_return;
  std::optional<model::Execution> found = co_await parts_.store.execution(std::move(execution_id));
  if (!found || !model::is_complete(found->status)) co_return;
  const auto ended = std::make_shared<const model::Execution>(std::move(*found));
  for (const Follower& follower : followers) {
    if (wants(follower.trigger, ended->status)) co_await start(ended, follower);
  }
}

Async<void> PipelineTriggers::start(std::shared_ptr<const model::Execution> ended, Follower follower) {
  try {
    // The id says what follows what, so that an ending that is seen twice starts nothing twice. A restart
    // begins and ends anew, and so is followed anew.
    const base::TimePoint at = ended->start_time.value_or(ended->build_time);
    const std::string id = base::derived_ulid(
        at, fmt::format("{}/follows/{}/{}", follower.config_id, ended->id, base::to_millis(at)));
    const std::optional<model::Execution> there = co_await parts_.store.execution(id);
    if (there) co_return;
    std::optional<json::object> config = co_await parts_.configurations.find_by_id(follower.config_id);
    if (!config || base::bool_or(*config, "disabled", false)) co_return;
    pipelines::StartRequest request;
    request.config = std::move(*config);
    request.trigger = trigger_of(*ended, follower.trigger, follower.config_id);
    request.by = pipelines::StartedBy::automatically;
    request.user = base::string_or(request.trigger, "user", "anonymous");
    request.origin = ended->origin;
    request.execution_id = id;
    auto starting = parts_.starter.start_pipeline(std::move(request));
    co_await std::move(starting);
  } catch (const std::exception& error) {
    if (base::worth_retrying(error)) throw;
    base::log::error("pipeline {} should follow execution {} and could not be started: {}",
                     follower.config_id, ended->id, error.what());
  }
}

Async<std::vector<PipelineTriggers::Follower>> PipelineTriggers::followers_of(std::string config_id) {
  const std::uint64_t revision = parts_.configurations.revision();
  if (!read_ || revision != read_at_revision_) {
    Followers followers;
    const std::vector<json::object> configs = co_await parts_.configurations.list_all();
    for (const json::object& config : configs) {
      const auto* triggers = base::find_array(config, "triggers");
      for (std::size_t i = 0; triggers != nullptr && i < triggers->size(); ++i) {
        const auto* trigger = (*triggers)[i].if_object();
        if (trigger == nullptr || base::string_or(*trigger, "type", "") != "pipeline") continue;
        if (!base::bool_or(*trigger, "enabled", false)) continue;
        followers.emplace(base::string_or(*trigger, "pipeline", ""),
                          Follower{base::string_or(config, "id", ""), *trigger});
      }
    }
    followers_ = std::move(followers);
    read_at_revision_ = revision;
    read_ = true;
  }
  std::vector<Follower> found;
  const auto [first, last] = followers_.equal_range(config_id);
  for (auto one = first; one != last; ++one) found.push_back(one->second);
  co_return found;
}

}  // namespace gennaker::triggers
