#include "pipelines/start_artifacts.h"

#include <algorithm>

#include "artifacts/artifacts.h"
#include "base/json.h"

namespace gennaker::pipelines {
namespace {

using model::Artifact;
using model::ExpectedArtifact;

/// Those that somebody asked for, or that know what to fall back on; the others stay unresolved.
std::vector<ExpectedArtifact> considered(const json::object& config, const json::object& trigger) {
  const std::vector<std::string> ids = base::string_list(trigger, "expectedArtifactIds");
  auto all = model::expected_artifacts_from_json(base::find_array(config, "expectedArtifacts"));
  std::erase_if(all, [&](const ExpectedArtifact& one) {
    return !one.use_default && !one.use_prior && std::find(ids.begin(), ids.end(), one.id) == ids.end();
  });
  return all;
}

std::vector<Artifact> received(const json::object& config, const json::object& trigger) {
  return artifacts::joined(model::artifacts_from_json(base::find_array(config, "receivedArtifacts")),
                           model::artifacts_from_json(base::find_array(trigger, "artifacts")));
}

Async<std::vector<Artifact>> of_last_execution(store::Store& store, std::string config_id) {
  store::ExecutionQuery query;
  query.pipeline_config_ids = {std::move(config_id)};
  query.limit = 1;
  const std::vector<model::Execution> last = co_await store.executions(std::move(query), model::Detail::full);
  if (last.empty()) co_return std::vector<Artifact>{};
  co_return artifacts::all_of(last.front());
}

}  // namespace

Async<json::object> with_artifacts(store::Store& store, json::object config, json::object trigger) {
  std::vector<ExpectedArtifact> expected = considered(config, trigger);
  artifacts::Sources sources{.received = received(config, trigger)};
  const bool prior = std::any_of(expected.begin(), expected.end(),
                                 [](const ExpectedArtifact& one) { return one.use_prior; });
  const std::string config_id = base::string_or(config, "id", "");
  if (prior && !config_id.empty()) {
    auto loading = of_last_execution(store, config_id);
    sources.prior = co_await std::move(loading);
  }
  expected = artifacts::bind(std::move(expected), sources, artifacts::Several::refused);
  trigger["artifacts"] =
      model::to_json(artifacts::joined(std::move(sources.received), artifacts::bound_ones(expected)));
  trigger["expectedArtifacts"] = model::to_json(expected);
  trigger["resolvedExpectedArtifacts"] = model::to_json(expected);
  co_return trigger;
}

std::vector<std::string> ids_for_child(const json::object& config, std::string_view parent_config_id,
                                       const std::vector<Artifact>& received) {
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  if (const auto* triggers = base::find_array(config, "triggers")) {
    for (const json::value& entry : *triggers) {
      const auto* trigger = entry.if_object();
      if (trigger == nullptr || !base::bool_or(*trigger, "enabled", false)) continue;
      if (base::string_or(*trigger, "type", "") != "pipeline") continue;
      if (base::string_or(*trigger, "pipeline", "") != parent_config_id) continue;
      for (const std::string& id : base::string_list(*trigger, "expectedArtifactIds")) add(id);
    }
  }
  for (const auto& one : model::expected_artifacts_from_json(base::find_array(config, "expectedArtifacts"))) {
    const bool matched = std::any_of(received.begin(), received.end(), [&](const Artifact& artifact) {
      return artifacts::matches(one.match, artifact);
    });
    if (matched) add(one.id);
  }
  return ids;
}

}  // namespace gennaker::pipelines
