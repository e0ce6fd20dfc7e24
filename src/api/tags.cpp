#include <fmt/format.h>

#include "api/respond.h"
#include "base/text.h"
#include "pipelines/entity_tags.h"

namespace gennaker::api {
namespace {

constexpr std::int64_t usual_most = 100, highest_most = 5000;

bool has_tag(const json::object& body, std::string_view name, const std::string& value) {
  const auto* tags = base::find_array(body, "tags");
  for (const auto& entry : tags != nullptr ? *tags : json::array()) {
    const auto* tag = entry.if_object();
    if (tag == nullptr || base::string_or(*tag, "name", "") != base::lower_case(name)) continue;
    if (value == "*" || value.empty() || base::plain_text(tag->at("value")) == value) return true;
  }
  return false;
}

/// The filters of the query, all of which must fit. Parameters that name nothing are no filters.
bool fits(const net::Query& query, const json::object& body) {
  const auto* reference = base::find_object(body, "entityRef");
  if (reference == nullptr) return false;
  for (const std::string_view field :
       {"cloudProvider", "application", "entityType", "entityId", "account", "region"}) {
    const auto wanted = query.get(field);
    if (wanted && base::lower_case(base::string_or(*reference, field, "")) != base::lower_case(*wanted))
      return false;
  }
  const auto prefix = query.get("idPrefix");
  if (prefix && !base::string_or(body, "id", "").starts_with(base::lower_case(*prefix))) return false;
  for (const auto& [name, value] : query.pairs()) {
    if (name.starts_with("tag:") && !has_tag(body, name.substr(4), value)) return false;
  }
  return true;
}

Async<Response> list(const Parts& parts, Request request) {
  pipelines::EntityTags tags(parts.store);
  const auto most = request.query.number("maxResults", usual_most, 1, highest_most);
  pipelines::EntityTags::Wanted wanted = [query = request.query](const json::object& body) {
    return fits(query, body);
  };
  const auto found = co_await tags.list(std::move(wanted), static_cast<std::size_t>(most));
  json::array all;
  for (const json::object& one : found) all.push_back(one);
  co_return respond(all);
}

Async<Response> get(const Parts& parts, Request request) {
  pipelines::EntityTags tags(parts.store);
  const auto found = co_await tags.find(request.parameter("id"));
  if (found) co_return respond(*found);
  throw base::Error(base::Kind::not_found,
                    fmt::format("Entity tags not found (id: {})", request.parameter("id")));
}

}  // namespace

void add_tags(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/tags", list);
  route(router, parts, "GET", "/tags/{id}", get);
}

}  // namespace gennaker::api
