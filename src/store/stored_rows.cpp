#include "store/stored_rows.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"

namespace gennaker::store {
namespace {

// Deeper than what is let in from outside: the rows wrap it.
constexpr base::JsonLimits stored_limits{.bytes = SIZE_MAX, .depth = 256};

}  // namespace

json::object stored_json(std::string_view text, std::string_view what) {
  try {
    return base::parse_json_object(text, what, stored_limits);
  } catch (const base::Error& error) {
    // Not the caller's fault.
    throw base::Error(base::Kind::internal, fmt::format("damaged row in the database: {}", error.what()));
  }
}

model::Stage stored_stage(std::int64_t ordinal, std::string_view outline,
                          std::optional<std::string_view> details) {
  json::object object = stored_json(outline, "a stage's outline");
  if (details) {
    json::object contents = stored_json(*details, "a stage's details");
    for (auto& member : contents) object.insert_or_assign(member.key(), std::move(member.value()));
  }
  model::Stage stage = model::stage_from_json(std::move(object));
  stage.ordinal = static_cast<std::int32_t>(ordinal);
  return stage;
}

std::size_t places_wanted(const ExecutionQuery& query) {
  return query.limit > SIZE_MAX - query.offset ? SIZE_MAX : query.offset + query.limit;
}

void merge_places(const ExecutionQuery& query, std::vector<ListPlace>& places) {
  const auto earlier = [&](const ListPlace& a, const ListPlace& b) {
    const auto key_a = std::tie(a.build_time, a.id), key_b = std::tie(b.build_time, b.id);
    return query.oldest_first ? key_a < key_b : key_b < key_a;
  };
  if (!std::is_sorted(places.begin(), places.end(), earlier))
    std::sort(places.begin(), places.end(), earlier);
  if (places.size() > places_wanted(query)) places.resize(places_wanted(query));
  const std::size_t skipped = std::min(query.offset, places.size());
  places.erase(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(skipped));
}

bool asks_for_unfinished(const ExecutionQuery& query) {
  return !query.statuses.empty() &&
         std::none_of(query.statuses.begin(), query.statuses.end(),
                      [](model::Status status) { return model::is_complete(status); });
}

base::Error version_conflict(const Changes::Expected& expected, std::int64_t version) {
  const auto words = [](std::int64_t number) {
    return number == 0 ? std::string("not there") : fmt::format("at version {}", number);
  };
  return {base::Kind::conflict,
          fmt::format("{} '{}' is {}, not {} as expected: read it again and repeat the change", expected.kind,
                      expected.id, words(version), words(expected.version)),
          {{"kind", expected.kind}, {"id", expected.id}, {"version", version}}};
}

}  // namespace gennaker::store
