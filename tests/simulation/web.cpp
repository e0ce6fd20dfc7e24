#include "web.h"

#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::simulation {
namespace {

constexpr std::string_view start_url = "https://jobs.example.com/start";
constexpr std::string_view status_url = "https://jobs.example.com/status/";

}  // namespace

json::object Web::start_job(const std::string& key) {
  std::string& name = names_by_key_[key];
  if (name.empty() || key.empty()) {
    name = std::to_string(jobs_.size() + 1);
    jobs_[name] = {.ends = clock_.passed() + std::chrono::seconds(dice_.below(900)),
                   .fails = dice_.happens(0.1)};
  }
  return {{"statusUrl", std::string(status_url) + name}, {"image", "image-1"}, {"go", true}};
}

json::object Web::status_of(const std::string& name) const {
  const auto found = jobs_.find(name);
  if (found == jobs_.end()) return {{"status", "UNKNOWN"}};
  if (clock_.passed() < found->second.ends) return {{"status", "RUNNING"}};
  return {{"status", found->second.fails ? "FAILED" : "DONE"}};
}

net::ClientResponse Web::answer(const net::ClientRequest& request) {
  json::object body;
  if (request.url.starts_with(start_url)) {
    const auto key = request.headers.find("Idempotency-Key");
    body = start_job(key == request.headers.end() ? "" : key->second);
  } else if (request.url.starts_with(status_url)) {
    body = status_of(request.url.substr(status_url.size()));
  } else if (request.url.starts_with(judge_url)) {
    const int mood = dice_.below(10);
    const std::string_view directive = mood == 0 ? "abort" : mood < 4 ? "wait" : "continue";
    body = {{"nextStep", json::object{{"directive", directive}}}};
  } else {
    body = {{"image", fmt::format("image-{}", 1 + dice_.below(3))},
            {"go", dice_.happens(0.5)},
            {"seconds", dice_.below(100)}};
  }
  return {.status = 200, .body = base::to_text(body)};
}

}  // namespace gennaker::simulation
