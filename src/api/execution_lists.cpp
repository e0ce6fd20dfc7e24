#include <algorithm>

#include "api/execution_view.h"
#include "api/respond.h"
#include "base/text.h"

namespace gennaker::api {
namespace {

using model::Detail;
using model::Execution;

/// The lists show what started within two weeks, and at least so many of a pipeline that was quiet.
constexpr std::chrono::days recent{14};
constexpr std::size_t at_least = 2;

Detail detail_of(const Request& request, bool expand_by_default) {
  return request.query.flag("expand", expand_by_default) ? Detail::full : Detail::outline;
}

/// The latest of one configuration. Newest first.
Async<std::vector<Execution>> latest_of(const Parts& parts, std::string config_id,
                                        std::vector<model::Status> statuses, std::size_t limit,
                                        Detail detail) {
  store::ExecutionQuery query;
  query.type = model::ExecutionType::pipeline;
  query.pipeline_config_ids = {std::move(config_id)};
  query.statuses = std::move(statuses);
  query.limit = limit;
  std::vector<Execution> found = co_await parts.store.executions(std::move(query), detail);
  const base::TimePoint oldest = parts.clock.now() - recent;
  const auto old = [&](const Execution& execution) {
    return execution.start_time && *execution.start_time < oldest;
  };
  const bool all_old = std::all_of(found.begin(), found.end(), old);
  if (all_old) {
    if (found.size() > at_least) found.resize(at_least);
  } else {
    std::erase_if(found, old);
  }
  co_return found;
}

void sort_by_start(std::vector<Execution>& executions) {
  std::sort(executions.begin(), executions.end(), [](const Execution& a, const Execution& b) {
    const auto left = a.start_time.value_or(base::TimePoint{}),
               right = b.start_time.value_or(base::TimePoint{});
    return left != right ? left < right : a.id > b.id;
  });
}

Async<Response> show(const Parts& parts, std::vector<std::string> config_ids, Request request,
                     std::int64_t usual_limit) {
  const Detail detail = detail_of(request, true);
  const auto limit = static_cast<std::size_t>(request.query.number("limit", usual_limit, 0, 10'000));
  const std::vector<model::Status> statuses = statuses_of(request);
  std::vector<Execution> all;
  for (const std::string& id : config_ids) {
    if (limit == 0) break;
    std::vector<Execution> found = co_await latest_of(parts, id, statuses, limit, detail);
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  sort_by_start(all);
  std::string list = co_await execution_list(parts.store, std::move(all), detail);
  co_return respond_text(std::move(list));
}

Async<Response> of_application(const Parts& parts, Request request) {
  const std::vector<json::object> configs =
      co_await parts.configurations.list(request.parameter("application"));
  const std::string wanted = base::lower_case(request.query.get_or("pipelineNameFilter", ""));
  const auto most = static_cast<std::size_t>(request.query.number("pipelineLimit", 1'000'000, 0, 1'000'000));
  std::vector<std::string> ids;
  for (const json::object& config : configs) {
    if (ids.size() >= most) break;
    if (base::lower_case(base::string_or(config, "name", "")).find(wanted) == std::string::npos) continue;
    ids.push_back(base::string_or(config, "id", ""));
  }
  co_return co_await show(parts, std::move(ids), std::move(request), 10);
}

Async<Response> by_ids(const Parts& parts, Request request) {
  const std::vector<std::string> ids = request.query.list("executionIds");
  const std::vector<std::string> config_ids = request.query.list("pipelineConfigIds");
  if (!ids.empty() && !config_ids.empty()) {
    throw base::Error(base::Kind::invalid, "give executionIds or pipelineConfigIds, not both",
                      {{"field", "executionIds"}});
  }
  if (ids.empty()) co_return co_await show(parts, config_ids, std::move(request), 1);
  const Detail detail = detail_of(request, true);
  std::vector<Execution> found;
  for (const std::string& id : ids) {
    std::optional<Execution> execution = co_await parts.store.execution(id);
    if (execution) found.push_back(std::move(*execution));
  }
  std::string list = co_await execution_list(parts.store, std::move(found), detail);
  co_return respond_text(std::move(list));
}

bool has_trigger_type(const Execution& execution, const std::vector<std::string>& types) {
  if (types.empty() || (types.size() == 1 && types.front() == "*")) return true;
  return std::find(types.begin(), types.end(), base::string_or(execution.trigger, "type", "")) != types.end();
}

Async<Response> search(const Parts& parts, Request request) {
  const std::string application = request.parameter("application");
  const std::string name = request.query.get_or("pipelineName", "");
  const std::string event_id = request.query.get_or("eventId", "");
  const std::vector<std::string> types = request.query.list("triggerTypes");
  const auto start = static_cast<std::size_t>(request.query.number("startIndex", 0, 0, 1'000'000'000));
  const auto size = static_cast<std::size_t>(request.query.number("size", 10, 1, 10'000));
  const Detail detail = detail_of(request, false);
  store::ExecutionQuery query;
  query.type = model::ExecutionType::pipeline;
  if (application != "*") query.application = base::lower_case(application);
  query.statuses = statuses_of(request);
  query.oldest_first = request.query.flag("reverse", false);
  constexpr std::int64_t ever = 253'402'300'799'999;  // the end of the year 9999
  query.built_from = base::from_millis(request.query.number("triggerTimeStartBoundary", 0, 0, INT64_MAX));
  query.built_to =
      base::from_millis(std::min(request.query.number("triggerTimeEndBoundary", ever, 0, INT64_MAX), ever));
  query.limit = 200;

  std::vector<Execution> matches;
  std::size_t skipped = 0;
  for (bool more = true; more && matches.size() < size; query.offset += query.limit) {
    std::vector<Execution> page = co_await parts.store.executions(query, detail);
    more = page.size() == query.limit;
    for (Execution& execution : page) {
      if (!name.empty() && application != "*" && execution.name != name) continue;
      if (!event_id.empty() && base::string_or(execution.trigger, "eventId", "") != event_id) continue;
      if (!has_trigger_type(execution, types)) continue;
      if (skipped < start) {
        ++skipped;
      } else if (matches.size() < size) {
        matches.push_back(std::move(execution));
      }
    }
  }
  std::string list = co_await execution_list(parts.store, std::move(matches), detail);
  co_return respond_text(std::move(list));
}

}  // namespace

void add_execution_lists(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/applications/{application}/pipelines", of_application);
  route(router, parts, "GET", "/applications/{application}/executions/search", search);
  route(router, parts, "GET", "/executions", by_ids);
}

}  // namespace gennaker::api
