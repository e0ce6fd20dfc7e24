#include "rehearsal/expectations.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "clusters/nearest_name.h"
#include "rehearsal/stage_names.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

using Differences = std::vector<Difference>;

std::string status_text(model::Status status) {
  return std::string(model::to_string(status));
}

std::string error_of(const model::Stage& stage) {
  const auto* exception = base::find_object(stage.context, "exception");
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  if (details == nullptr) return "";
  std::vector<std::string> parts;
  const auto add = [&](std::string text) {
    if (!text.empty() && std::find(parts.begin(), parts.end(), text) == parts.end())
      parts.push_back(std::move(text));
  };
  add(base::string_or(*details, "error", ""));
  if (const auto* errors = base::find_array(*details, "errors")) {
    for (const json::value& error : *errors) add(base::plain_text(error));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

/// A text is looked for inside; anything else is compared.
void compare_message(const Wanted& wanted, const std::string& actual, const std::string& file,
                     Differences& differences) {
  const json::value value(actual);
  const json::value* found = actual.empty() ? nullptr : &value;
  const bool plain = wanted.value.sort == Located::Sort::scalar && !wanted.value.is_word("absent") &&
                     !wanted.value.is_word("present");
  if (!plain) return compare(wanted.value, found, file, wanted.path, differences);
  if (actual.find(wanted.value.text) != std::string::npos && found != nullptr) return;
  differences.push_back({{file, wanted.value.line},
                         wanted.path,
                         fmt::format("a text that contains \"{}\"", wanted.value.text),
                         found ? actual : "there is none"});
}

void compare_status(const StatusWanted& wanted, model::Status actual, const std::string& path,
                    const std::string& why, Differences& differences) {
  if (wanted.status == actual) return;
  differences.push_back(
      {wanted.place, path, status_text(wanted.status),
       why.empty() ? status_text(actual) : fmt::format("{}: {}", status_text(actual), why)});
}

std::string shown(const DurationRange& range) {
  if (range.least == range.most) return to_text(range.least);
  if (range.most == milliseconds::max()) return "at least " + to_text(range.least);
  if (range.least.count() == 0) return "at most " + to_text(range.most);
  return fmt::format("{} to {}", to_text(range.least), to_text(range.most));
}

void compare_duration(const DurationRange& wanted, std::optional<base::TimePoint> from,
                      std::optional<base::TimePoint> to, const std::string& path, Differences& differences) {
  const auto actual = from && to ? std::optional(*to - *from) : std::nullopt;
  if (actual && *actual >= wanted.least && *actual <= wanted.most) return;
  differences.push_back(
      {wanted.place, path, shown(wanted), actual ? to_text(*actual) : "it never came to that"});
}

/// Checks one execution; its expectations stand in one file.
class ExecutionCheck {
 public:
  ExecutionCheck(const model::Execution& execution, const Outcome& outcome, const std::string& file,
                 Differences& differences)
      : execution_(execution), outcome_(outcome), file_(file), differences_(differences) {}

  void stages(const std::vector<StageWanted>& all) {
    for (const StageWanted& wanted : all) stage(wanted);
  }

  void order(const OrderWanted& wanted) {
    const model::Stage* before = nullptr;
    for (const std::string& name : wanted.stages) {
      const model::Stage* next = only(name, wanted.place, "order");
      if (next == nullptr) return;
      if (!next->start_time) return add(wanted.place, "order", name + " starts", name + " never started");
      if (before != nullptr && !started_before(*before, *next)) {
        return add(wanted.place, "order", fmt::format("{} starts before {}", before->name, next->name),
                   started_order());
      }
      before = next;
    }
  }

 private:
  void add(const Place& place, std::string what, std::string expected, std::string actual) {
    differences_.push_back({place, std::move(what), std::move(expected), std::move(actual)});
  }

  const model::Stage* only(const std::string& name, const Place& place, const std::string& path) {
    const auto found = stages_called(execution_, name);
    if (found.size() == 1) return found.front();
    if (found.empty()) {
      add(place, path, fmt::format("a stage '{}'", name),
          "there is none" + clusters::suggestion(name, names()));
    } else {
      std::vector<std::string> refs;
      for (const model::Stage* stage : found) refs.push_back(stage->ref_id);
      add(place, path, fmt::format("one stage '{}'", name),
          fmt::format("{} are called so; name one by its refId: {}", found.size(), fmt::join(refs, ", ")));
    }
    return nullptr;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const model::Stage& stage : execution_.stages) names.push_back(path_of(execution_, stage));
    return names;
  }

  void stage(const StageWanted& wanted) {
    if (wanted.absent) {
      if (const auto found = stages_called(execution_, wanted.name); !found.empty())
        add(wanted.place, wanted.path, "absent",
            fmt::format("it is there, {}", status_text(found.front()->status)));
      return;
    }
    const model::Stage* stage = only(wanted.name, wanted.place, wanted.path);
    if (stage == nullptr) return;
    if (wanted.status)
      compare_status(*wanted.status, stage->status, wanted.path + ".status", error_of(*stage), differences_);
    const json::value type(stage->type);
    if (wanted.type) compare(wanted.type->value, &type, file_, wanted.type->path, differences_);
    compare_object(wanted.context, stage->context);
    compare_object(wanted.outputs, stage->outputs);
    if (wanted.error) compare_message(*wanted.error, error_of(*stage), file_, differences_);
    if (wanted.tasks) compare_object(wanted.tasks, tasks_of(*stage));
    if (wanted.started)
      compare_duration(*wanted.started, execution_.start_time, stage->start_time, wanted.path + ".started",
                       differences_);
    if (wanted.elapsed)
      compare_duration(*wanted.elapsed, stage->start_time, stage->end_time, wanted.path + ".elapsed",
                       differences_);
    if (wanted.runs_after) runs_after(*stage, *wanted.runs_after, wanted.path + ".runsAfter");
  }

  void compare_object(const std::optional<Wanted>& wanted, const json::object& actual) {
    if (!wanted) return;
    for (const auto& member : wanted->value.members) {
      compare(member.value, actual.if_contains(member.key), file_,
              fmt::format("{}.{}", wanted->path, member.key), differences_);
    }
  }

  static json::object tasks_of(const model::Stage& stage) {
    json::object tasks;
    for (const model::Task& task : stage.tasks) tasks[task.name] = model::to_string(task.status);
    return tasks;
  }

  void runs_after(const model::Stage& stage, const StageWanted::After& wanted, const std::string& path) {
    for (const std::string& name : wanted.stages) {
      const model::Stage* earlier = only(name, wanted.place, path);
      if (earlier == nullptr || ended_before(*earlier, stage)) continue;
      add(wanted.place, path, fmt::format("'{}' starts when '{}' has ended", stage.name, name),
          stage.start_time ? "it started before" : "it never started");
    }
  }

  /// Of what starts in the same moment, the one whose tasks look first.
  bool started_before(const model::Stage& a, const model::Stage& b) const {
    if (a.start_time != b.start_time) return a.start_time < b.start_time;
    const auto left = outcome_.looks.find(a.id), right = outcome_.looks.find(b.id);
    if (left == outcome_.looks.end() || right == outcome_.looks.end())
      return true;  // skipped: nobody can tell
    return left->second.first < right->second.first;
  }

  bool ended_before(const model::Stage& earlier, const model::Stage& later) const {
    if (!earlier.end_time || !later.start_time || *earlier.end_time > *later.start_time) return false;
    const auto left = outcome_.looks.find(earlier.id), right = outcome_.looks.find(later.id);
    if (left == outcome_.looks.end() || right == outcome_.looks.end()) return true;
    return left->second.last < right->second.first;
  }

  std::string started_order() const {
    std::vector<const model::Stage*> started;
    for (const model::Stage& stage : execution_.stages) {
      if (stage.start_time && !stage.synthetic()) started.push_back(&stage);
    }
    std::stable_sort(started.begin(), started.end(), [&](const model::Stage* a, const model::Stage* b) {
      if (a->start_time != b->start_time) return a->start_time < b->start_time;
      const auto left = outcome_.looks.find(a->id), right = outcome_.looks.find(b->id);
      if (left == outcome_.looks.end() || right == outcome_.looks.end()) return false;
      return left->second.first < right->second.first;
    });
    std::vector<std::string> names;
    for (const model::Stage* stage : started) names.push_back(stage->name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const model::Execution& execution_;
  const Outcome& outcome_;
  const std::string& file_;
  Differences& differences_;
};

std::string stage_name(const Outcome& outcome, const Asker& asker) {
  for (const model::Execution& execution : outcome.executions) {
    if (execution.id != asker.execution_id) continue;
    const model::Stage* stage = execution.find_stage(asker.stage_id);
    return stage == nullptr ? "" : path_of(execution, *stage);
  }
  return "";
}

/// "Deploy" means "Deploy > Create server group" too.
bool within(const std::string& path, const std::string& name) {
  return path == name || path.starts_with(name + " > ") || path.ends_with(" > " + name);
}

json::object to_json(const Performed& one, const std::string& stage) {
  json::object value{{"kind", one.operation.kind},
                     {"account", one.operation.account},
                     {"stage", stage},
                     {"what", one.operation.what}};
  if (!one.failure.empty()) value["failure"] = one.failure;
  return value;
}

json::object to_json(const Called& one) {
  json::object value{{"method", one.request.method}, {"url", one.request.url}};
  json::object headers;
  for (const auto& [name, text] : one.request.headers) headers[name] = text;
  value["headers"] = std::move(headers);
  if (!one.request.body.empty()) {
    try {
      value["body"] = base::parse_json(one.request.body, "the body");
    } catch (const std::exception&) {
      value["body"] = one.request.body;
    }
  }
  if (one.status != 0) value["status"] = one.status;
  return value;
}

/// As compare, but a `stage` may name one that stands around it, and a `url` may hold `*`.
bool item_agrees(const Located& wanted, const json::object& actual) {
  return std::all_of(wanted.members.begin(), wanted.members.end(), [&](const auto& member) {
    const json::value* value = actual.if_contains(member.key);
    if (value != nullptr && member.value.is_text()) {
      if (member.key == "stage") return within(base::plain_text(*value), member.value.text);
      if (member.key == "url") return like(member.value.text, base::plain_text(*value));
    }
    return agrees(member.value, value);
  });
}

std::string listed(const std::vector<json::object>& all) {
  if (all.empty()) return "there was none";
  std::string text;
  for (const json::object& one : all) text += "\n      " + rehearsal::shown(json::value(one));
  return text;
}

/// Each thing is used for one of what was wanted.
void compare_in_any_order(const ListWanted& wanted, std::vector<json::object> actual, const std::string& file,
                          Differences& differences) {
  for (std::size_t i = 0; i < wanted.items.size(); ++i) {
    const Located& item = wanted.items[i];
    const auto found = std::find_if(actual.begin(), actual.end(),
                                    [&](const json::object& one) { return item_agrees(item, one); });
    if (found == actual.end()) {
      differences.push_back(
          {{file, item.line}, fmt::format("{}[{}]", wanted.path, i), rehearsal::shown(item), listed(actual)});
      return;
    }
    actual.erase(found);
  }
}

void compare_list(const ListWanted& wanted, const std::vector<json::object>& actual, const std::string& file,
                  Differences& differences) {
  if (wanted.any_order) return compare_in_any_order(wanted, actual, file, differences);
  if (wanted.exactly && wanted.items.size() != actual.size()) {
    differences.push_back({wanted.place, wanted.path, fmt::format("{} in all", wanted.items.size()),
                           fmt::format("{}: {}", actual.size(), listed(actual))});
    return;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < wanted.items.size(); ++i) {
    const Located& item = wanted.items[i];
    const std::size_t from = next;
    while (next < actual.size() && !item_agrees(item, actual[next]) && !wanted.exactly) ++next;
    const bool fine = next < actual.size() && item_agrees(item, actual[next]);
    ++next;
    if (fine) continue;
    const std::vector<json::object> rest(
        actual.begin() + static_cast<std::ptrdiff_t>(std::min(from, actual.size())), actual.end());
    differences.push_back({{file, item.line},
                           fmt::format("{}[{}]", wanted.path, i),
                           rehearsal::shown(item),
                           (from == 0 ? "" : "after those that agree: ") + listed(rest)});
    return;
  }
}

void check_children(const std::vector<ChildWanted>& wanted, const PipelineTest& test, const Outcome& outcome,
                    Differences& differences) {
  const std::size_t children = outcome.executions.size() - 1;
  if (children != wanted.size()) {
    std::vector<std::string> names;
    for (std::size_t i = 1; i < outcome.executions.size(); ++i) names.push_back(outcome.executions[i].name);
    differences.push_back(
        {test.expect.children_place, "children", fmt::format("{} executions", wanted.size()),
         fmt::format("{}{}{}", children, names.empty() ? "" : ": ", fmt::join(names, ", "))});
    return;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ChildWanted& one = wanted[i];
    const model::Execution& child = outcome.executions[i + 1];
    if (!one.pipeline.empty() && one.pipeline != child.name)
      differences.push_back({one.place, one.path + ".pipeline", one.pipeline, child.name});
    if (one.status)
      compare_status(*one.status, child.status, one.path + ".status", errors_of(child), differences);
    if (one.parameters) {
      compare(one.parameters->value, child.trigger.if_contains("parameters"), test.place.file,
              one.parameters->path, differences);
    }
    ExecutionCheck(child, outcome, test.place.file, differences).stages(one.stages);
  }
}

json::object to_json(const model::ServerGroup& group) {
  const auto healthy =
      std::count_if(group.instances.begin(), group.instances.end(), [](const auto& instance) {
        return instance.state == model::HealthState::up ||
               instance.state == model::HealthState::out_of_service;
      });
  json::array balancers;
  for (const std::string& name : group.load_balancers) balancers.push_back(json::value(name));
  return {{"account", group.account},
          {"region", group.region},
          {"disabled", group.disabled},
          {"instances", group.instances.size()},
          {"healthy", healthy},
          {"image", group.image_id},
          {"version", group.version},
          {"loadBalancers", std::move(balancers)},
          {"capacity",
           {{"min", group.capacity.min}, {"max", group.capacity.max}, {"desired", group.capacity.desired}}},
          {"settings", group.launch_config}};
}

json::object to_json(const model::LoadBalancer& balancer) {
  return {{"account", balancer.account}, {"region", balancer.region}, {"settings", balancer.extra}};
}

json::object to_json(const model::Image& image) {
  return {{"id", image.id}, {"account", image.account}, {"region", image.region}, {"version", image.version}};
}

struct Found {
  std::vector<json::object> called_so;
  std::vector<std::string> names;
};

template <class Thing>
void look_for(const std::string& name, const base::SharedList<Thing>& things, Found& found) {
  for (const Thing& thing : things) {
    found.names.push_back(thing.name);
    if (thing.name == name) found.called_so.push_back(to_json(thing));
  }
}

void check_thing(const ThingWanted& wanted, const Outcome& outcome, const std::string& file,
                 Differences& differences) {
  Found found;
  for (const clusters::Snapshot& cloud : outcome.clouds) {
    if (wanted.kind == "serverGroups") look_for(wanted.name, cloud.server_groups, found);
    if (wanted.kind == "loadBalancers") look_for(wanted.name, cloud.load_balancers, found);
    if (wanted.kind == "images") look_for(wanted.name, cloud.images, found);
  }
  if (wanted.absent || found.called_so.empty()) {
    if (wanted.absent == found.called_so.empty()) return;
    differences.push_back(
        {wanted.place, wanted.path, wanted.absent ? "absent" : "it is there",
         wanted.absent ? "it is there" : "it is not there" + clusters::suggestion(wanted.name, found.names)});
    return;
  }
  if (!wanted.like) return;
  // The same name may stand in several regions: one of them must agree.
  Differences first;
  for (const json::object& one : found.called_so) {
    Differences here;
    const json::value value(one);
    compare(wanted.like->value, &value, file, wanted.like->path, here);
    if (here.empty()) return;
    if (first.empty()) first = std::move(here);
  }
  differences.insert(differences.end(), first.begin(), first.end());
}

void check_lists(const Expectations& expect, const Outcome& outcome, const std::string& file,
                 Differences& differences) {
  if (expect.operations) {
    std::vector<json::object> all;
    for (const Performed& one : outcome.performed) all.push_back(to_json(one, stage_name(outcome, one.by)));
    compare_list(*expect.operations, all, file, differences);
  }
  if (!expect.calls) return;
  std::vector<json::object> all;
  for (const Called& one : outcome.called) all.push_back(to_json(one));
  compare_list(*expect.calls, all, file, differences);
}

void check_refusal(const PipelineTest& test, const Outcome& outcome, Differences& differences) {
  if (test.expect.refused) {
    compare_message(*test.expect.refused, outcome.refused, test.place.file, differences);
  } else {
    differences.push_back({test.place, "the start was refused: " + outcome.refused, "", ""});
  }
}

}  // namespace

std::string errors_of(const model::Execution& execution) {
  std::vector<std::string> errors;
  for (const model::Stage& stage : execution.stages) {
    const std::string error = error_of(stage);
    if (!error.empty()) errors.push_back(fmt::format("stage '{}': {}", path_of(execution, stage), error));
  }
  if (!execution.cancellation_reason.empty()) errors.push_back(execution.cancellation_reason);
  return fmt::format("{}", fmt::join(errors, "; "));
}

std::string waited_for(const std::vector<model::Execution>& executions) {
  std::vector<std::string> waiting;
  for (const model::Execution& execution : executions) {
    if (model::is_complete(execution.status)) continue;
    for (const model::Stage& stage : execution.stages) {
      if (stage.status != model::Status::running && stage.status != model::Status::paused) continue;
      const std::string what = base::string_or(stage.context, "waitingFor", status_text(stage.status));
      const bool running_task =
          std::any_of(stage.tasks.begin(), stage.tasks.end(), [](const model::Task& task) {
            return task.status == model::Status::running || task.status == model::Status::paused;
          });
      if (running_task) waiting.push_back(fmt::format("stage '{}' ({})", path_of(execution, stage), what));
    }
    if (waiting.empty())
      waiting.push_back(fmt::format("execution of '{}' ({})", execution.name, status_text(execution.status)));
  }
  return fmt::format("{}", fmt::join(waiting, ", "));
}

std::vector<Difference> unmet(const PipelineTest& test, const Outcome& outcome) {
  Differences differences;
  const Expectations& expect = test.expect;
  const std::string& file = test.place.file;
  if (expect.refused || !outcome.refused.empty()) {
    check_refusal(test, outcome, differences);
    return differences;
  }
  const model::Execution& execution = outcome.executions.front();
  const StatusWanted status = expect.status.value_or(StatusWanted{test.place, model::Status::succeeded});
  compare_status(status, execution.status, "status", errors_of(execution), differences);
  if (expect.message) compare_message(*expect.message, errors_of(execution), file, differences);
  if (expect.elapsed)
    compare_duration(*expect.elapsed, execution.start_time, execution.end_time, "elapsed", differences);
  ExecutionCheck check(execution, outcome, file, differences);
  check.stages(expect.stages);
  if (expect.order) check.order(*expect.order);
  check_lists(expect, outcome, file, differences);
  if (expect.children) check_children(*expect.children, test, outcome, differences);
  for (const ThingWanted& thing : expect.things) check_thing(thing, outcome, file, differences);
  return differences;
}

}  // namespace gennaker::rehearsal
