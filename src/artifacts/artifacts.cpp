#include "artifacts/artifacts.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <re2/re2.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/stage.h"

namespace gennaker::artifacts {

namespace json = boost::json;

namespace {

bool blank(const std::optional<std::string>& text) {
  return !text || base::trimmed(*text).empty();
}

bool field_matches(std::string_view field, const std::optional<std::string>& wanted,
                   const std::optional<std::string>& value) {
  if (blank(wanted)) return true;
  if (!value) return false;
  if (*wanted == *value) return true;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 pattern(*wanted, options);
  if (!pattern.ok()) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("matchArtifact.{}: '{}' is no regular expression that we know: {}", field,
                                  *wanted, pattern.error()),
                      {{"field", "matchArtifact"}});
  }
  return RE2::FullMatch(*value, pattern);
}

/// A body that is given directly, or moved to the artifact store: the same thing to who asks for it.
std::string_view same_type(std::string_view type) {
  return type == "remote/base64" ? "embedded/base64" : type;
}

bool type_matches(const Artifact& wanted, const Artifact& artifact) {
  if (wanted.type && artifact.type && same_type(*wanted.type) == same_type(*artifact.type)) return true;
  return field_matches("type", wanted.type, artifact.type);
}

std::vector<Artifact> matching(const ExpectedArtifact& expected, const std::vector<Artifact>& candidates) {
  std::vector<Artifact> found;
  for (const Artifact& candidate : candidates) {
    if (!matches(expected.match, candidate)) continue;
    if (std::find(found.begin(), found.end(), candidate) == found.end()) found.push_back(candidate);
  }
  return found;
}

std::string shown(const ExpectedArtifact& expected) {
  const std::string name = base::string_or(expected.rest, "displayName", "");
  if (name.empty()) return fmt::format("'{}'", expected.id);
  return fmt::format("'{}' ({})", name, expected.id);
}

std::string shown(const std::vector<Artifact>& artifacts) {
  std::string text;
  for (const Artifact& artifact : artifacts) {
    // An embedded artifact's reference is its whole body.
    const bool embedded = artifact.type && artifact.type->starts_with("embedded/");
    const std::string what =
        artifact.reference && !embedded ? *artifact.reference : artifact.name.value_or("unnamed");
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", artifact.type.value_or("(no type)"), what);
  }
  return text;
}

std::optional<Artifact> choose(const ExpectedArtifact& expected, const std::vector<Artifact>& candidates,
                               Several several) {
  std::vector<Artifact> found = matching(expected, candidates);
  if (found.empty()) return std::nullopt;
  if (found.size() > 1 && several == Several::refused) {
    throw base::Error(
        base::Kind::invalid,
        fmt::format("Expected artifact {} matches multiple artifacts [{}]", shown(expected), shown(found)),
        {{"field", "expectedArtifacts"}, {"expectedArtifact", expected.id}});
  }
  return std::move(found.front());
}

void append(std::vector<Artifact>& target, const json::object& holder) {
  for (Artifact& artifact : model::artifacts_from_json(base::find_array(holder, "artifacts"))) {
    target.push_back(std::move(artifact));
  }
}

/// How many stages must run one after another before a top-level stage.
class Depths {
 public:
  explicit Depths(const model::Execution& execution) {
    for (const model::Stage& stage : execution.stages) {
      if (!stage.synthetic()) stages_.emplace(stage.ref_id, &stage);
      ids_.emplace(stage.id, &stage);
    }
  }

  /// A synthetic stage's is its top-level stage's.
  std::size_t of(const model::Stage& stage) {
    const model::Stage* top = &stage;
    while (top->synthetic()) {
      const auto parent = ids_.find(top->parent_id);
      if (parent == ids_.end()) break;
      top = parent->second;
    }
    return of_top(*top);
  }

 private:
  std::size_t of_top(const model::Stage& stage) {
    // Entered before its requisites are looked at: a cycle ends here.
    const auto [known, added] = depths_.emplace(stage.ref_id, 0);
    if (!added) return known->second;
    std::size_t depth = 0;
    for (const std::string& requisite : stage.requisites) {
      const auto found = stages_.find(requisite);
      if (found != stages_.end()) depth = std::max(depth, of_top(*found->second) + 1);
    }
    return depths_[stage.ref_id] = depth;
  }

