#pragma once

#include <string_view>
#include <vector>

#include "model/artifact.h"
#include "model/execution.h"

/// Which artifacts a pipeline and its stages work with. Pure; threads: any.
namespace gennaker::artifacts {

using model::Artifact;
using model::ExpectedArtifact;

/// Whether `artifact` has what `wanted` asks for: type, name, version, location and reference, each either
/// equal or, read as a regular expression (RE2's), matching in full. What `wanted` leaves blank passes; what
/// the artifact lacks does not. Throws base::Error `invalid` for what is no regular expression.
bool matches(const Artifact& wanted, const Artifact& artifact);

/// How many different artifacts may match one expected artifact.
enum class Several { refused, first_wins };

struct Sources {
  std::vector<Artifact> received;
  std::vector<Artifact> prior = {};  ///< of the pipeline's last execution; only for those that use_prior
};

/// Binds each expected artifact: to a received one, else a prior one, else its default, where it allows them.
/// Throws base::Error `invalid` that names the expected artifact: nothing matches, or several do.
/// Source: docs/artifacts.md
std::vector<ExpectedArtifact> bind(std::vector<ExpectedArtifact> expected, const Sources& sources,
                                   Several several);

/// The bound artifacts, each once.
std::vector<Artifact> bound_ones(const std::vector<ExpectedArtifact>& expected);
/// `first`, then those of `second` that are not among them; each once.
std::vector<Artifact> joined(std::vector<Artifact> first, const std::vector<Artifact>& second);

/// What a stage can see: its own, then the outputs before it, nearest first, then the trigger's.
std::vector<Artifact> visible_to(const model::Execution& execution, const model::Stage& stage);
/// All of an execution: what its stages put out, later stages first, then the trigger's. The stage with the
/// ref id `except` is left out.
std::vector<Artifact> all_of(const model::Execution& execution, std::string_view except = "");

/// What an expected artifact's id stands for in a stage: bound by the nearest stage before it, else at the
/// start. nullopt: not bound.
std::optional<Artifact> find_bound(const model::Execution& execution, const model::Stage& stage,
                                   std::string_view id);

}  // namespace gennaker::artifacts
