#include "pipelines/pruner.h"

#include <algorithm>

#include "base/error.h"
#include "base/logging.h"
#include "base/text.h"
#include "engine/engine.h"

namespace gennaker::pipelines {
namespace {

using std::chrono::milliseconds;

/// A step looks at so many executions, and removes no more stages than this, but always one execution.
constexpr std::size_t executions_a_step = 50, stages_a_step = 500;
constexpr milliseconds between_steps{200}, between_readings{20}, between_looks = std::chrono::seconds(10);
constexpr std::chrono::hours between_sweeps{1};

}  // namespace

const Retention& RetentionRules::of(const std::string& application) const {
  const auto found = of_application.find(application);
  return found == of_application.end() ? everywhere : found->second;
}

std::optional<std::chrono::days> RetentionRules::shortest_age() const {
  std::optional<std::chrono::days> shortest = everywhere.age;
  for (const auto& [application, rule] : of_application) {
    if (rule.age && (!shortest || *rule.age < *shortest)) shortest = rule.age;
  }
  return shortest;
}

bool RetentionRules::count() const {
  return everywhere.per_pipeline ||
         std::any_of(of_application.begin(), of_application.end(),
                     [](const auto& one) { return one.second.per_pipeline.has_value(); });
}

void Pruner::on_end(const model::Execution& execution) {
  if (execution.pipeline_config_id.empty()) return;
  may_be_crowded({base::lower_case(execution.application), execution.pipeline_config_id});
}

void Pruner::may_be_crowded(Pipeline pipeline) {
  if (!rules_.of(pipeline.application).per_pipeline) return;
  const std::lock_guard lock(mutex_);
  crowded_.insert(std::move(pipeline));
}

Async<void> Pruner::suspect_all() {
  const std::vector<store::Document> saved = co_await store_.documents("pipeline", std::nullopt);
  for (const store::Document& pipeline : saved) may_be_crowded({pipeline.scope, pipeline.id});
}

std::optional<Pruner::Pipeline> Pruner::take_crowded() {
  const std::lock_guard lock(mutex_);
  if (crowded_.empty()) return std::nullopt;
  return crowded_.extract(crowded_.begin()).value();
}

Async<milliseconds> Pruner::step() {
  if (!suspected_all_ && rules_.count()) {
    auto looking = suspect_all();
    co_await std::move(looking);
  }
  suspected_all_ = true;
  if (std::optional<Pipeline> pipeline = take_crowded()) {
    try {
      auto pruning = prune_by_number(*pipeline);
      const Removal removal = co_await std::move(pruning);
      if (removal.more) may_be_crowded(*pipeline);
      co_return removal.any ? between_steps : between_readings;
    } catch (...) {
      may_be_crowded(*pipeline);
      throw;
    }
  }
  if (!rules_.shortest_age() || clock_.now() < next_sweep_) co_return between_looks;
  auto pruning = prune_by_age();
  if (co_await std::move(pruning)) co_return between_steps;
  next_sweep_ = clock_.now() + between_sweeps;
  passed_ = 0;
  newest_.clear();
  co_return between_looks;
}

Async<Pruner::Removal> Pruner::prune_by_number(Pipeline pipeline) {
  store::ExecutionQuery query;
  query.pipeline_config_ids = {pipeline.config_id};
  query.offset = *rules_.of(pipeline.application).per_pipeline;
  query.limit = executions_a_step;
  auto reading = store_.executions(std::move(query), model::Detail::outline);
  const std::vector<model::Execution> beyond = co_await std::move(reading);
  std::vector<std::string> ids;
  std::size_t stages = 0;
  // The oldest go first.
  for (auto one = beyond.rbegin(); one != beyond.rend() && stages < stages_a_step; ++one) {
    if (!engine::at_rest(*one)) continue;
    ids.push_back(one->id);
    stages += one->stages.size();
  }
  const bool any = !ids.empty();
  const bool more = any && (beyond.size() == executions_a_step || stages >= stages_a_step);
  auto removing = remove(std::move(ids));
  co_await std::move(removing);
  co_return Removal{any, more};
}

Async<bool> Pruner::prune_by_age() {
  store::ExecutionQuery query;
  query.built_to = clock_.now() - *rules_.shortest_age();
  query.oldest_first = true;
  query.offset = passed_;
  query.limit = executions_a_step;
  auto reading = store_.executions(std::move(query), model::Detail::outline);
  const std::vector<model::Execution> old = co_await std::move(reading);
  std::vector<std::string> ids;
  std::size_t stages = 0, looked_at = 0;
  for (const model::Execution& execution : old) {
    if (stages >= stages_a_step) break;
    ++looked_at;
    bool goes = is_old(execution) && engine::at_rest(execution);
    if (goes) {
      auto asking = is_kept_anyway(execution);
      goes = !co_await std::move(asking);
    }
    if (!goes) {
      ++passed_;
      continue;
    }
    ids.push_back(execution.id);
    stages += execution.stages.size();
  }
  auto removing = remove(std::move(ids));
  co_await std::move(removing);
  co_return looked_at < old.size() || old.size() == executions_a_step;
}

bool Pruner::is_old(const model::Execution& execution) const {
  const Retention& rule = rules_.of(base::lower_case(execution.application));
  return rule.age && execution.build_time < clock_.now() - *rule.age;
}

Async<bool> Pruner::is_kept_anyway(const model::Execution& execution) {
  const std::size_t at_least = rules_.of(base::lower_case(execution.application)).at_least;
  if (at_least == 0 || execution.pipeline_config_id.empty()) co_return false;
  const auto [found, is_new] = newest_.try_emplace(execution.pipeline_config_id);
  if (is_new) {
    store::ExecutionQuery query;
    query.pipeline_config_ids = {execution.pipeline_config_id};
    query.limit = at_least;
    auto reading = store_.executions(std::move(query), model::Detail::outline);
    const std::vector<model::Execution> newest = co_await std::move(reading);
    for (const model::Execution& one : newest) found->second.insert(one.id);
  }
  co_return found->second.contains(execution.id);
}

Async<void> Pruner::remove(std::vector<std::string> ids) {
  if (ids.empty()) co_return;
  store::Changes changes;
  changes.removed_executions = std::move(ids);
  const std::size_t count = changes.removed_executions.size();
  auto committing = store_.commit(std::move(changes));
  co_await std::move(committing);
  base::log::debug("{} executions were removed, as the rules of keeping them say", count);
}

Async<void> Pruner::run() {
  for (;;) {
    milliseconds rest = between_looks;
    try {
      auto stepping = step();
      rest = co_await std::move(stepping);
    } catch (const base::Error& error) {
      base::log::warn("old executions could not be removed now: {}", error.what());
    }
    co_await base::sleep_for(rest);
  }
}

}  // namespace gennaker::pipelines
