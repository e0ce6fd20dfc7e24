#include "pipelines/configurations.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "pipelines/validation.h"

namespace gennaker::pipelines {
namespace {

const std::string kind = "pipeline";

[[noreturn]] void refuse(std::string message, std::string_view field) {
  throw base::Error(base::Kind::invalid, message, {{"field", field}});
}

/// Cron triggers are told apart by id; a new pipeline's must be its own.
void name_cron_triggers(json::object& config, bool afresh, base::Random& random) {
  auto* triggers = config.if_contains("triggers");
  if (triggers == nullptr || !triggers->is_array()) {
    config["triggers"] = json::array{};
    return;
  }
  for (auto& trigger : triggers->get_array()) {
    auto* object = trigger.if_object();
    if (object == nullptr || base::string_or(*object, "type", "") != "cron") continue;
    if (afresh || base::string_or(*object, "id", "").empty()) (*object)["id"] = base::new_uuid(random);
  }
}

void check_not_stale(const json::object& config, const store::Document& stored) {
  const auto submitted = base::whole_number(config, "updateTs");
  const auto current = base::whole_number(stored.body, "updateTs");
  if (!submitted || !current || *submitted == *current) return;
  throw base::Error(
      base::Kind::invalid,
      fmt::format("The submitted pipeline is stale. submitted updateTs {} does not match stored updateTs {}",
                  *submitted, *current),
      {{"field", "updateTs"}});
}

void sort_for_display(std::vector<json::object>& configs) {
  std::stable_sort(configs.begin(), configs.end(), [](const json::object& a, const json::object& b) {
    const auto left = base::whole_number(a, "index"), right = base::whole_number(b, "index");
    if (left.has_value() != right.has_value()) return left.has_value();
    if (left && *left != *right) return *left < *right;
    return base::lower_case(base::string_or(a, "name", "")) <
           base::lower_case(base::string_or(b, "name", ""));
  });
  // The page saves every pipeline whose index is not its position, so they must agree.
  for (std::size_t i = 0; i < configs.size(); ++i) configs[i]["index"] = i;
}

}  // namespace

std::string referenced_application(const json::object& stage_fields, const std::string& own) {
  for (const std::string_view field : {"pipelineApplication", "application"}) {
    std::string named = base::string_or(stage_fields, field, "");
    if (!named.empty()) return named;
  }
  return own;
}

store::FeedEntry document_entry(const store::Document& document) {
  const json::object body{{"kind", document.kind},
                          {"id", document.id},
                          {"application", document.scope},
                          {"removed", document.removed}};
  return {.at = document.updated_at,
          .kind = "document",
          .application = document.scope,
          .subject = document.id,
          .body = base::to_text(body)};
}

Async<json::object> Configurations::save(json::object config, std::string user, StaleCheck stale_check) {
  const std::string name(base::trimmed(base::string_or(config, "name", "")));
  const std::string application(base::trimmed(base::string_or(config, "application", "")));
  if (name.empty() || application.empty()) {
    refuse("A pipeline requires name and application fields", name.empty() ? "name" : "application");
  }
  check_graph(config);
  config["name"] = name;

  std::string id = base::string_or(config, "id", "");
  const bool is_new = id.empty();
  if (is_new) id = base::new_uuid(random_);
  config["id"] = id;
  name_cron_triggers(config, is_new || base::bool_or(config, "regenerateCronTriggerIds", false), random_);
  config.erase("regenerateCronTriggerIds");
  if (base::string_or(config, "schema", "").empty()) config["schema"] = "1";

  const std::string scope = base::lower_case(application);
  const std::vector<store::Document> others = co_await store_.documents(kind, scope);
  for (const store::Document& other : others) {
    if (other.id != id &&
        base::lower_case(base::string_or(other.body, "name", "")) == base::lower_case(name)) {
      refuse(fmt::format("A pipeline with name {} already exists in application {}", name, application),
             "name");
    }
  }
  const std::optional<store::Document> stored = co_await store_.document(kind, id);
  if (stored && stale_check == StaleCheck::yes) check_not_stale(config, *stored);
  if (stored && !config.contains("index") && stored->body.contains("index"))
    config["index"] = stored->body.at("index");

  const base::TimePoint now = clock_.now();
  config["updateTs"] = std::to_string(base::to_millis(now));
  config["lastModifiedBy"] = user;
  store::Document document{
      .kind = kind, .id = id, .scope = scope, .updated_at = now, .updated_by = user, .body = config};
  store::Changes changes;
  changes.feed.push_back(document_entry(document));
  changes.expected.push_back({kind, id, stored ? stored->version : 0});
  changes.documents.push_back(std::move(document));
  co_await store_.commit(std::move(changes));
  ++revision_;
  co_return config;
}

Async<std::vector<json::object>> Configurations::list(std::string application) {
  std::vector<store::Document> documents = co_await store_.documents(kind, base::lower_case(application));
  std::vector<json::object> configs;
  for (store::Document& document : documents) configs.push_back(std::move(document.body));
  sort_for_display(configs);
  co_return configs;
}

Async<std::vector<json::object>> Configurations::list_all() {
  std::vector<store::Document> documents = co_await store_.documents(kind, std::nullopt);
  std::vector<json::object> configs;
  for (store::Document& document : documents) configs.push_back(std::move(document.body));
  co_return configs;
}

Async<std::optional<json::object>> Configurations::find(std::string application, std::string name_or_id) {
  const std::string scope = base::lower_case(application);
  {
    auto finding = find_as_before(scope, name_or_id);
    std::optional<json::object> found = co_await std::move(finding);
    if (found) co_return found;
  }
  std::vector<json::object> configs = co_await list(std::move(application));
  for (const std::string_view field : {"name", "id"}) {
    for (json::object& config : configs) {
      if (base::string_or(config, field, "") != name_or_id) continue;
      if (field == "name") remember(scope, name_or_id, config);
      co_return std::move(config);
    }
  }
  co_return std::nullopt;
}

/// nullopt also if it is to be found in another way: it may have another name by now, or be of another
/// application.
Async<std::optional<json::object>> Configurations::find_as_before(std::string scope, std::string name) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = ids_.find({scope, name}); known != ids_.end()) id = known->second;
  }
  if (id.empty()) co_return std::nullopt;
  std::optional<store::Document> document = co_await store_.document(kind, std::move(id));
  if (!document || document->scope != scope) co_return std::nullopt;
  if (base::string_or(document->body, "name", "") != name) co_return std::nullopt;
  co_return std::move(document->body);
}

