#include "pipelines/entity_tags.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "pipelines/configurations.h"

namespace gennaker::pipelines {
namespace {

using base::Error;
using base::Kind;

const std::string kind = "entityTags";
/// Two who write at the same moment: the second takes the first's news in.
constexpr int most_tries = 5;

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw Error(Kind::invalid, fmt::format("{}: {}", field, why), {{"field", field}});
}

json::object checked_reference(json::object reference) {
  for (const std::string_view field : {"entityType", "entityId"}) {
    if (base::string_or(reference, field, "").empty())
      refuse(fmt::format("entityRef.{}", field), "a value is needed");
  }
  const std::string account =
      base::string_or(reference, "account", base::string_or(reference, "accountId", ""));
  if (!account.empty()) {
    reference["account"] = account;
    if (!reference.contains("accountId")) reference["accountId"] = account;
  }
  return reference;
}

json::object checked_tag(const json::value& given, std::size_t index) {
  const std::string field = fmt::format("tags[{}]", index);
  if (!given.is_object()) refuse(field, "an object {name, value} is needed");
  json::object tag = given.get_object();
  const std::string name = base::lower_case(base::string_or(tag, "name", ""));
  if (name.empty()) refuse(field + ".name", "a name is needed");
  tag["name"] = name;
  if (base::string_or(tag, "namespace", "").empty()) tag["namespace"] = "default";
  const auto* value = tag.if_contains("value");
  if (value == nullptr || value->is_null()) refuse(field + ".value", "a value is needed");
  tag["valueType"] = value->is_object() || value->is_array() ? "object" : "literal";
  return tag;
}

bool same_tag(const json::object& a, const json::object& b) {
  return base::string_or(a, "name", "") == base::string_or(b, "name", "") &&
         base::string_or(a, "namespace", "default") == base::string_or(b, "namespace", "default");
}

template <class Matches>
void erase_from(json::array& list, Matches matches) {
  const auto end = std::remove_if(list.begin(), list.end(), [&](const json::value& entry) {
    const auto* object = entry.if_object();
    return object != nullptr && matches(*object);
  });
  list.erase(end, list.end());
}

json::array& list_in(json::object& body, std::string_view name) {
  json::value& list = body[name];
  if (!list.is_array()) list = json::array{};
  return list.get_array();
}

void put_tag(json::object& body, json::object tag, const EntityTags::By& by) {
  json::object metadata{{"name", tag.at("name")},
                        {"created", base::to_millis(by.at)},
                        {"createdBy", by.user},
                        {"lastModified", base::to_millis(by.at)},
                        {"lastModifiedBy", by.user}};
  json::array& all = list_in(body, "tagsMetadata");
  for (const auto& entry : all) {
    const auto* before = entry.if_object();
    if (before == nullptr || base::string_or(*before, "name", "") != base::string_or(tag, "name", ""))
      continue;
    for (const std::string_view field : {"created", "createdBy"}) {
      if (const auto* value = before->if_contains(field)) metadata[field] = *value;
    }
  }
  erase_from(all, [&](const json::object& one) {
    return base::string_or(one, "name", "") == base::string_or(metadata, "name", "");
  });
  all.push_back(std::move(metadata));
  json::array& tags = list_in(body, "tags");
  erase_from(tags, [&](const json::object& one) { return same_tag(one, tag); });
  tags.push_back(std::move(tag));
}

}  // namespace

std::string entity_tags_id(const json::object& reference) {
  const auto part = [&](std::string_view field, std::string_view other) {
    std::string value = base::string_or(reference, field, "");
    if (value.empty() && !other.empty()) value = base::string_or(reference, other, "");
    return value.empty() ? std::string("*") : base::lower_case(value);
  };
  return fmt::format("{}:{}:{}:{}:{}", part("cloudProvider", ""), part("entityType", ""),
                     part("entityId", ""), part("account", "accountId"), part("region", ""));
}

Async<void> EntityTags::write(std::string id, std::optional<store::Document> before, json::object body,
                              By by) {
  store::Document document{.kind = kind,
                           .id = id,
                           .scope = "",
                           .updated_at = by.at,
                           .updated_by = by.user,
                           .removed = body.empty(),
                           .body = std::move(body)};
  store::Changes changes;
  changes.expected.push_back({kind, id, before ? before->version : 0});
  changes.feed.push_back(document_entry(document));
  changes.documents.push_back(std::move(document));
  co_await store_.commit(std::move(changes));
}

Async<json::object> EntityTags::upsert(json::object entity_ref, json::array tags, Others others, By by) {
  const json::object reference = checked_reference(std::move(entity_ref));
  std::vector<json::object> wanted;
  for (const auto& tag : tags) wanted.push_back(checked_tag(tag, wanted.size()));
  if (wanted.empty()) refuse("tags", "at least one tag is needed");
  const std::string id = entity_tags_id(reference);
  for (int tries = 1;; ++tries) {
    std::optional<store::Document> before = co_await store_.document(kind, id);
    json::object body = before ? before->body : json::object{};
    if (others == Others::replace) body["tags"] = json::array{};
    body["id"] = id;
    body["idPattern"] = "{{cloudProvider}}:{{entityType}}:{{entityId}}:{{account}}:{{region}}";
    body["entityRef"] = reference;
    body["lastModified"] = base::to_millis(by.at);
    body["lastModifiedBy"] = by.user;
    for (const json::object& tag : wanted) put_tag(body, tag, by);
    bool overtaken = false;
    try {
      co_await write(id, before, body, by);
    } catch (const Error& error) {
      overtaken = error.kind() == Kind::conflict && tries < most_tries;
      if (!overtaken) throw;
    }
    if (!overtaken) co_return body;
  }
}

Async<void> EntityTags::remove(std::string id, std::vector<std::string> names, By by) {
  id = base::lower_case(id);
  for (std::string& name : names) name = base::lower_case(name);
  std::optional<store::Document> before = co_await store_.document(kind, id);
  if (!before) co_return;
  json::object body = before->body;
  const auto named = [&](const json::object& one) {
    return names.empty() ||
           std::find(names.begin(), names.end(), base::string_or(one, "name", "")) != names.end();
  };
  erase_from(list_in(body, "tags"), named);
  erase_from(list_in(body, "tagsMetadata"), named);
  body["lastModified"] = base::to_millis(by.at);
  body["lastModifiedBy"] = by.user;
  if (list_in(body, "tags").empty()) body.clear();
  co_await write(std::move(id), std::move(before), std::move(body), std::move(by));
}

Async<std::optional<json::object>> EntityTags::find(std::string id) {
  std::optional<store::Document> document = co_await store_.document(kind, base::lower_case(id));
  if (!document) co_return std::nullopt;
  co_return std::move(document->body);
}

Async<std::vector<json::object>> EntityTags::list(Wanted wanted, std::size_t most) {
  std::vector<store::Document> documents = co_await store_.documents(kind, std::nullopt);
  std::vector<json::object> found;
  for (store::Document& document : documents) {
    if (found.size() < most && wanted(document.body)) found.push_back(std::move(document.body));
  }
  co_return found;
}

}  // namespace gennaker::pipelines
