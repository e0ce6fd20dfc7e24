#include <fmt/format.h>

#include "api/respond.h"

namespace gennaker::api {
namespace {

/// What is saved under `pipeline`, a name or an id, or what the body brings along.
Async<json::object> config_of(const Parts& parts, json::object body) {
  if (const auto* given = base::find_object(body, "config")) {
    json::object config = *given;
    if (base::string_or(config, "application", "").empty())
      throw base::Error(base::Kind::invalid, "config.application: a pipeline needs one",
                        {{"field", "config.application"}});
    co_return config;
  }
  const std::string application = base::string_or(body, "application", "");
  const std::string pipeline = base::string_or(body, "pipeline", "");
  for (const std::string_view field : {"application", "pipeline"}) {
    if (!base::string_or(body, field, "").empty()) continue;
    throw base::Error(base::Kind::invalid,
                      fmt::format("{}: a text is needed, or `config` with the whole pipeline", field),
                      {{"field", field}});
  }
  std::optional<json::object> saved = co_await parts.configurations.find(application, pipeline);
  if (saved) co_return std::move(*saved);
  throw base::Error(base::Kind::not_found,
                    fmt::format("Pipeline configuration not found (nameOrId: {} in application {})", pipeline,
                                application));
}

/// {application, pipeline} or {config}; parameters, artifacts, trigger. See docs/planning.md.
Async<Response> plan(const Parts& parts, Request request) {
  json::object body = body_of(request);
  rehearsal::PlanRequest wanted{.user = user_of(request)};
  if (const auto* trigger = base::find_object(body, "trigger")) wanted.trigger = *trigger;
  for (const std::string_view member : {"parameters", "artifacts"}) {
    if (const auto* given = body.if_contains(member)) wanted.trigger[member] = *given;
  }
  wanted.config = co_await config_of(parts, std::move(body));
  auto planning = parts.planner.plan(std::move(wanted));
  const json::object answer = co_await std::move(planning);
  co_return respond(answer);
}

}  // namespace

void add_plans(net::Router& router, const Parts& parts) {
  route(router, parts, "POST", "/pipelines/plan", plan);
}

}  // namespace gennaker::api
