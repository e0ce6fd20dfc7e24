#include <fmt/format.h>

#include "base/json.h"
#include "cli/commands.h"

namespace gennaker::cli {
namespace {

using base::string_or;

std::optional<base::TimePoint> since(const json::object& lock) {
  const auto millis = base::whole_number(lock, "since");
  if (!millis) return std::nullopt;
  return base::from_millis(*millis);
}

}  // namespace

Async<int> list_locks(Context& context) {
  std::string look_up = "/clusterLocks";
  const json::array list = co_await context.gate.get_array(std::move(look_up));
  Table table({"ACCOUNT", "REGION", "CLUSTER", "SINCE", "HELD BY"});
  std::vector<std::string> places;
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    const json::object& lock = item.as_object();
    const std::string account = string_or(lock, "account", ""), region = string_or(lock, "region", ""),
                      cluster = string_or(lock, "cluster", "");
    // As `lock break` takes them.
    places.push_back(fmt::format("{} {} {}", account, region, cluster));
    table.add({account, region, cluster, time_text(since(lock)), string_or(lock, "description", "-")});
  }
  print_list(context, list, table, places);
  co_return done;
}

Async<int> break_lock(Context& context, LockBreak what) {
  std::string method = "DELETE";
  auto target = path({"/clusterLocks/", what.account, "/", what.region, "/", what.cluster}) +
                "?reason=" + net::percent_encode(what.reason);
  const json::value answer = co_await context.gate.call(std::move(method), std::move(target));
  if (context.format == Format::json) {
    print_json(context, answer);
    co_return done;
  }
  const std::string holder = answer.is_object() ? string_or(answer.as_object(), "description", "") : "";
  say(context, fmt::format("The lock of {} in {}/{} was taken from {}.", what.cluster, what.account,
                           what.region, holder.empty() ? "its holder" : holder));
  co_return done;
}

}  // namespace gennaker::cli
