#include "rehearsal/plan.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "clusters/inventory.h"
#include "pipelines/parameters.h"
#include "rehearsal/assumptions.h"
#include "rehearsal/preview.h"
#include "rehearsal/problems.h"

namespace gennaker::rehearsal {

using model::Status;

namespace {

using Level = Problem::Level;

std::string_view outcome_of(Status status) {
  if (status == Status::skipped) return "skipped";
  if (status == Status::not_started) return "not reached";
  if (status == Status::succeeded) return "runs";
  return model::is_complete(status) ? "fails" : "never ends";
}

std::string condition_of(const json::object& stage) {
  const auto* option = base::find_object(stage, "stageEnabled");
  if (option == nullptr || base::string_or(*option, "type", "") != "expression") return "";
  return base::string_or(*option, "expression", "");
}

/// The value at a path such as "clusters[0].imageId"; nullptr: there is none.
const json::value* value_at(const json::object& object, std::string_view path) {
  const json::value* value = nullptr;
  const json::object* in = &object;
  while (!path.empty()) {
    const std::size_t end = path.find_first_of(".[", path.front() == '[' ? 1 : 0);
    std::string_view part = path.substr(0, end);
    path = end == std::string_view::npos ? "" : path.substr(path[end] == '.' ? end + 1 : end);
    if (part.starts_with('[')) {
      const auto* list = value == nullptr ? nullptr : value->if_array();
      const std::size_t index = std::strtoul(std::string(part.substr(1)).c_str(), nullptr, 10);
      if (list == nullptr || index >= list->size()) return nullptr;
      value = &(*list)[index];
    } else {
      if (value != nullptr) in = value->if_object();
      value = in == nullptr ? nullptr : in->if_contains(part);
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

std::string error_of(const model::Stage& stage) {
  const auto* exception = base::find_object(stage.context, "exception");
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  const auto* errors = details ? base::find_array(*details, "errors") : nullptr;
  return errors != nullptr && !errors->empty() ? base::plain_text(errors->front()) : "";
}

json::array as_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.push_back(json::value(text));
  return list;
}

/// One rehearsal and what is told of it.
class Rehearsed {
 public:
  Rehearsed(const Setting& setting, PlanRequest request) : setting_(setting), world_(setting, assumptions_) {
    assumptions_.set_world(&world_);
    world_.each_cloud([](clusters::SimulatedCloud& cloud) {
      cloud.set_image_ids([](const model::Image& image) {
        return fmt::format("{}id of image '{}{}{}'{}", runner::unknown_begin, image.name,
                           image.version.empty() ? "" : " ", image.version, runner::unknown_end);
      });
    });
    config_ = std::move(request.config);
    trigger_ = std::move(request.trigger);
    user_ = std::move(request.user);
    // Another run of the same cause must not be taken for this one.
    trigger_.erase("correlationId");
  }

  /// False: it cannot even start; the problems say why.
  bool run() {
    find_static_problems();
    if (std::any_of(problems_.begin(), problems_.end(), [](const Problem& problem) {
          return problem.stage.empty() && problem.field.starts_with("stages");
        }))
      return false;
    know_all();
    fill_in_parameters();
    try {
      pipelines::StartRequest start{.config = config_, .trigger = trigger_};
      start.by = pipelines::StartedBy::automatically;
      start.user = user_;
      id_ = world_.start(std::move(start));
    } catch (const base::Error& error) {
      add({Level::error, name(), "", base::string_or(error.details(), "field", ""), error.what()});
      return false;
    }
    ended_ = world_.run_until_rest(id_);
    execution_ = *world_.execution(id_);
    return true;
  }

  json::object told() {
    json::object plan = told_of(execution_, config_);
    if (!ended_) add_waiting();
    plan["problems"] = problems_as_json();
    return plan;
  }

  json::object told_without_run() {
    return {{"application", base::string_or(config_, "application", "")},
            {"name", name()},
            {"stages", json::array{}},
            {"problems", problems_as_json()}};
  }

 private:
  std::string name() const { return base::string_or(config_, "name", ""); }

  json::array problems_as_json() const {
    json::array list;
    for (const Problem& problem : problems_) list.push_back(to_json(problem));
    return list;
  }

  void add(Problem problem) {
    if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
      problems_.push_back(std::move(problem));
  }

  std::optional<json::object> find_pipeline(const std::string& application, const std::string& id_or_name) {
    auto finding = world_.configurations().find_referenced(application, id_or_name);
    std::optional<json::object> found = world_.run(std::move(finding));
    if (found) children_.push_back(*found);
    return found;
  }

  void find_static_problems() {
    Surroundings around{
        world_.stages(), {}, [this](const std::string& application, const std::string& wanted) {
          return find_pipeline(application, wanted);
        }};
    world_.each_cloud(
        [&](clusters::SimulatedCloud& cloud) { around.accounts.push_back(cloud.accounts().front().name); });
    const auto* parameters = base::find_object(trigger_, "parameters");
    problems_ = find_problems(config_, parameters ? *parameters : json::object{}, around);
  }

  void know_all() {
    assumptions_.know(config_);
    for (const json::object& child : children_) assumptions_.know(child);
  }

  /// A parameter that is missing or may not be so is told, and the plan goes on.
  void fill_in_parameters() {
    const auto* given = base::find_object(trigger_, "parameters");
    json::object parameters = given ? *given : json::object{};
    if (const auto* declarations = base::find_array(config_, "parameterConfig")) {
      for (const json::value& declaration : *declarations) {
        const auto* declared = declaration.if_object();
        if (declared != nullptr) check_parameter(*declared, parameters);
      }
    }
    trigger_["parameters"] = std::move(parameters);
  }

  void check_parameter(const json::object& declared, json::object& parameters) {
    const json::object alone{{"parameterConfig", json::array{declared}}};
    const std::string parameter = base::string_or(declared, "name", "");
    try {
      pipelines::resolve_parameters(alone, parameters, pipelines::StartedBy::somebody);
    } catch (const base::Error& error) {
      add({Level::error, name(), "", base::string_or(error.details(), "field", "parameters"), error.what()});
      if (!parameters.contains(parameter))
        parameters[parameter] =
            fmt::format("{}parameter '{}'{}", runner::unknown_begin, parameter, runner::unknown_end);
    }
  }

  void add_waiting() {
    bool any = false;
    for (const model::Stage& stage : execution_.stages) {
      if (stage.status != Status::running || stage.tasks.empty()) continue;
      any = true;
      add({Level::error, name(), stage.ref_id, "",
           fmt::format("the stage never ends: it waits for {}",
                       base::string_or(stage.context, "waitingFor", "what never comes"))});
    }
    if (!any) add({Level::error, name(), "", "", "the pipeline never ends"});
  }

  json::object told_of(const model::Execution& execution, const json::object& config) {
    json::array stages;
    for (const model::Stage& stage : execution.stages) {
      if (stage.synthetic()) continue;
      json::object told = told_of(execution, stage);
      tell_expressions(execution, stage, config, told);
      if (const std::string condition = condition_of(stage.context); !condition.empty())
        told["condition"] = condition;
      if (assumptions_.may_run(stage.id)) told["outcome"] = "may run";
      stages.push_back(std::move(told));
    }
    return {{"application", execution.application},
            {"name", execution.name},
            {"pipelineConfigId", execution.pipeline_config_id},
            {"status", model::to_string(execution.status)},
            {"stages", std::move(stages)}};
  }

  /// A stage, with those that it brings along.
  json::object told_of(const model::Execution& execution, const model::Stage& stage) {
    json::object told{{"refId", stage.ref_id},
                      {"name", stage.name},
                      {"type", stage.type},
                      {"outcome", outcome_of(stage.status)}};
    if (!stage.requisites.empty()) told["requisiteStageRefIds"] = as_json(stage.requisites);
    if (stage.start_time && execution.start_time && *stage.start_time > *execution.start_time)
      told["startsAfterMs"] = base::to_millis(*stage.start_time) - base::to_millis(*execution.start_time);
    if (const auto assumed = assumptions_.of_stage(stage.id); !assumed.empty()) {
      told["assumed"] = as_json(assumed);
      // What it will do is as unknown as the field that it was not asked about.
      if (stage.status == Status::skipped) told["outcome"] = "runs";
    }
    if (assumptions_.gave_up_on(stage.id)) told["incomplete"] = true;
    json::array tasks;
    for (const model::Task& task : stage.tasks) tasks.push_back(json::value(task.name));
    told["tasks"] = std::move(tasks);
    told["operations"] = operations_of(execution.id, stage);
    told["before"] = parts_of(execution, stage, model::Owner::before);
    told["after"] = parts_of(execution, stage, model::Owner::after);
    tell_failure(execution, stage, told);
    tell_child(stage, told);
    return told;
  }

  json::array parts_of(const model::Execution& execution, const model::Stage& parent, model::Owner owner) {
    json::array parts;
    for (const model::Stage& stage : execution.stages) {
      if (stage.parent_id == parent.id && stage.owner == owner) parts.push_back(told_of(execution, stage));
    }
    return parts;
  }

  /// The server group that a new one follows, or that is changed, as it is now; nullptr: there is none, or
  /// the plan itself makes it.
  const model::ServerGroup* before(const Performed& one, const model::Stage& stage) const {
    const auto* source = base::find_object(stage.context, "source");
    std::string name = base::string_or(one.operation.what, "serverGroupName", "");
    if (name.empty() && source != nullptr) name = base::string_or(*source, "serverGroupName", "");
    const std::string region = base::string_or(one.operation.what, "region", "");
    for (const AccountState& account : setting_.accounts) {
      if (account.account.name == one.operation.account)
        return clusters::find_server_group(account.holds, region, name);
    }
    return nullptr;
  }

  /// Each once, however often it was tried.
  json::array operations_of(const std::string& execution_id, const model::Stage& stage) const {
    std::vector<const Performed*> last;
    for (const Performed& one : world_.performed()) {
      if (one.by.execution_id != execution_id || one.by.stage_id != stage.id) continue;
      std::erase_if(last, [&](const Performed* other) { return other->operation.key == one.operation.key; });
      last.push_back(&one);
    }
    json::array operations;
    for (const Performed* one : last) {
      json::object operation{
          {"kind", one->operation.kind}, {"account", one->operation.account}, {"what", one->operation.what}};
      if (!one->failure.empty()) operation["refused"] = one->failure;
      if (has_preview(one->operation)) operation["preview"] = preview_of(one->operation, before(*one, stage));
      operations.push_back(std::move(operation));
    }
    return operations;
  }

  void tell_failure(const model::Execution& execution, const model::Stage& stage, json::object& told) {
    const bool failed = model::is_complete(stage.status) && outcome_of(stage.status) == "fails";
    const std::string message = failed ? error_of(stage) : "";
    if (message.empty()) return;
    told["message"] = message;
    add({Level::error, execution.name, stage.ref_id, "", message});
  }

  void tell_child(const model::Stage& stage, json::object& told) {
    const std::string id = base::string_or(stage.context, "executionId", "");
    if (id.empty() ||
        std::find(world_.started().begin(), world_.started().end(), id) == world_.started().end())
      return;
    const std::optional<model::Execution> child = world_.execution(id);
    if (!child) return;
    json::object config;
    for (const json::object& known : children_) {
      if (base::string_or(known, "id", "") == child->pipeline_config_id) config = known;
    }
    told["child"] = told_of(*child, config);
  }

  /// The fields that were written as expressions, and what is known of them.
  void tell_expressions(const model::Execution& execution, const model::Stage& stage,
                        const json::object& config, json::object& told) {
    const json::object* written = nullptr;
    const auto* stages = base::find_array(config, "stages");
    for (std::size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
      const auto* one = (*stages)[i].if_object();
      if (one != nullptr && ref_of(*one, i) == stage.ref_id) written = one;
    }
    if (written == nullptr) return;
    json::array list;
    each_expression(*written, [&](const std::string& path, const std::string& text) {
      list.push_back(told_of_expression(execution, stage, path, text));
    });
    if (!list.empty()) told["expressions"] = std::move(list);
  }

  json::object told_of_expression(const model::Execution& execution, const model::Stage& stage,
                                  const std::string& path, const std::string& text) {
    json::object told{{"field", path}, {"text", text}};
    const bool reached = stage.status != Status::not_started;
    const auto unknowns = unknowns_in(text, execution, stage, world_.clock().now());
    told["known"] = reached && unknowns.empty();
    if (!unknowns.empty()) told["unknown"] = as_json(unknowns);
    if (!reached) return told;
    const auto* value = value_at(stage.context, path);
    const bool kept = value != nullptr && value->is_string() && value->get_string() == text;
    if (value != nullptr && !kept) told["value"] = *value;
    if (kept && unknowns.empty()) tell_why_it_failed(execution, stage, path, text, told);
    return told;
  }

  void tell_why_it_failed(const model::Execution& execution, const model::Stage& stage,
                          const std::string& path, const std::string& text, json::object& told) {
    const expressions::Options options{.now = world_.clock().now()};
    for (const auto& one : expressions::explain(text, expressions::of_stage(execution, stage), options)) {
      if (one.error.empty()) continue;
      told["known"] = false;
      told["error"] = one.error;
      const std::string hint =
          one.suggestion.empty() ? "" : fmt::format("; did you mean '{}'?", one.suggestion);
      add({Level::error, execution.name, stage.ref_id, path,
           fmt::format("the expression '{}' fails: {}{}", one.expression, one.error, hint)});
    }
  }

  const Setting& setting_;
  Assumptions assumptions_;
  World world_;
  json::object config_, trigger_;
  std::string user_, id_;
  model::Execution execution_;
  bool ended_ = false;
  std::vector<Problem> problems_;
  std::vector<json::object> children_;
};

/// Of a large account only what the pipeline's text can mean: server groups of its application and of those
/// whose names occur in it.
clusters::Snapshot concerned(const clusters::Snapshot& all, const std::string& application,
                             const std::string& text) {
  clusters::Snapshot some;
  some.images = all.images;
  some.load_balancers = all.load_balancers;
  some.firewalls = all.firewalls;
  std::map<std::string, bool> apps{{application, true}};
  for (const model::ServerGroup& group : all.server_groups) {
    const auto [app, is_new] = apps.try_emplace(group.moniker.app, false);
    if (is_new) app->second = text.find(group.moniker.app) != std::string::npos;
    if (app->second) some.server_groups.push_back(group);
  }
  return some;
}

}  // namespace

json::object make_plan(const Setting& setting, PlanRequest request) {
  Rehearsed rehearsed(setting, std::move(request));
  return rehearsed.run() ? rehearsed.told() : rehearsed.told_without_run();
}

Setting Planner::setting_for(const PlanRequest& request) const {
  Setting setting{.add_stages = parts_.add_stages, .fence = parts_.fence, .beneath = &parts_.store};
  setting.start = parts_.clock.now();
  const std::string application = base::string_or(request.config, "application", "");
  const std::string text = base::to_text(request.config) + base::to_text(request.trigger);
  for (const model::Account& account : parts_.clouds.accounts()) {
    AccountState state{.account = account};
    try {
      state.holds = concerned(*parts_.clouds.snapshot(account.name), application, text);
    } catch (const base::Error& error) {
      base::log::warn("a plan is made without account '{}': {}", account.name, error.what());
    }
    setting.accounts.push_back(std::move(state));
  }
  return setting;
}

Async<json::object> Planner::plan(PlanRequest request) {
  const Setting setting = setting_for(request);
  auto work = [setting, request = std::move(request)] { return make_plan(setting, request); };
  auto working = base::run_blocking(pool_, std::move(work));
  co_return co_await std::move(working);
}

}  // namespace gennaker::rehearsal
