#include <fmt/format.h>

#include "api/respond.h"
#include "base/text.h"
#include "clusters/naming.h"
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

/// The third part of "provider:type:entity:account:region".
std::string entity_in(const std::string& id) {
  const auto first = id.find(':');
  const auto begin = first == std::string::npos ? first : id.find(':', first + 1);
  return begin == std::string::npos ? "" : id.substr(begin + 1, id.find(':', begin + 1) - begin - 1);
}

/// A change is an ad-hoc task, as one that is sent to /tasks is.
Async<Response> start(const Parts& parts, Request request, json::object job, std::string application) {
  const std::string description = base::string_or(job, "type", "");
  json::object task{{"application", std::move(application)},
                    {"description", description},
                    {"job", json::array{std::move(job)}}};
  auto starting = parts.starter.start_orchestration(std::move(task), user_of(request), origin_of(request));
  const std::string id = co_await std::move(starting);
  co_return respond(ref("tasks", id), 202);
}

/// Of an entity that is no server group or cluster the name says nothing.
std::string application_of(const Request& request, const std::string& entity_id) {
  if (const auto given = request.query.get("application")) return *given;
  const std::string parsed = clusters::parse_name(entity_id).app;
  return parsed.empty() ? "gennaker" : parsed;
}

json::array tags_in(const Request& request) {
  json::value body = base::parse_json(request.body, "the request");
  if (auto* list = body.if_array()) return std::move(*list);
  throw base::Error(base::Kind::invalid, "the request: a list of tags is needed");
}

Async<Response> upsert(const Parts& parts, Request request) {
  json::object reference;
  for (const std::string_view field :
       {"cloudProvider", "application", "entityType", "entityId", "account", "region"}) {
    const auto given = request.query.get(field);
    if (given) {
      reference[field] = *given;
    } else if (field != "application") {
      throw base::Error(base::Kind::invalid,
                        fmt::format("Required request parameter '{}' is not present", field),
                        {{"field", std::string(field)}});
    }
  }
  json::object job{{"type", "upsertEntityTags"}, {"isPartial", request.query.flag("isPartial", true)}};
  job["tags"] = tags_in(request);
  std::string application = application_of(request, base::string_or(reference, "entityId", ""));
  job["entityRef"] = std::move(reference);
  return start(parts, std::move(request), std::move(job), std::move(application));
}

Async<Response> upsert_many(const Parts& parts, Request request) {
  json::object job{{"type", "bulkUpsertEntityTags"}};
  job["entityTags"] = tags_in(request);
  std::string application = application_of(request, "");
  return start(parts, std::move(request), std::move(job), std::move(application));
}

Async<Response> remove(const Parts& parts, Request request) {
  json::array names;
  std::string_view left = request.parameter("tags");
  while (!left.empty()) {
    const auto comma = left.find(',');
    if (comma != 0) names.push_back(json::value(left.substr(0, comma)));
    left = comma == std::string_view::npos ? "" : left.substr(comma + 1);
  }
  const std::string& id = request.parameter("id");
  json::object job{{"type", "deleteEntityTags"}, {"id", id}};
  job["tags"] = std::move(names);
  std::string application = application_of(request, entity_in(id));
  return start(parts, std::move(request), std::move(job), std::move(application));
}

}  // namespace

void add_tags(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/tags", list);
  route(router, parts, "GET", "/tags/{id}", get);
  route(router, parts, "POST", "/tags", upsert);
  route(router, parts, "DELETE", "/tags/{id}/{tags}", remove);
  route(router, parts, "POST", "/batch/tags", upsert_many);
}

}  // namespace gennaker::api
