#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

namespace gennaker::stages {

namespace json = boost::json;

/// What the answer of a status URL means.
struct WebhookStatus {
  enum class What { succeeded, running, failed, canceled } what = What::running;
  std::string text;         ///< why it failed, or what it waits for
  json::object found = {};  ///< resolvedValue, percentComplete, progressMessage: what was read of the answer
};

/// Reads `body` as `fields` say: statusJsonPath, progressJsonPath, successStatuses, canceledStatuses,
/// terminalStatuses. Throws base::Error `invalid` for a path that is none.
WebhookStatus judge_status(const json::object& fields, const json::value& body);

/// Whether an error status of the status URL is worth another look; `past`: all such statuses so far, this
/// one included. `retries` decides about the statuses that it names, `retryStatusCodes` and `usual` about the
/// others.
bool look_again_after(const json::object& fields, int status, const json::array& past, bool usual);

/// A list of status codes that a field holds as numbers or texts.
bool lists_code(const json::object& fields, std::string_view field, int code);

}  // namespace gennaker::stages
