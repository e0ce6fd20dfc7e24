#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <set>

#include "api/respond.h"
#include "model/execution_json.h"

namespace gennaker::api {
namespace {

using model::Status;

struct Wanted {
  std::string deck_origin;  ///< where links lead; empty: no links
  std::size_t limit = 1;
  bool only_those_that_fail = false;
};

bool failed(const model::Stage& stage, const Wanted& wanted) {
  if (!wanted.only_those_that_fail) return model::is_failure(stage.status);
  if (stage.status == Status::terminal) return true;
  return stage.status == Status::stopped &&
         base::bool_or(stage.context, "completeOtherBranchesThenFail", false);
}

/// What failed below it: a synthetic stage of its own says more than it does.
bool explained_by_a_child(const model::Execution& execution, const model::Stage& stage,
                          const Wanted& wanted) {
  return std::any_of(execution.stages.begin(), execution.stages.end(), [&](const model::Stage& child) {
    return child.parent_id == stage.id && failed(child, wanted);
  });
}

json::object view_of(const model::Execution& execution, const model::Stage& stage, const Wanted& wanted) {
  json::object view = model::to_json(stage);
  view["executionId"] = execution.id;
  view["application"] = execution.application;
  view["pipelineName"] = execution.name;
  view["pipelineConfigId"] = execution.pipeline_config_id;
  if (!wanted.deck_origin.empty()) {
    view["url"] = fmt::format("{}/#/applications/{}/executions/details/{}?refId={}", wanted.deck_origin,
                              execution.application, execution.id, stage.ref_id);
  }
  return view;
}

/// Breadth first: what failed here before what failed in a child; a stage that failed because its child did
/// is the child's to explain.
Async<json::array> failed_stages(const Parts& parts, std::string id, Wanted wanted) {
  json::array found;
  std::deque<std::string> left{std::move(id)};
  std::set<std::string> seen;
  while (!left.empty() && found.size() < wanted.limit) {
    const std::string next = std::move(left.front());
    left.pop_front();
    if (!seen.insert(next).second) continue;
    const std::optional<model::Execution> execution = co_await parts.store.execution(next);
    if (!execution) continue;
    for (const model::Stage& stage : execution->stages) {
      if (!failed(stage, wanted) || explained_by_a_child(*execution, stage, wanted)) continue;
      const std::string child_id =
          stage.type == "pipeline" ? base::string_or(stage.context, "executionId", "") : "";
      std::optional<model::Execution> child;
      if (!child_id.empty()) child = co_await parts.store.execution(child_id);
      const bool child_failed = child && std::any_of(child->stages.begin(), child->stages.end(),
                                                     [&](const auto& one) { return failed(one, wanted); });
      if (child_failed) {
        left.push_back(child_id);
      } else if (found.size() < wanted.limit) {
        found.push_back(view_of(*execution, stage, wanted));
      }
    }
  }
  co_return found;
}

Async<Response> get(const Parts& parts, Request request) {
  const std::string id = request.query.get_or("executionId", "");
  if (id.empty()) {
    throw base::Error(base::Kind::invalid, "executionId: an execution's id is needed",
                      {{"field", "executionId"}});
  }
  const std::optional<model::Execution> execution = co_await parts.store.execution(id);
  if (!execution) throw base::Error(base::Kind::not_found, fmt::format("Execution not found (id: {})", id));
  Wanted wanted;
  wanted.deck_origin = request.query.get_or("deckOrigin", "");
  wanted.limit = static_cast<std::size_t>(request.query.number("limit", 1, 1, 1'000));
  wanted.only_those_that_fail = request.query.flag("onlyIncludeStagesThatFailPipelines", false);
  auto looking = failed_stages(parts, id, std::move(wanted));
  const json::array found = co_await std::move(looking);
  co_return respond(found);
}

}  // namespace

void add_failed_stages(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/pipelines/failedStages", get);
  route(router, parts, "GET", "/executions/failedStages", get);
}

}  // namespace gennaker::api
