#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "rehearsal/world.h"

namespace gennaker::rehearsal {

/// What a plan takes for granted: people agree, calls succeed, and what nobody can know before has a text in
/// its place that says so (runner::unknown). A stage that such a text makes fail is taken to succeed.
class Assumptions final : public Outside {
 public:
  /// The world whose images a plan may have to make up; set before anything starts.
  void set_world(World* world) { world_ = world; }
  /// The stages as they are written, by pipeline id and refId: what their expressions were.
  void know(const json::object& config);

  std::optional<runner::TaskResult> instead_of(const runner::TaskContext& context,
                                               const runner::Task& task) override;
  void answered(const runner::TaskContext& context, runner::TaskResult& result) override;
  bool enabled(const engine::StageView& view, const std::string& condition, bool holds) override;
  void planned(const engine::StageView& view, engine::Plan& plan) override;
  std::optional<json::object> despite(const model::Operation& operation) override;
  CallAnswer on_call(const net::ClientRequest& request) override;

  /// For people: what was assumed of a stage, each once.
  std::vector<std::string> of_stage(const std::string& stage_id) const;
  /// Whether it was taken to succeed without its work, because of something unknown: what it would do is not
  /// known either.
  bool gave_up_on(const std::string& stage_id) const { return given_up_.contains(stage_id); }
  /// Whether its condition hangs on something unknown and was taken to hold.
  bool may_run(const std::string& stage_id) const { return may_run_.contains(stage_id); }

 private:
  bool hangs_on_unknown(const model::Execution& execution, const model::Stage& stage) const;
  void make_up_images(const json::object& context);
  void note(const std::string& stage_id, std::string what);

  World* world_ = nullptr;
  std::map<std::pair<std::string, std::string>, json::object> written_;
  std::map<std::string, std::vector<std::string>> notes_;  ///< by stage id
  std::set<std::string> images_, given_up_, may_run_;
};

/// The unknown texts that an expression reads; empty: all is known.
std::vector<std::string> unknowns_in(const std::string& text, const model::Execution& execution,
                                     const model::Stage& stage, base::TimePoint now);

}  // namespace gennaker::rehearsal
