#include "clusters/cluster_locks.h"

#include "api/respond.h"

namespace gennaker::api {
namespace {

json::object lock_json(const clusters::LockHolder& holder) {
  json::array waiting;
  for (const runner::StageRun& run : holder.waiting) {
    waiting.push_back(json::object{{"executionId", run.execution_id}, {"stageId", run.stage_id}});
  }
  return {{"account", holder.place.account},   {"region", holder.place.region},
          {"cluster", holder.place.cluster},   {"executionId", holder.execution_id},
          {"stageId", holder.stage_id},        {"since", base::to_millis(holder.since)},
          {"description", holder.description}, {"waiting", std::move(waiting)}};
}

Async<Response> list(const Parts& parts, Request) {
  const std::vector<clusters::LockHolder> held = co_await parts.locks.held();
  json::array locks;
  for (const clusters::LockHolder& holder : held) locks.push_back(lock_json(holder));
  co_return respond(locks);
}

/// A person knows better: the holder hangs, or must be overtaken.
Async<Response> take_away(const Parts& parts, Request request) {
  const std::string reason = request.query.get_or("reason", "");
  if (reason.empty()) {
    throw base::Error(base::Kind::invalid, "reason: say why the lock is taken away", {{"field", "reason"}});
  }
  clusters::Place place{request.parameter("account"), request.parameter("region"),
                        request.parameter("cluster")};
  auto taking = parts.locks.take_away(std::move(place), user_of(request), reason);
  const clusters::LockHolder holder = co_await std::move(taking);
  co_return respond(lock_json(holder));
}

}  // namespace

void add_cluster_locks(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/clusterLocks", list);
  route(router, parts, "DELETE", "/clusterLocks/{account}/{region}/{cluster}", take_away);
}

}  // namespace gennaker::api
