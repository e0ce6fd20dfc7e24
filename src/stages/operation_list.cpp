#include "stages/operation_list.h"

#include <fmt/format.h>

#include "base/json.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

// A stage may have several lists, of different kinds.
std::string items_field(std::string_view kind) {
  return fmt::format("operationItems.{}", kind);
}

std::string done_field(std::string_view kind) {
  return fmt::format("operationItemsDone.{}", kind);
}

std::size_t done_count(const json::object& own, std::string_view kind) {
  return static_cast<std::size_t>(base::whole_number(own, done_field(kind)).value_or(0));
}

json::object item_at(const json::object& own, std::string_view kind, std::size_t index) {
  return base::find_array(own, items_field(kind))->at(index).as_object();
}

std::string key_of(const runner::TaskContext& context, std::size_t index) {
  return context.key(fmt::format("{}", index));
}

}  // namespace

json::object OperationList::target(const json::object& item, const json::object& answer) const {
  json::object told = item;
  base::merge_into(told, answer);
  return told;
}

base::Async<runner::TaskResult> OperationList::run(runner::TaskContext context) {
  const json::object& own = context.stage().context;
  const std::string account = account_of(own);
  if (const auto cluster = place(context)) {
    auto locking = wait_for_lock(infrastructure_, context, *cluster);
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
  }
  if (const auto* items = base::find_array(own, items_field(kind()))) {
    const std::size_t next = done_count(own, kind());
    if (next >= items->size()) co_return runner::succeeded();
    co_return runner::operate(operation(key_of(context, next), context, item_at(own, kind(), next)));
  }
  infrastructure_.clouds.expect_can(account, kind());
  auto reading = infrastructure_.clouds.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  Decision decision = decide(context, *snapshot);
  json::object kept = std::move(decision.context);
  kept[items_field(kind())] = std::move(decision.items);
  kept[done_field(kind())] = 0;
  co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(kept));
}

runner::TaskResult OperationList::operated(const runner::TaskContext& context, const json::object& answer) {
  const json::object& own = context.stage().context;
  const std::size_t next = done_count(own, kind()), all = base::find_array(own, items_field(kind()))->size();
  json::object results = operation_results(context, kind(), account_of(own), key_of(context, next), answer);
  json::array targets;
  if (const auto* before = base::find_array(own, "targets"); before != nullptr && next > 0) targets = *before;
  targets.push_back(target(item_at(own, kind(), next), answer));
  results["targets"] = targets;
  results[done_field(kind())] = next + 1;
  if (next + 1 < all) {
    return runner::again(
        {.after = std::chrono::milliseconds(0), .waiting_for = fmt::format("{} of {} done", next + 1, all)},
        std::move(results));
  }
  return runner::succeeded(std::move(results), {{"targets", std::move(targets)}});
}

}  // namespace gennaker::stages
