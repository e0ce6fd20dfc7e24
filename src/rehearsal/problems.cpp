#include "rehearsal/problems.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "clusters/nearest_name.h"
#include "expressions/expressions.h"
#include "pipelines/configurations.h"
#include "pipelines/parameters.h"
#include "pipelines/validation.h"

namespace gennaker::rehearsal {
namespace {

using Level = Problem::Level;

const json::array& stages_of(const json::object& config) {
  static const json::array none;
  const auto* stages = base::find_array(config, "stages");
  return stages == nullptr ? none : *stages;
}

/// Names in `text` that stand behind `owner`: parameters.env, parameters['env'].
std::set<std::string> members_named_in(std::string_view text, std::string_view owner) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  std::set<std::string> names;
  for (std::size_t at = text.find(owner); at != std::string_view::npos; at = text.find(owner, at + 1)) {
    if (at > 0 && (word(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '\'')) {
      const bool of_trigger = text.substr(0, at).ends_with("trigger.");
      if (!of_trigger) continue;
    }
    std::string_view rest = text.substr(at + owner.size());
    if (rest.starts_with("?.")) rest.remove_prefix(1);
    if (rest.starts_with("['") || rest.starts_with("[\"")) {
      const std::size_t end = rest.find(rest[1], 2);
      if (end != std::string_view::npos) names.emplace(rest.substr(2, end - 2));
      continue;
    }
    if (!rest.starts_with('.')) continue;
    std::size_t end = 1;
    while (end < rest.size() && word(rest[end])) ++end;
    const bool is_call = end < rest.size() && rest[end] == '(';
    if (end > 1 && !is_call) names.emplace(rest.substr(1, end - 1));
  }
  return names;
}

class Search {
 public:
  explicit Search(const Surroundings& around) : around_(around) {}

  void look_at(const json::object& config, const json::object& parameters) {
    pipeline_ = base::string_or(config, "name", "");
    if (!check_graph(config)) return;
    const std::set<std::string> declared = declared_parameters(config, parameters);
    const std::vector<std::string> names = stage_names(config);
    const json::array& stages = stages_of(config);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const json::object& stage = stages[i].get_object();
      stage_ = ref_of(stage, i);
      check_type(stage);
      check_accounts(stage);
      check_expressions(stage, names, declared);
    }
    stage_.clear();
  }

  /// What the pipelines that this one starts have wrong, each once; and circles.
  void look_at_children(const json::object& config) {
    const std::string id = base::string_or(config, "id", base::string_or(config, "name", ""));
    path_.push_back({id, base::string_or(config, "name", id)});
    const std::string application = base::string_or(config, "application", "");
    const json::array& stages = stages_of(config);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const auto* stage = stages[i].if_object();
      if (stage == nullptr || base::string_or(*stage, "type", "") != "pipeline") continue;
      pipeline_ = base::string_or(config, "name", "");
      stage_ = ref_of(*stage, i);
      look_at_child(*stage, application);
    }
    stage_.clear();
    path_.pop_back();
  }

  std::vector<Problem> take() { return std::move(problems_); }

 private:
  void add(Level level, std::string field, std::string message) {
    Problem problem{level, pipeline_, stage_, std::move(field), std::move(message)};
    if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
      problems_.push_back(std::move(problem));
  }

  bool check_graph(const json::object& config) {
    try {
      pipelines::check_graph(config);
      return true;
    } catch (const base::Error& error) {
      add(Level::error, base::string_or(error.details(), "field", "stages"), error.what());
      return false;
    }
  }

  void check_type(const json::object& stage) {
    if (pipelines::knows_type_of(stage, around_.stages)) return;
    const std::string type = base::string_or(stage, "type", "");
    std::vector<std::string> known;
    for (const engine::Stage* one : around_.stages.all()) known.emplace_back(one->type());
    const auto near = clusters::nearest_name(type, known);
    add(Level::error, "type",
        fmt::format("stage type '{}' is unknown to this server{}", type,
                    near ? fmt::format("; did you mean '{}'?", *near) : ""));
  }

