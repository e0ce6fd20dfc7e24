#include "stages/webhook/status.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "base/json_path.h"
#include "base/text.h"

namespace gennaker::stages {
namespace {

using What = WebhookStatus::What;

/// A list of words with commas, compared without regard to case.
bool lists_word(const json::object& fields, std::string_view field, const std::string& word) {
  const std::vector<std::string> words = base::string_list(fields, field);
  const std::string wanted = base::lower_case(base::trimmed(word));
  return std::any_of(words.begin(), words.end(), [&](const std::string& other) {
    return base::lower_case(base::trimmed(other)) == wanted;
  });
}

bool single(const json::value& value) {
  return !value.is_object() && !value.is_array();
}

void read_progress(const json::object& fields, const json::value& body, json::object& found) {
  const std::string path = base::string_or(fields, "progressJsonPath", "");
  if (path.empty()) return;
  const auto progress = base::follow_path(body, path);
  if (progress.values.empty()) return;
  found["progressMessage"] = base::plain_text(*progress.values.front());
}

WebhookStatus judge_word(const json::object& fields, const std::string& word) {
  const std::string told = fmt::format("the status is '{}'", word);
  if (lists_word(fields, "successStatuses", word)) return {What::succeeded, told};
  if (lists_word(fields, "canceledStatuses", word)) return {What::canceled, told};
  if (lists_word(fields, "terminalStatuses", word)) return {What::failed, told};
  if (base::string_list(fields, "successStatuses").empty()) {
    return {What::failed, fmt::format("successStatuses: a list is needed to tell what '{}' means", word)};
  }
  return {What::running, fmt::format("completion: {}", told)};
}

}  // namespace

WebhookStatus judge_status(const json::object& fields, const json::value& body) {
  WebhookStatus status;
  json::object found;
  const std::string path = base::string_or(fields, "statusJsonPath", "");
  if (path.empty()) return {What::succeeded, ""};
  const auto read = base::follow_path(body, path);
  if (read.values.empty()) {
    return {What::failed,
            fmt::format("Unable to parse status: JSON property '{}' not found in response body", path)};
  }
  if (read.values.size() > 1 || !single(*read.values.front())) {
    return {What::failed, fmt::format("The json path '{}' did not resolve to a single value", path)};
  }
  const json::value& value = *read.values.front();
  if (value.is_number()) {
    const double percent = value.to_number<double>();
    status.what = percent >= 100 ? What::succeeded : What::running;
    status.text = fmt::format("completion: {} %", base::plain_text(value));
    found["percentComplete"] = value;
  } else {
    status = judge_word(fields, base::plain_text(value));
  }
  found["resolvedValue"] = value;
  read_progress(fields, body, found);
  status.found = std::move(found);
  return status;
}

bool look_again_after(const json::object& fields, int status, const json::array& past, bool usual) {
  const auto* retries = base::find_object(fields, "retries");
  const auto* rule = retries ? base::find_object(*retries, std::to_string(status)) : nullptr;
  if (rule == nullptr) return usual || lists_code(fields, "retryStatusCodes", status);
  const auto seen = std::count(past.begin(), past.end(), json::value(status));
  return seen < base::whole_number(*rule, "maxAttempts").value_or(0);
}

bool lists_code(const json::object& fields, std::string_view field, int code) {
  const std::vector<std::string> codes = base::string_list(fields, field);
  return std::find(codes.begin(), codes.end(), std::to_string(code)) != codes.end();
}

}  // namespace gennaker::stages
