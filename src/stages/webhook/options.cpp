#include "stages/webhook/options.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <re2/re2.h>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace gennaker::stages {
namespace {

[[noreturn]] void refuse(const std::string& key, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("configuration: {}: {}", key, why), {{"field", key}});
}

/// One mapping of the section: hands out its keys, and knows which are left over.
class Keys {
 public:
  Keys(std::string path, const json::value* value) : path_(std::move(path)) {
    if (value == nullptr || value->is_null()) return;
    if (!value->is_object()) refuse(path_, "must be a mapping");
    object_ = value->get_object();
  }

  std::string full(std::string_view key) const { return fmt::format("{}.{}", path_, key); }

  const json::value* take(std::string_view key) {
    known_.emplace_back(key);
    return object_.if_contains(key);
  }

  std::string text(std::string_view key, std::string fallback = "") {
    const auto* value = take(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (value->is_object() || value->is_array()) refuse(full(key), "must be a text");
    return base::plain_text(*value);
  }

  bool flag(std::string_view key, bool fallback) {
    const auto* value = take(key);
    if (value == nullptr) return fallback;
    const auto read = base::bool_member(object_, key);
    if (!read) refuse(full(key), "must be true or false");
    return *read;
  }

  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {}) {
    const auto* value = take(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (value->is_object()) refuse(full(key), "must be a list");
    return base::string_list(object_, key);
  }

  json::array list(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr || value->is_null()) return {};
    if (!value->is_array()) refuse(full(key), "must be a list");
    return value->get_array();
  }

  json::object mapping(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr || value->is_null()) return {};
    if (!value->is_object()) refuse(full(key), "must be a mapping");
    return value->get_object();
  }

  /// Members that nobody asked for.
  json::object rest() const {
    json::object rest;
    for (const auto& member : object_) {
      if (std::find(known_.begin(), known_.end(), member.key()) == known_.end()) {
        rest.emplace(member.key(), member.value());
      }
    }
    return rest;
  }

  void refuse_rest() const {
    const json::object left = rest();
    if (left.empty()) return;
    refuse(full(left.begin()->key()), fmt::format("is unknown; known here: {}", fmt::join(known_, ", ")));
  }

 private:
  std::string path_;
  json::object object_;
  std::vector<std::string> known_;
};

std::shared_ptr<const net::UrlFence> read_fence(const json::value* value) {
  Keys keys("webhook.urlRestrictions", value);
  net::UrlRules rules;
  rules.allowed_hostnames_regex = keys.text("allowedHostnamesRegex", rules.allowed_hostnames_regex);
  rules.allowed_schemes = keys.texts("allowedSchemes", rules.allowed_schemes);
  rules.allowed_domains = keys.texts("allowedDomains");
  rules.excluded_domains = keys.texts("excludedDomains");
  rules.rejected_ips = keys.texts("rejectedIps");
  rules.reject_localhost = keys.flag("rejectLocalhost", rules.reject_localhost);
  rules.reject_link_local = keys.flag("rejectLinkLocal", rules.reject_link_local);
  rules.reject_verbatim_ips = keys.flag("rejectVerbatimIps", rules.reject_verbatim_ips);
  keys.refuse_rest();
  try {
    return std::make_shared<const net::UrlFence>(std::move(rules));
  } catch (const base::Error& error) {
    refuse("webhook.urlRestrictions", error.what());
  }
}

AllowedRequest read_allowed(const std::string& path, const json::value& value) {
  Keys keys(path, &value);
  AllowedRequest allowed;
  allowed.methods = keys.texts("httpMethods");
  for (std::string& method : allowed.methods) {
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return std::toupper(c); });
  }
  allowed.url = keys.text("url");
  if (allowed.url.empty()) refuse(keys.full("url"), "a URL, or the beginning of one, is needed");
  const std::string match = keys.text("matchStrategy", "STARTS_WITH");
  if (match == "PATTERN_MATCHES") {
    allowed.match = AllowedRequest::Match::pattern_matches;
    if (!RE2(allowed.url, RE2::Quiet).ok()) refuse(keys.full("url"), "is no regular expression that we know");
  } else if (match != "STARTS_WITH") {
    refuse(keys.full("matchStrategy"), "must be STARTS_WITH or PATTERN_MATCHES");
  }
  allowed.safe_to_retry = keys.flag("safeToRetry", false);
  keys.refuse_rest();
  return allowed;
}