  void check_accounts(const json::object& stage) {
    check_account(stage, "");
    if (const auto* clusters = base::find_array(stage, "clusters")) {
      for (std::size_t i = 0; i < clusters->size(); ++i) {
        if (const auto* cluster = (*clusters)[i].if_object())
          check_account(*cluster, fmt::format("clusters[{}].", i));
      }
    }
  }

  /// `account` alone may be another's word, such as a webhook's.
  void check_account(const json::object& object, const std::string& path) {
    const bool of_a_cloud = object.contains("cloudProvider") || object.contains("cloudProviderType");
    for (const std::string_view field : {"credentials", "account"}) {
      const std::string account = base::string_or(object, field, "");
      if (account.empty() || (field == "account" && !of_a_cloud)) continue;
      if (expressions::has_expression(std::string_view(account))) continue;
      const auto& known = around_.accounts;
      if (std::find(known.begin(), known.end(), account) != known.end()) continue;
      add(Level::error, fmt::format("{}{}", path, field),
          fmt::format("account '{}' is not configured{}", account, clusters::suggestion(account, known)));
    }
  }

  static std::set<std::string> declared_parameters(const json::object& config, const json::object& given) {
    std::set<std::string> names;
    for (const auto& member : given) names.emplace(member.key());
    if (const auto* declarations = base::find_array(config, "parameterConfig")) {
      for (const json::value& one : *declarations) {
        if (const auto* object = one.if_object()) names.insert(base::string_or(*object, "name", ""));
      }
    }
    return names;
  }

  static std::vector<std::string> stage_names(const json::object& config) {
    std::vector<std::string> names;
    const json::array& stages = stages_of(config);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const json::object& stage = stages[i].get_object();
      names.push_back(base::string_or(stage, "name", base::string_or(stage, "type", "")));
      names.push_back(ref_of(stage, i));
    }
    return names;
  }

  void check_expressions(const json::object& stage, const std::vector<std::string>& names,
                         const std::set<std::string>& declared) {
    each_expression(stage, [&](const std::string& path, const std::string& text) {
      if (const auto broken = expressions::check_syntax(text)) {
        add(Level::error, path, fmt::format("the expression cannot be parsed: {}", broken->message));
        return;
      }
      for (const std::string& name : expressions::stages_named_in(text)) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        add(Level::error, path,
            fmt::format("#stage('{}'): the pipeline has no stage of that name{}", name,
                        clusters::suggestion(name, names)));
      }
      check_parameters_in(path, text, declared);
    });
  }

  void check_parameters_in(const std::string& path, const std::string& text,
                           const std::set<std::string>& declared) {
    for (const std::string& name : members_named_in(text, "parameters")) {
      if (declared.contains(name)) continue;
      const std::vector<std::string> known(declared.begin(), declared.end());
      add(Level::warning, path,
          fmt::format("parameter '{}' is not declared by the pipeline, nor given{}", name,
                      clusters::suggestion(name, known)));
    }
  }

  void look_at_child(const json::object& stage, const std::string& application) {
    const std::string wanted = base::string_or(stage, "pipeline", "");
    if (wanted.empty() || expressions::has_expression(std::string_view(wanted))) return;
    const auto child = around_.find_pipeline(pipelines::referenced_application(stage, application), wanted);
    if (!child) return add(Level::error, "pipeline", fmt::format("there is no pipeline '{}'", wanted));
    const std::string name = base::string_or(*child, "name", wanted);
    if (base::bool_or(*child, "disabled", false))
      add(Level::error, "pipeline", fmt::format("pipeline '{}' is disabled", name));
    check_child_parameters(stage, *child);
    const std::string id = base::string_or(*child, "id", name);
    const auto circle =
        std::find_if(path_.begin(), path_.end(), [&](const Caller& caller) { return caller.id == id; });
    if (circle != path_.end()) {
      std::string names;
      for (auto caller = circle; caller != path_.end(); ++caller) names += caller->name + " → ";
      return add(Level::error, "pipeline",
                 fmt::format("pipelines call each other in a circle: {}{}", names, name));
    }
    if (!seen_.insert(id).second) return;
    const std::string stage_before = stage_, pipeline_before = pipeline_;
    const auto* given = base::find_object(stage, "pipelineParameters");
    look_at(*child, given ? *given : json::object{});
    look_at_children(*child);
    stage_ = stage_before;
    pipeline_ = pipeline_before;
  }

  void check_child_parameters(const json::object& stage, const json::object& child) {
    const auto* given = base::find_object(stage, "pipelineParameters");
    const std::set<std::string> declared = declared_parameters(child, {});
    const std::vector<std::string> known(declared.begin(), declared.end());
    if (given != nullptr) {
      for (const auto& member : *given) {
        const std::string name = member.key();
        if (declared.contains(name)) continue;
        add(Level::warning, "pipelineParameters." + name,
            fmt::format("pipeline '{}' does not declare parameter '{}'{}", base::string_or(child, "name", ""),
                        name, clusters::suggestion(name, known)));
      }
    }
    try {
      pipelines::resolve_parameters(child, given ? *given : json::object{}, pipelines::StartedBy::somebody);
    } catch (const base::Error& error) {
      // A child is started all the same: nobody could answer.
      const bool has_expressions = given != nullptr && expressions::has_expression(*given);
      if (!has_expressions) add(Level::warning, "pipelineParameters", error.what());
    }
  }

  struct Caller {
    std::string id, name;
  };

  const Surroundings& around_;
  std::vector<Problem> problems_;
  std::string pipeline_, stage_;
  std::vector<Caller> path_;
  std::set<std::string> seen_;
};

}  // namespace

