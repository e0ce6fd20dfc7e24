#include "pipelines/applications.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "pipelines/configurations.h"

namespace gennaker::pipelines {
namespace {

const std::string kind = "application";
constexpr std::size_t longest_name = 250;

/// Names become parts of server groups' names, which are taken apart at hyphens.
void check_name(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= longest_name &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '.' || c == '_' || c == '-';
                    });
  if (fine) return;
  throw base::Error(base::Kind::invalid,
                    fmt::format("application.name: '{}' must be 1 to {} letters, digits, '.', '_' or '-'",
                                name, longest_name),
                    {{"field", "application.name"}});
}

/// Clients send a list or a text with commas; the list views want the text.
void join_providers(json::object& attributes) {
  const auto* providers = base::find_array(attributes, "cloudProviders");
  if (providers == nullptr) return;
  std::string joined;
  for (const auto& provider : *providers) joined += (joined.empty() ? "" : ",") + base::plain_text(provider);
  attributes["cloudProviders"] = joined;
}

/// Whoever is refused by a guard wants to know whom to ask.
void note_who_guards(const json::object& before, const std::string& user, json::object& attributes) {
  const auto* rules = base::find(attributes, "trafficGuards");
  const auto* former = base::find(before, "trafficGuards");
  if (rules == nullptr || (former != nullptr && *former == *rules)) return;
  attributes["trafficGuardsSetBy"] = user;
}

}  // namespace

Async<json::object> Applications::save(json::object attributes, std::string user) {
  const std::string name = base::lower_case(base::string_or(attributes, "name", ""));
  check_name(name);
  const std::optional<store::Document> stored = co_await store_.document(kind, name);
  const base::TimePoint now = clock_.now();
  const std::string stamp = std::to_string(base::to_millis(now));

  json::object merged = stored ? stored->body : json::object{{"createTs", stamp}};
  base::merge_into(merged, attributes);
  note_who_guards(stored ? stored->body : json::object{}, user, merged);
  merged["name"] = name;
  merged["updateTs"] = stamp;
  merged["lastModifiedBy"] = user;
  join_providers(merged);
  if (base::string_or(merged, "email", "").empty()) {
    throw base::Error(base::Kind::invalid, "Application must have a non-empty email",
                      {{"field", "application.email"}});
  }
  store::Document document{
      .kind = kind, .id = name, .scope = name, .updated_at = now, .updated_by = user, .body = merged};
  store::Changes changes;
  changes.feed.push_back(document_entry(document));
  changes.documents.push_back(std::move(document));
  co_await store_.commit(std::move(changes));
  co_return merged;
}

Async<std::optional<json::object>> Applications::find(std::string name) {
  std::optional<store::Document> document = co_await store_.document(kind, base::lower_case(name));
  if (!document) co_return std::nullopt;
  co_return std::move(document->body);
}

Async<json::array> Applications::traffic_guards(std::string name) {
  auto finding = find(std::move(name));
  const std::optional<json::object> application = co_await std::move(finding);
  const auto* rules = application ? base::find_array(*application, "trafficGuards") : nullptr;
  if (rules == nullptr) co_return json::array{};
  // Without sign-in nobody is known by name: then it is whoever the application belongs to.
  std::string who = base::string_or(*application, "trafficGuardsSetBy", "");
  if (who.empty() || who == "anonymous") who = base::string_or(*application, "email", "");
  json::array told = *rules;
  for (json::value& rule : told) {
    if (auto* object = rule.if_object()) (*object)["setBy"] = who;
  }
  co_return told;
}

Async<std::vector<json::object>> Applications::list() {
  std::vector<store::Document> documents = co_await store_.documents(kind, std::nullopt);
  std::vector<json::object> applications;
  for (store::Document& document : documents) applications.push_back(std::move(document.body));
  co_return applications;
}

Async<void> Applications::remove(std::string name, std::string user) {
  const std::string id = base::lower_case(name);
  const base::TimePoint now = clock_.now();
  std::vector<store::Document> doomed;
  std::optional<store::Document> application = co_await store_.document(kind, id);
  if (application) doomed.push_back(std::move(*application));
  std::vector<store::Document> pipelines = co_await store_.documents("pipeline", id);
  std::move(pipelines.begin(), pipelines.end(), std::back_inserter(doomed));
  store::Changes changes;
  for (store::Document& document : doomed) {
    document.removed = true;
    document.body.clear();
    document.updated_at = now;
    document.updated_by = user;
    changes.feed.push_back(document_entry(document));
    changes.documents.push_back(std::move(document));
  }
  if (!changes.documents.empty()) co_await store_.commit(std::move(changes));
}

}  // namespace gennaker::pipelines
