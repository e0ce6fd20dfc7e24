#include "rehearsal/assumptions.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "expressions/expressions.h"
#include "rehearsal/problems.h"

namespace gennaker::rehearsal {

using model::Status;

namespace {

bool failed(const runner::TaskResult& result) {
  return result.status == Status::terminal || result.status == Status::canceled;
}

}  // namespace

std::vector<std::string> unknowns_in(const std::string& text, const model::Execution& execution,
                                     const model::Stage& stage, base::TimePoint now) {
  std::vector<std::string> found;
  const expressions::Options options{.now = now, .noted_mark = runner::unknown_begin};
  for (auto& explanation : expressions::explain(text, expressions::of_stage(execution, stage), options)) {
    if (explanation.error.find(runner::unknown_begin) != std::string::npos)
      explanation.noted.push_back(explanation.error);
    for (std::string& one : explanation.noted) {
      if (std::find(found.begin(), found.end(), one) == found.end()) found.push_back(std::move(one));
    }
  }
  return found;
}

void Assumptions::know(const json::object& config) {
  const std::string id = base::string_or(config, "id", "");
  const auto* stages = base::find_array(config, "stages");
  if (stages == nullptr) return;
  for (std::size_t i = 0; i < stages->size(); ++i) {
    const auto* stage = (*stages)[i].if_object();
    if (stage == nullptr) continue;
    written_[{id, ref_of(*stage, i)}] = *stage;
  }
}

bool Assumptions::hangs_on_unknown(const model::Execution& execution, const model::Stage& stage) const {
  if (runner::has_unknown(json::value(stage.context))) return true;
  const model::Stage& top = model::top_level_of(execution, stage);
  const auto written = written_.find({execution.pipeline_config_id, top.ref_id});
  if (written == written_.end()) return false;
  bool found = false;
  each_expression(written->second, [&](const std::string&, const std::string& text) {
    found = found || !unknowns_in(text, execution, top, world_->clock().now()).empty();
  });
  return found;
}

/// An image whose id nobody can know yet is there for whoever deploys it.
void Assumptions::make_up_images(const json::object& context) {
  each_text(context, "", [&](const std::string&, const json::string& text) {
    const std::string name(text);
    if (name.find(runner::unknown_begin) == std::string::npos || !images_.insert(name).second) return;
    world_->each_cloud([&](clusters::SimulatedCloud& cloud) {
      const model::Account account = cloud.accounts().front();
      for (const std::string& region : account.regions) {
        if (clusters::find_image(cloud.now(), region, name) != nullptr) continue;
        cloud.put(model::Image{.id = name,
                               .name = name,
                               .account = account.name,
                               .region = region,
                               .created_time = world_->clock().now()});
      }
    });
  });
}

std::optional<runner::TaskResult> Assumptions::instead_of(const runner::TaskContext& context,
                                                          const runner::Task& task) {
  make_up_images(context.stage().context);
  auto assumed = task.assumed(context);
  if (assumed) note(context.stage().id, fmt::format("{} succeeds", context.task().name));
  return assumed;
}

void Assumptions::answered(const runner::TaskContext& context, runner::TaskResult& result) {
  if (!failed(result) || !hangs_on_unknown(context.execution(), context.stage())) return;
  note(context.stage().id, fmt::format("{} succeeds, which nobody can know before", context.task().name));
  given_up_.insert(context.stage().id);
  result = runner::succeeded();
}

bool Assumptions::enabled(const engine::StageView& view, const std::string& condition, bool holds) {
  if (unknowns_in("${" + condition + "}", view.execution(), view.stage(), view.now()).empty()) return holds;
  may_run_.insert(view.stage().id);
  return true;
}

void Assumptions::planned(const engine::StageView& view, engine::Plan& plan) {
  if (!plan.refused || !hangs_on_unknown(view.execution(), view.stage())) return;
  note(view.stage().id, fmt::format("its {} is accepted, which nobody can know before", plan.refused->field));
  given_up_.insert(view.stage().id);
  plan = {};
}

std::optional<json::object> Assumptions::despite(const model::Operation& operation) {
  if (!runner::has_unknown(json::value(operation.what))) return std::nullopt;
  note(asker_of(operation.key).stage_id, fmt::format("{} is accepted", operation.kind));
  const std::string region = base::string_or(operation.what, "region", "");
  return json::object{
      {"serverGroupName", fmt::format("{}new server group{}", runner::unknown_begin, runner::unknown_end)},
      {"region", region}};
}

Outside::CallAnswer Assumptions::on_call(const net::ClientRequest& request) {
  return {.response = {.status = 200,
                       .body = fmt::format("{}answer of {}{}", runner::unknown_begin,
                                           net::shown_url(request.url), runner::unknown_end)}};
}

void Assumptions::note(const std::string& stage_id, std::string what) {
  std::vector<std::string>& notes = notes_[stage_id];
  if (std::find(notes.begin(), notes.end(), what) == notes.end()) notes.push_back(std::move(what));
}

std::vector<std::string> Assumptions::of_stage(const std::string& stage_id) const {
  const auto found = notes_.find(stage_id);
  return found == notes_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace gennaker::rehearsal
