#pragma once

#include <string_view>

#include "base/error.h"
#include "store/store.h"

/// What the stores that keep rows as texts have in common when they read them.
namespace gennaker::store {

/// Throws base::Error `internal` when it is damaged. `what`: "a document".
json::object stored_json(std::string_view text, std::string_view what);

/// `details`: nullopt for an outline.
model::Stage stored_stage(std::int64_t ordinal, std::string_view outline,
                          std::optional<std::string_view> details);

/// Where an execution stands in a list.
struct ListPlace {
  base::TimePoint build_time{};
  std::string id;
};
/// Sorts what several searches have found, when there were several, and cuts out the page that is asked for.
void merge_places(const ExecutionQuery& query, std::vector<ListPlace>& places);
/// How far a search must go for that page.
std::size_t places_wanted(const ExecutionQuery& query);

/// Whether only executions are asked for that are not complete: those are few.
bool asks_for_unfinished(const ExecutionQuery& query);

/// Version 0: not there.
base::Error version_conflict(const Changes::Expected& expected, std::int64_t version);

}  // namespace gennaker::store
