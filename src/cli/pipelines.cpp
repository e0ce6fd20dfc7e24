#include <fmt/format.h>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"

namespace gennaker::cli {
namespace {

using base::string_or;

std::string config_path(const PipelineName& which) {
  return path({"/applications/", which.application, "/pipelineConfigs/", which.name});
}

std::size_t length_of(const json::object& object, std::string_view key) {
  const auto* list = base::find_array(object, key);
  return list ? list->size() : 0;
}

std::optional<base::TimePoint> time_of(const json::object& object, std::string_view key) {
  const auto millis = base::whole_number(object, key);
  if (!millis) return std::nullopt;
  return base::from_millis(*millis);
}

/// The id of the stored pipeline of this name; empty: there is none.
Async<std::string> stored_id(Context& context, PipelineName which) {
  try {
    auto look_up = config_path(which);
    const json::object stored = co_await context.gate.get_object(std::move(look_up));
    co_return string_or(stored, "id", "");
  } catch (const base::Error& error) {
    if (error.kind() != base::Kind::not_found) throw;
  }
  co_return std::string();
}

void put_over(json::object& config, std::string_view key, const std::string& value, const char* option) {
  if (!value.empty()) config[key] = value;
  if (string_or(config, key, "").empty()) {
    throw usage_error(fmt::format(
        "pipeline save: the pipeline has no \"{}\"; put it into the file or give {}", key, option));
  }
}

}  // namespace

json::object run_parameters(const json::object& from_file, const std::vector<std::string>& pairs) {
  json::object parameters = from_file;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw usage_error(fmt::format("-p '{}': a parameter is written key=value", pair));
    }
    parameters[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return parameters;
}

Async<int> list_pipelines(Context& context, std::string application) {
  auto look_up = path({"/applications/", application, "/pipelineConfigs"});
  const json::array list = co_await context.gate.get_array(std::move(look_up));
  Table table({"NAME", "ID", "STAGES", "TRIGGERS", "STATE", "UPDATED"});
  std::vector<std::string> names;
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    const auto& config = item.as_object();
    names.push_back(string_or(config, "name", ""));
    const bool disabled = base::bool_or(config, "disabled", false);
    table.add({names.back(), string_or(config, "id", ""), std::to_string(length_of(config, "stages")),
               std::to_string(length_of(config, "triggers")), disabled ? "disabled" : "enabled",
               time_text(time_of(config, "updateTs"))},
              4, disabled ? Colour::yellow : Colour::none);
  }
  print_list(context, list, table, names);
  co_return done;
}

/// Always JSON: it is what `pipeline save` takes.
Async<int> get_pipeline(Context& context, PipelineName which) {
  auto look_up = config_path(which);
  const json::object config = co_await context.gate.get_object(std::move(look_up));
  print_json(context, config);
  co_return done;
}

Async<int> save_pipeline(Context& context, std::string file, PipelineName overrides) {
  json::object config = read_object(context, file);
  put_over(config, "application", overrides.application, "--application");
  put_over(config, "name", overrides.name, "--name");
  const PipelineName which{string_or(config, "application", ""), string_or(config, "name", "")};
  if (string_or(config, "id", "").empty()) {
    // Saved again under its name it is the same pipeline, with its history.
    const std::string id = co_await stored_id(context, which);
    if (!id.empty()) config["id"] = id;
  }
  std::string method = "POST", target = "/pipelines";
  json::value body = std::move(config);
  co_await context.gate.call(std::move(method), std::move(target), std::move(body));
  say(context, fmt::format("Pipeline {} of {} saved.", which.name, which.application));
  co_return done;
}

Async<int> delete_pipeline(Context& context, PipelineName which) {
  // The server calls an unknown one deleted; a mistyped name should be noticed.
  auto look_up = config_path(which);
  co_await context.gate.get_object(std::move(look_up));
  std::string method = "DELETE", target = path({"/pipelines/", which.application, "/", which.name});
  co_await context.gate.call(std::move(method), std::move(target));
  say(context, fmt::format("Pipeline {} of {} deleted.", which.name, which.application));
  co_return done;
}

Async<int> run_pipeline(Context& context, PipelineRun what) {
  json::object from_file;
  if (!what.parameter_file.empty()) from_file = read_object(context, what.parameter_file);
  json::object trigger{{"type", "manual"}, {"parameters", run_parameters(from_file, what.parameters)}};
  if (const auto user = context.around.environment("USER")) trigger["user"] = *user;
  std::string method = "POST",
              target = path({"/pipelines/", what.pipeline.application, "/", what.pipeline.name});
  json::value body = std::move(trigger);
  const json::value answer =
      co_await context.gate.call(std::move(method), std::move(target), std::move(body));
  const std::string ref = answer.is_object() ? string_or(answer.as_object(), "ref", "") : "";
  const std::string id = ref.substr(ref.rfind('/') + 1);
  if (id.empty())
    throw base::Error(base::Kind::internal, "the server did not say which execution it started");
  if (what.watch) {
    const int code = co_await watch_execution(context, id, Known::just_started);
    co_return code;
  }
  if (context.format == Format::json) {
    const json::object started{
        {"ref", ref}, {"id", id}, {"url", page_url(context, what.pipeline.application, id)}};
    print_json(context, started);
  } else if (context.quiet) {
    context.out() << id << '\n';
  } else {
    say(context, fmt::format("Started {}", id));
    say(context, page_url(context, what.pipeline.application, id));
    say(context, fmt::format("Watch it with: gennaker pipeline watch {}", id));
  }
  co_return done;
}

}  // namespace gennaker::cli