void Configurations::remember(const std::string& scope, const std::string& name, const json::object& config) {
  constexpr std::size_t most_remembered = 100'000;
  const std::lock_guard lock(mutex_);
  if (ids_.size() >= most_remembered) ids_.clear();
  ids_[{scope, name}] = base::string_or(config, "id", "");
}

Async<std::optional<json::object>> Configurations::find_by_id(std::string id) {
  std::optional<store::Document> document = co_await store_.document(kind, std::move(id));
  if (!document) co_return std::nullopt;
  co_return std::move(document->body);
}

Async<std::optional<json::object>> Configurations::find_referenced(std::string application,
                                                                   std::string id_or_name) {
  auto by_id = find_by_id(id_or_name);
  std::optional<json::object> found = co_await std::move(by_id);
  if (found) co_return found;
  auto by_name = find(std::move(application), std::move(id_or_name));
  found = co_await std::move(by_name);
  co_return found;
}

Async<std::vector<json::object>> Configurations::history(std::string id, std::size_t limit) {
  std::vector<store::Document> versions = co_await store_.history(kind, std::move(id), limit);
  std::vector<json::object> configs;
  for (store::Document& version : versions) {
    if (!version.removed) configs.push_back(std::move(version.body));
  }
  co_return configs;
}

Async<void> Configurations::remove(std::string application, std::string name, std::string user) {
  std::vector<json::object> configs = co_await list(application);
  store::Changes changes;
  for (const json::object& config : configs) {
    if (base::lower_case(base::string_or(config, "name", "")) != base::lower_case(base::trimmed(name)))
      continue;
    store::Document document{.kind = kind,
                             .id = base::string_or(config, "id", ""),
                             .scope = base::lower_case(application),
                             .updated_at = clock_.now(),
                             .updated_by = user,
                             .removed = true};
    changes.feed.push_back(document_entry(document));
    changes.documents.push_back(std::move(document));
  }
  if (!changes.documents.empty()) co_await store_.commit(std::move(changes));
  ++revision_;
}

Async<void> Configurations::reorder(std::string application, json::object ids_to_indices, std::string user) {
  store::Changes changes;
  for (const auto& member : ids_to_indices) {
    const std::string id(member.key());
    const auto index = base::whole_number(member.value());
    if (!index) refuse(fmt::format("idsToIndices.{}: a whole number is needed", id), "idsToIndices");
    std::optional<store::Document> document = co_await store_.document(kind, id);
    if (!document)
      throw base::Error(base::Kind::not_found, fmt::format("Pipeline configuration not found (id: {})", id));
    if (document->scope != base::lower_case(application)) {
      refuse(fmt::format("idsToIndices.{}: that pipeline belongs to application {}", id, document->scope),
             "idsToIndices");
    }
    document->body["index"] = *index;
    document->updated_at = clock_.now();
    document->updated_by = user;
    changes.feed.push_back(document_entry(*document));
    changes.expected.push_back({document->kind, document->id, document->version});
    changes.documents.push_back(std::move(*document));
  }
  co_await store_.commit(std::move(changes));
  ++revision_;
}

}  // namespace gennaker::pipelines
