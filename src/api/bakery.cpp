#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "api/respond.h"
#include "bakery/bakes.h"
#include "net/sse.h"

/// Bakes: what they are at, their logs, and the base images. Gate's paths, and some of our own.
namespace gennaker::api {
namespace {

using bakery::BakeLogPart;

constexpr std::size_t part_bytes = 32 * 1024;
/// How long a log that is about to begin is waited for.
constexpr std::chrono::seconds patience{5};
/// A line that means nothing, so that a connection that broke in silence is noticed.
constexpr std::chrono::seconds heartbeat{15};

[[noreturn]] void unknown_bake(const std::string& id, std::string_view why) {
  throw base::Error(base::Kind::not_found, fmt::format("there is no bake '{}'{}", id, why), {{"id", id}});
}

/// The stage that bakes, or baked: others may have found what it made.
const model::Stage* stage_of(const model::Execution& execution, const std::string& id) {
  const model::Stage* first = nullptr;
  for (const model::Stage& stage : execution.stages) {
    const auto* status = base::find_object(stage.context, "status");
    if (stage.type != "bake" || status == nullptr || base::string_or(*status, "id", "") != id) continue;
    if (first == nullptr || stage.start_time < first->start_time) first = &stage;
  }
  return first;
}

struct BakeState {
  std::string state = "RUNNING";
  std::string result;  ///< empty: not known
};

/// `end`: what its log says already, which is there before its stage knows.
BakeState state_of(const model::Stage& stage, const std::optional<bakery::BakeEnd>& end) {
  const json::object status = *base::find_object(stage.context, "status");
  const std::string told = base::string_or(status, "state", "");
  if (told != "RUNNING") return {told, base::string_or(status, "result", "")};
  if (stage.status == model::Status::canceled) return {"CANCELED", ""};
  if (model::is_complete(stage.status)) return {"COMPLETED", "FAILURE"};
  if (!end) return {};
  return {"COMPLETED", end->succeeded ? "SUCCESS" : "FAILURE"};
}

/// Throws `not_found`.
Async<json::object> bake_json(const Parts& parts, std::string id) {
  const auto execution_id = bakery::execution_of_bake(id);
  if (!execution_id) unknown_bake(id, "");
  auto reading = parts.store.execution(*execution_id);
  const std::optional<model::Execution> execution = co_await std::move(reading);
  if (!execution) unknown_bake(id, fmt::format(": execution '{}' is not there", *execution_id));
  const model::Stage* stage = stage_of(*execution, id);
  if (stage == nullptr) unknown_bake(id, fmt::format(" of execution '{}'", *execution_id));
  const std::optional<bakery::BakeEnd> end = parts.bake_logs.end_of(id);
  const BakeState state = state_of(*stage, end);
  const json::object& context = stage->context;
  json::object bake{{"id", id}, {"state", state.state}, {"result", nullptr}};
  if (!state.result.empty()) bake["result"] = state.result;
  const auto copy = [&](std::string_view from, std::string_view to) {
    if (const auto* value = base::find(context, from)) bake[to] = *value;
  };
  copy("bakeKey", "key");
  copy("bakeInputs", "inputs");
  copy("account", "account");
  if (!bake.contains("account")) copy("credentials", "account");
  if (end && end->succeeded) {
    bake["imageId"] = end->image_id;
    bake["imageName"] = end->image_name;
  }
  for (const std::string_view key : {"region", "imageId", "imageName", "version"}) copy(key, key);
  bake["executionId"] = *execution_id;
  bake["stageId"] = stage->id;
  co_return bake;
}

bool is_running(const json::object& bake) {
  return base::string_or(bake, "state", "") == "RUNNING";
}

Async<Response> get(const Parts& parts, Request request) {
  auto looking = bake_json(parts, request.parameter("id"));
  const json::object bake = co_await std::move(looking);
  co_return respond(bake);
}

/// A bake that has just begun may not have said anything yet. Throws `not_found`.
Async<BakeLogPart> first_part(const Parts& parts, std::string id, std::uint64_t from) {
  auto reading = parts.bake_logs.read(id, from, part_bytes);
  std::optional<BakeLogPart> part = co_await std::move(reading);
  if (part) co_return std::move(*part);
  auto looking = bake_json(parts, id);
  const json::object bake = co_await std::move(looking);
  if (is_running(bake)) {
    BakeLogPart nothing;
    auto waiting = parts.bake_logs.wait(id, std::move(nothing), patience);
    co_await std::move(waiting);
    auto again = parts.bake_logs.read(id, from, part_bytes);
    part = co_await std::move(again);
  }
  if (part) co_return std::move(*part);
  throw base::Error(
      base::Kind::not_found,
      fmt::format("the log of bake '{}' is not here: it is kept at the server that baked, and not for "
                  "ever",
                  id),
      {{"id", id}});
}

Async<Response> whole_log(const Parts& parts, Request request) {
  const std::string id = request.parameter("id");
  auto beginning = first_part(parts, id, 0);
  std::optional<BakeLogPart> part = co_await std::move(beginning);
  Response response;
  response.headers["Content-Type"] = "text/plain; charset=utf-8";
  while (part) {
    response.body += part->text;
    if (part->at_end) break;
    auto reading = parts.bake_logs.read(id, part->end, part_bytes);
    part = co_await std::move(reading);
  }
  co_return response;
}

/// Follows a log to its end, and then tells how the bake has ended.
Async<void> follow(const Parts& parts, std::string id, std::uint64_t from, net::Stream& stream) {
  std::string text = ": welcome\n\n";
  for (;;) {
    auto reading = parts.bake_logs.read(id, from, part_bytes);
    std::optional<BakeLogPart> part = co_await std::move(reading);
    if (!part) part = BakeLogPart{.end = from, .at_end = true};
    from = part->end;
    if (!part->text.empty()) {
      const json::object data{{"text", part->text}};
      text += net::sse_event("log", std::to_string(from), base::to_text(data));
    }
    bool ended = false;
    if (part->at_end && (!part->open || part->text.empty())) {
      auto looking = bake_json(parts, id);
      const json::object bake = co_await std::move(looking);
      ended = !is_running(bake);
      if (ended) text += net::sse_event("end", std::to_string(from), base::to_text(bake));
    }
    if (text.empty() && part->text.empty()) text = ": still here\n\n";
    auto writing = stream.write(std::move(text));
    co_await std::move(writing);
    text.clear();
    if (ended) co_return;
    if (!part->at_end) continue;
    auto waiting = parts.bake_logs.wait(id, *part, heartbeat);
    co_await std::move(waiting);
  }
}

std::uint64_t place_of(const Request& request) {
  const std::string seen = request.header_or("Last-Event-ID", request.query.get_or("lastEventId", "0"));
  std::uint64_t place = 0;
  std::from_chars(seen.data(), seen.data() + seen.size(), place);
  return place;
}

Async<Response> log_stream(const Parts& parts, Request request) {
  const std::string id = request.parameter("id");
  const std::uint64_t from = place_of(request);
  auto beginning = first_part(parts, id, from);
  co_await std::move(beginning);
  Response response;
  response.headers["Content-Type"] = "text/event-stream";
  response.headers["Cache-Control"] = "no-cache";
  response.stream = [&parts, id, from](net::Stream& stream) { return follow(parts, id, from, stream); };
  co_return response;
}

json::object options_of(const Parts& parts, const std::string& provider) {
  json::array images;
  for (const bakery::BaseImage& image : parts.base_images) {
    if (image.cloud_provider != provider) continue;
    json::object shown{{"id", image.id}, {"shortDescription", image.short_description}};
    if (!image.detailed_description.empty()) shown["detailedDescription"] = image.detailed_description;
    images.push_back(std::move(shown));
  }
  return {{"cloudProvider", provider}, {"baseImages", std::move(images)}};
}

Async<Response> list_options(const Parts& parts, Request) {
  std::vector<std::string> providers;
  for (const bakery::BaseImage& image : parts.base_images) {
    const auto& provider = image.cloud_provider;
    if (std::find(providers.begin(), providers.end(), provider) == providers.end())
      providers.push_back(provider);
  }
  json::array options;
  for (const std::string& provider : providers) options.push_back(options_of(parts, provider));
  co_return respond(options);
}

Async<Response> get_options(const Parts& parts, Request request) {
  co_return respond(options_of(parts, request.parameter("provider")));
}

}  // namespace

void add_bakery(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/bakery/options", list_options);
  route(router, parts, "GET", "/bakery/options/{provider}", get_options);
  route(router, parts, "GET", "/bakery/logs/{region}/{id}", whole_log);
  route(router, parts, "GET", "/bakes/{id}", get);
  route(router, parts, "GET", "/bakes/{id}/log", log_stream);
}

}  // namespace gennaker::api