std::string file_contents(const std::string& key, const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) refuse(key, fmt::format("the file {} cannot be read", name));
  std::ostringstream contents;
  contents << file.rdbuf();
  return std::string(base::trimmed(contents.str()));
}

std::string read_secret(const std::string& path, const json::value& value, const Environment& environment) {
  Keys keys(path, &value);
  const std::string file = keys.text("file"), variable = keys.text("environment");
  std::string secret = keys.text("value");
  keys.refuse_rest();
  if (!file.empty()) secret = file_contents(keys.full("file"), file);
  if (!variable.empty()) secret = environment(variable).value_or("");
  if (secret.empty()) refuse(path, "file, environment or value must give a secret that is not empty");
  return secret;
}

PreconfiguredWebhook read_preconfigured(const std::string& path, const json::value& value) {
  Keys keys(path, &value);
  PreconfiguredWebhook webhook;
  webhook.type = keys.text("type");
  if (webhook.type.empty()) refuse(keys.full("type"), "a name for the stage type is needed");
  webhook.label = keys.text("label", webhook.type);
  webhook.description = keys.text("description");
  webhook.parameters = keys.list("parameters");
  for (std::size_t i = 0; i < webhook.parameters.size(); ++i) {
    const auto* parameter = webhook.parameters[i].if_object();
    if (parameter != nullptr && !base::string_or(*parameter, "name", "").empty()) continue;
    refuse(fmt::format("{}[{}].name", keys.full("parameters"), i), "a name is needed");
  }
  const json::value permissions = keys.mapping("permissions");
  Keys roles(keys.full("permissions"), &permissions);
  webhook.readers = roles.texts("READ");
  webhook.writers = roles.texts("WRITE");
  roles.refuse_rest();
  for (const std::string_view ours : {"enabled", "sensitiveHeaders", "noUserConfigurableFields"})
    keys.take(ours);
  webhook.fields = keys.rest();
  return webhook;
}

bool switched_off(const json::value& entry) {
  return entry.is_object() && !base::bool_or(entry.get_object(), "enabled", true);
}

}  // namespace

const PreconfiguredWebhook* WebhookOptions::find(std::string_view type) const {
  const auto found = std::find_if(preconfigured.begin(), preconfigured.end(),
                                  [&](const PreconfiguredWebhook& webhook) { return webhook.type == type; });
  return found == preconfigured.end() ? nullptr : &*found;
}

WebhookOptions read_webhook_options(const json::object& section, const Environment& environment) {
  const json::value all = section;
  Keys keys("webhook", &all);
  WebhookOptions options;
  options.fence = read_fence(keys.take("urlRestrictions"));
  options.account_required = keys.flag("requireAccount", false);
  std::vector<std::string> statuses = keys.texts("defaultRetryStatusCodes", {"429"});
  options.retried_statuses.clear();
  for (const std::string& status : statuses) {
    const auto number = base::whole_number(json::value(status));
    if (!number) refuse(keys.full("defaultRetryStatusCodes"), fmt::format("'{}' is no status code", status));
    options.retried_statuses.push_back(static_cast<int>(*number));
  }
  const json::array allowed = keys.list("allowedRequests"), preconfigured = keys.list("preconfigured");
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    options.allowed.push_back(read_allowed(fmt::format("webhook.allowedRequests[{}]", i), allowed[i]));
  }
  for (const auto& secret : keys.mapping("secrets")) {
    const std::string name(secret.key());
    options.secrets[name] = read_secret("webhook.secrets." + name, secret.value(), environment);
  }
  for (std::size_t i = 0; i < preconfigured.size(); ++i) {
    if (switched_off(preconfigured[i])) continue;
    const std::string path = fmt::format("webhook.preconfigured[{}]", i);
    options.preconfigured.push_back(read_preconfigured(path, preconfigured[i]));
  }
  keys.refuse_rest();
  return options;
}

}  // namespace gennaker::stages