  std::map<std::string_view, const model::Stage*> stages_, ids_;
  std::map<std::string_view, std::size_t> depths_;
};

std::vector<const model::Stage*> latest_first(const model::Execution& execution) {
  Depths depths(execution);
  std::vector<std::pair<std::size_t, const model::Stage*>> ranked;
  for (auto stage = execution.stages.rbegin(); stage != execution.stages.rend(); ++stage) {
    if (!stage->outputs.empty()) ranked.emplace_back(depths.of(*stage), &*stage);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const model::Stage*> stages;
  for (const auto& [depth, stage] : ranked) stages.push_back(stage);
  return stages;
}

std::optional<Artifact> bound_in(const json::object& holder, std::string_view id) {
  const auto* list = base::find_array(holder, "resolvedExpectedArtifacts");
  for (ExpectedArtifact& expected : model::expected_artifacts_from_json(list)) {
    if (expected.id != id || !expected.bound) continue;
    if (!expected.bound->account) expected.bound->account = expected.match.account;
    return std::move(expected.bound);
  }
  return std::nullopt;
}

}  // namespace

bool matches(const Artifact& wanted, const Artifact& artifact) {
  return type_matches(wanted, artifact) && field_matches("name", wanted.name, artifact.name) &&
         field_matches("version", wanted.version, artifact.version) &&
         field_matches("location", wanted.location, artifact.location) &&
         field_matches("reference", wanted.reference, artifact.reference);
}

std::vector<ExpectedArtifact> bind(std::vector<ExpectedArtifact> expected, const Sources& sources,
                                   Several several) {
  for (ExpectedArtifact& one : expected) {
    one.bound = choose(one, sources.received, several);
    if (!one.bound && one.use_prior) one.bound = choose(one, sources.prior, several);
    if (!one.bound && one.use_default) one.bound = one.default_artifact;
    if (!one.bound) {
      throw base::Error(base::Kind::invalid,
                        fmt::format("Unmatched expected artifact {} could not be resolved.", shown(one)),
                        {{"field", "expectedArtifacts"}, {"expectedArtifact", one.id}});
    }
  }
  return expected;
}

std::vector<Artifact> bound_ones(const std::vector<ExpectedArtifact>& expected) {
  std::vector<Artifact> bound;
  for (const ExpectedArtifact& one : expected) {
    if (one.bound) bound.push_back(*one.bound);
  }
  return joined({}, bound);
}

std::vector<Artifact> joined(std::vector<Artifact> first, const std::vector<Artifact>& second) {
  std::vector<Artifact> all;
  for (const auto* list : {&std::as_const(first), &second}) {
    for (const Artifact& artifact : *list) {
      if (std::find(all.begin(), all.end(), artifact) == all.end()) all.push_back(artifact);
    }
  }
  return all;
}

std::vector<Artifact> visible_to(const model::Execution& execution, const model::Stage& stage) {
  std::vector<Artifact> all;
  append(all, stage.context);
  for (const model::Stage* ancestor : engine::ancestors(execution, stage)) append(all, ancestor->outputs);
  append(all, execution.trigger);
  return joined(std::move(all), {});
}

std::vector<Artifact> all_of(const model::Execution& execution, std::string_view except) {
  std::vector<Artifact> all;
  for (const model::Stage* stage : latest_first(execution)) {
    if (except.empty() || stage->ref_id != except) append(all, stage->outputs);
  }
  append(all, execution.trigger);
  return joined(std::move(all), {});
}

std::optional<Artifact> find_bound(const model::Execution& execution, const model::Stage& stage,
                                   std::string_view id) {
  for (const model::Stage* ancestor : engine::ancestors(execution, stage)) {
    if (auto found = bound_in(ancestor->outputs, id)) return found;
  }
  return bound_in(execution.trigger, id);
}

}  // namespace gennaker::artifacts
