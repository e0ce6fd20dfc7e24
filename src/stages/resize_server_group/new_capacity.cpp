#include "stages/resize_server_group/new_capacity.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using model::Capacity;
using Action = Resize::Action;

Action read_action(const json::object& context, std::optional<FieldProblem>& problem) {
  const std::string word = base::string_or(context, "action", "");
  if (word.empty() || word == "scale_exact") return Action::exact;
  if (word == "scale_up") return Action::up;
  if (word == "scale_down") return Action::down;
  if (word == "scale_to_cluster") return Action::to_cluster;
  if (word == "scale_to_server_group") return Action::to_server_group;
  problem =
      FieldProblem{"action", fmt::format("'{}' is not known; there are: scale_exact, scale_up, scale_down, "
                                         "scale_to_cluster, scale_to_server_group",
                                         word)};
  return Action::exact;
}

std::optional<int> read_number(const json::object& context, std::string_view field,
                               std::optional<FieldProblem>& problem) {
  const auto* value = base::find(context, field);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = base::whole_number(*value);
  if (number && *number >= 0 && *number <= 100'000) return static_cast<int>(*number);
  if (!problem) {
    problem = FieldProblem{std::string(field), fmt::format("a whole number, 0 or more, is needed, not {}",
                                                           base::to_text(*value))};
  }
  return std::nullopt;
}

/// ceil(value * percent / 100)
int part(int value, int percent) {
  return static_cast<int>((static_cast<std::int64_t>(value) * percent + 99) / 100);
}

Capacity exact(const PartialCapacity& wanted, const Capacity& current) {
  Capacity result;
  const int desired = wanted.desired.value_or(current.desired);
  result.min = wanted.min.value_or(wanted.desired ? std::min(current.min, desired) : current.min);
  result.max = wanted.max.value_or(wanted.desired ? std::max(current.max, desired) : current.max);
  // What was not given makes room for what was.
  if (result.min > result.max) (wanted.min ? result.max : result.min) = wanted.min ? result.min : result.max;
  result.desired = std::clamp(desired, result.min, result.max);
  return result;
}

Capacity changed(const Resize& resize, const Capacity& current, int sign) {
  const auto change = [&](int value) {
    const int step = resize.number ? *resize.number : part(value, resize.percent.value_or(0));
    return std::max(0, value + sign * step);
  };
  return {.min = change(current.min), .max = change(current.max), .desired = change(current.desired)};
}

Capacity largest(const clusters::ServerGroups& cluster, const Capacity& current) {
  Capacity result = current;
  for (const model::ServerGroup* group : cluster) {
    result.min = std::max(result.min, group->capacity.min);
    result.max = std::max(result.max, group->capacity.max);
    result.desired = std::max(result.desired, group->capacity.desired);
  }
  return result;
}

Capacity to_percent(const Resize& resize, Capacity capacity) {
  if (!resize.percent) return capacity;
  capacity.desired = part(capacity.desired, *resize.percent);
  capacity.min = std::min(capacity.min, capacity.desired);
  capacity.max = std::max(capacity.max, capacity.desired);
  return capacity;
}

Capacity by_action(const Resize& resize, const Capacity& current, const clusters::ServerGroups& cluster,
                   const Capacity& source) {
  switch (resize.action) {
    case Action::exact:
      return exact(resize.capacity, current);
    case Action::up:
      return changed(resize, current, 1);
    case Action::down:
      return changed(resize, current, -1);
    case Action::to_cluster: {
      Capacity result = largest(cluster, current);
      result.desired = std::min(result.max, result.desired + resize.number.value_or(0));
      return to_percent(resize, result);
    }
    case Action::to_server_group:
      return to_percent(resize, source);
  }
  return current;
}

}  // namespace

Resize read_resize(const json::object& context, std::optional<FieldProblem>& problem) {
  Resize resize;
  resize.action = read_action(context, problem);
  resize.capacity = read_partial_capacity(context, "capacity", problem);
  resize.percent = read_number(context, "scalePct", problem);
  resize.number = read_number(context, "scaleNum", problem);
  resize.pin = base::bool_or(context, "pinCapacity", false);
  resize.pin_min = base::bool_or(context, "pinMinimumCapacity", false);
  if (base::bool_or(context, "unpinMinimumCapacity", false))
    resize.unpin_min = read_partial_capacity(context, "savedCapacity", problem).min;
  if (problem) return resize;
  const bool changes = resize.action == Action::up || resize.action == Action::down;
  if (resize.action == Action::exact && resize.capacity.empty()) {
    problem = FieldProblem{"capacity", "at least one of min, max and desired is needed"};
  } else if (changes && !resize.percent && !resize.number) {
    problem = FieldProblem{"scaleNum", "a number is needed, or `scalePct`"};
  }
  const PartialCapacity& wanted = resize.capacity;
  if (!problem && wanted.min && wanted.max && *wanted.min > *wanted.max) {
    problem = FieldProblem{"capacity.min", fmt::format("{} is more than max {}", *wanted.min, *wanted.max)};
  }
  return resize;
}

Capacity new_capacity(const Resize& resize, const Capacity& current, const clusters::ServerGroups& cluster,
                      const Capacity& source) {
  Capacity result = by_action(resize, current, cluster, source);
  if (resize.pin) {
    result.min = result.max = result.desired;
  } else if (resize.pin_min) {
    result.min = result.desired;
  } else if (resize.unpin_min) {
    result.min = std::min(result.min, *resize.unpin_min);
  }
  return result;
}

}  // namespace gennaker::stages