std::string ref_of(const json::object& stage, std::size_t position) {
  const auto* ref_id = stage.if_contains("refId");
  return ref_id == nullptr || ref_id->is_null() ? std::to_string(position) : base::plain_text(*ref_id);
}

json::object to_json(const Problem& problem) {
  json::object object{{"level", problem.level == Level::error ? "error" : "warning"},
                      {"message", problem.message}};
  if (!problem.pipeline.empty()) object["pipeline"] = problem.pipeline;
  if (!problem.stage.empty()) object["stage"] = problem.stage;
  if (!problem.field.empty()) object["field"] = problem.field;
  return object;
}

void each_text(const json::value& value, const std::string& path, const OnText& on_text) {
  if (const auto* text = value.if_string()) return on_text(path, *text);
  if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i)
      each_text((*list)[i], fmt::format("{}[{}]", path, i), on_text);
    return;
  }
  if (const auto* object = value.if_object()) each_text(*object, path, on_text);
}

void each_text(const json::object& object, const std::string& path, const OnText& on_text) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    each_text(member.value(), path.empty() ? std::string(name) : fmt::format("{}.{}", path, name), on_text);
  }
}

void each_expression(const json::object& stage,
                     const std::function<void(const std::string&, const std::string&)>& on_text) {
  each_text(stage, "", [&](const std::string& path, const json::string& text) {
    std::string whole(text);
    const bool bare = path == "expression" || path.ends_with(".expression");
    if (bare && !whole.empty() && !expressions::has_expression(std::string_view(whole)))
      whole = "${" + whole + "}";
    if (expressions::has_expression(std::string_view(whole))) on_text(path, whole);
  });
}

std::vector<Problem> find_problems(const json::object& config, const json::object& parameters,
                                   const Surroundings& around) {
  Search search(around);
  search.look_at(config, parameters);
  search.look_at_children(config);
  return search.take();
}

}  // namespace gennaker::rehearsal
