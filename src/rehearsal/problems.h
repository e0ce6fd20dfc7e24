#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stage.h"

/// What can be told to be wrong with a pipeline without running it.
namespace gennaker::rehearsal {

namespace json = boost::json;

struct Problem {
  enum class Level { error, warning };
  Level level = Level::error;
  std::string pipeline;  ///< its name
  std::string stage;     ///< refId; empty: the pipeline as a whole
  std::string field;     ///< a path in the stage, or in the pipeline: "clusters[0].account"
  std::string message;
  bool operator==(const Problem&) const = default;
};
json::object to_json(const Problem& problem);

/// A stage's refId as it is written; without one, what a start gives it by its position in the list.
std::string ref_of(const json::object& stage, std::size_t position);

/// A text somewhere in a document, with its path.
using OnText = std::function<void(const std::string& path, const json::string& text)>;
void each_text(const json::value& value, const std::string& path, const OnText& on_text);
void each_text(const json::object& object, const std::string& path, const OnText& on_text);
/// The same for all that a stage evaluates: an `expression` of a condition gets the braces that it goes
/// without.
void each_expression(const json::object& stage,
                     const std::function<void(const std::string& path, const std::string& text)>& on_text);

struct Surroundings {
  const engine::StageCatalog& stages;
  std::vector<std::string> accounts;
  /// A saved pipeline by application and id or name.
  std::function<std::optional<json::object>(const std::string& application, const std::string& id_or_name)>
      find_pipeline;
};

/// Of the configuration and of all that it starts, by literal names: the graph, unknown stage types,
/// accounts, pipelines and parameters, expressions that do not parse, a #stage that names none, pipelines
/// that call each other. `parameters`: those that a start would give.
std::vector<Problem> find_problems(const json::object& config, const json::object& parameters,
                                   const Surroundings& around);

}  // namespace gennaker::rehearsal
