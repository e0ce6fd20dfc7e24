#pragma once

#include <boost/json/object.hpp>

#include "engine/stage.h"

namespace gennaker::pipelines {

namespace json = boost::json;

inline constexpr std::size_t most_stages = 5'000;

/// Checks the shape of a pipeline's stages: a list of objects with types, at most `most_stages` of them; ref
/// ids that are all there or all absent, unique, and requisites that name others without a cycle. Throws
/// base::Error `invalid`: the message names the stage and the field.
void check_graph(const json::object& config);

/// Whether a stage's type, or its `alias`, is one of the catalog's. A `providerType` does not matter: where a
/// cloud has no type of its own, the type without it is meant.
bool knows_type_of(const json::object& stage, const engine::StageCatalog& catalog);

/// Refuses stages of types that this server does not know, before anything runs. Throws as check_graph.
void check_types(const json::object& config, const engine::StageCatalog& catalog);

}  // namespace gennaker::pipelines
