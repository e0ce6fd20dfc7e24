#include <fmt/format.h>
#include <iostream>

#include "base/async.h"
#include "base/json.h"
#include "cli/commands.h"
#include "model/status.h"

namespace gennaker::cli {
namespace {

using base::string_or;

/// The first of what went wrong, from the task's variables.
std::string failure_of(const json::object& task) {
  const auto* variables = base::find_array(task, "variables");
  if (!variables) return "";
  for (const auto& variable : *variables) {
    if (!variable.is_object() || string_or(variable.as_object(), "key", "") != "exception") continue;
    const auto* exception = base::find_object(variable.as_object(), "value");
    const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
    if (!details) continue;
    const auto* errors = base::find_array(*details, "errors");
    if (errors && !errors->empty()) return base::plain_text(errors->front());
    return string_or(*details, "error", "");
  }
  return "";
}

/// Starts a task and waits for its end. Throws base::Error `invalid` with the task's own words when it fails.
Async<void> do_task(Context& context, json::object request) {
  const auto description = string_or(request, "description", "");
  std::string method = "POST", target = "/tasks";
  json::value body = std::move(request);
  const json::value started =
      co_await context.gate.call(std::move(method), std::move(target), std::move(body));
  const std::string task_path = started.is_object() ? string_or(started.as_object(), "ref", "") : "";
  if (!task_path.starts_with("/tasks/")) {
    throw base::Error(base::Kind::internal, "the server did not say which task it started");
  }
  for (auto pause = std::chrono::milliseconds(50);;
       pause = std::min(pause * 2, std::chrono::milliseconds(1000))) {
    const json::object task = co_await context.gate.get_object(task_path);
    const auto status = model::parse_status(string_or(task, "status", ""));
    if (status && model::is_complete(*status)) {
      if (model::lets_downstream_start(*status)) co_return;
      const auto failure = failure_of(task);
      throw base::Error(base::Kind::invalid,
                        failure.empty()
                            ? fmt::format("{}: the task ended as {}", description, model::to_string(*status))
                            : failure);
    }
    co_await base::sleep_for(pause);
  }
}

json::object task_request(const Context& context, const std::string& description, std::string_view type,
                          json::object application) {
  json::object job{{"type", type}};
  if (const auto user = context.around.environment("USER")) job["user"] = *user;
  const auto name = string_or(application, "name", "");
  job["application"] = std::move(application);
  return {{"application", name}, {"description", description}, {"job", json::array{std::move(job)}}};
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = base::find(object, key);
  return value && !value->is_null() ? base::plain_text(*value) : "";
}

json::object wanted_application(const Context& context, const ApplicationSave& what) {
  json::object application;
  if (!what.file.empty()) application = read_object(context, what.file);
  // spin's files wrap it, as `application get` shows it.
  if (const auto* attributes = base::find_object(application, "attributes"))
    application = json::object(*attributes);
  if (!what.name.empty()) application["name"] = what.name;
  if (!what.owner_email.empty()) application["email"] = what.owner_email;
  if (!what.cloud_providers.empty()) application["cloudProviders"] = what.cloud_providers;
  if (!what.description.empty()) application["description"] = what.description;
  if (string_or(application, "name", "").empty()) {
    throw usage_error(
        "application save: the application has no name; give it with --name, or as \"name\" in the file");
  }
  return application;
}

}  // namespace

Async<int> list_applications(Context& context) {
  std::string look_up = "/applications";
  const json::array list = co_await context.gate.get_array(std::move(look_up));
  Table table({"NAME", "OWNER", "CLOUD PROVIDERS", "DESCRIPTION"});
  std::vector<std::string> names;
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    const auto& application = item.as_object();
    names.push_back(string_or(application, "name", ""));
    table.add({names.back(), text_of(application, "email"), text_of(application, "cloudProviders"),
               text_of(application, "description")});
  }
  print_list(context, list, table, names);
  co_return done;
}

Async<int> get_application(Context& context, std::string name) {
  auto look_up = path({"/applications/", name}) + "?expand=false";
  const json::object application = co_await context.gate.get_object(std::move(look_up));
  if (context.format == Format::json) {
    print_json(context, application);
    co_return done;
  }
  const auto* attributes = base::find_object(application, "attributes");
  Table table({"FIELD", "VALUE"});
  for (const auto& member : attributes ? *attributes : application) {
    table.add({std::string(member.key()), base::plain_text(member.value())});
  }
  if (!context.quiet) context.out() << table.text(context.colours);
  co_return done;
}

Async<int> save_application(Context& context, ApplicationSave what) {
  auto application = wanted_application(context, what);
  const auto name = string_or(application, "name", "");
  auto request = task_request(context, fmt::format("Save application: {}", name), "createApplication",
                              std::move(application));
  co_await do_task(context, std::move(request));
  say(context, fmt::format("Application {} saved.", name));
  co_return done;
}

Async<int> delete_application(Context& context, std::string name) {
  // The task would call an unknown one deleted; a mistyped name should be noticed.
  auto look_up = path({"/applications/", name}) + "?expand=false";
  co_await context.gate.get_object(std::move(look_up));
  auto request = task_request(context, fmt::format("Delete application: {}", name), "deleteApplication",
                              json::object{{"name", name}});
  co_await do_task(context, std::move(request));
  say(context, fmt::format("Application {} deleted.", name));
  co_return done;
}

}  // namespace gennaker::cli
