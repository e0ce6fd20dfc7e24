#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/url_fence.h"

namespace gennaker::stages {

namespace json = boost::json;

/// What an entry of the configuration's `allowedRequests` lets through.
struct AllowedRequest {
  std::vector<std::string> methods;  ///< in capitals; empty: all
  std::string url;
  enum class Match { starts_with, pattern_matches } match = Match::starts_with;
  bool safe_to_retry = false;  ///< the other side does a call once, however often it comes
};

/// A stage type of the server's own making: a webhook with fields that its users do not see.
struct PreconfiguredWebhook {
  std::string type, label, description;
  json::object fields;     ///< webhook fields; they win over the stage's and never enter its context
  json::array parameters;  ///< {name, label, description, type, defaultValue, order}
  std::vector<std::string> readers, writers;  ///< roles; empty: everybody
};

/// What the server's operator says about webhooks: the configuration's section `webhook`.
struct WebhookOptions {
  std::shared_ptr<const net::UrlFence> fence;  ///< never nullptr
  std::vector<AllowedRequest> allowed;         ///< empty: all within the fence
  std::vector<int> retried_statuses = {429};   ///< besides 5xx
  bool account_required = false;
  std::map<std::string, std::string> secrets;  ///< for signatures, by name
  std::vector<PreconfiguredWebhook> preconfigured;

  /// nullptr: it is a type like any other.
  const PreconfiguredWebhook* find(std::string_view type) const;
};

/// An environment variable's value; nullopt: not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads the section; `{}` gives the defaults. Reads the files of secrets.
/// Throws base::Error `invalid` that names the key. Source: docs/operations.md
WebhookOptions read_webhook_options(const json::object& section, const Environment& environment);

}  // namespace gennaker::stages
