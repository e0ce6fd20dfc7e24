#include "runner/command_json.h"

#include <array>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::runner {
namespace {

namespace json = boost::json;

json::object fields(const engine::Start&) {
  return {{"type", "start"}};
}
json::object fields(const engine::Cancel& cancel) {
  return {{"type", "cancel"}, {"user", cancel.user}, {"reason", cancel.reason}};
}
json::object fields(const engine::Pause& pause) {
  return {{"type", "pause"}, {"user", pause.user}};
}
json::object fields(const engine::Resume& resume) {
  return {{"type", "resume"}, {"user", resume.user}};
}
json::object fields(const engine::PatchStage& patch) {
  return {{"type", "patch"}, {"stageId", patch.stage_id}, {"patch", patch.patch}, {"user", patch.user}};
}
json::object fields(const engine::RestartStage& restart) {
  return {{"type", "restart"},
          {"stageId", restart.stage_id},
          {"user", restart.user},
          {"followsChild", restart.follows_child}};
}
json::object fields(const engine::QueueRestart& queued) {
  json::object restart = fields(queued.restart);
  restart["type"] = "queueRestart";
  return restart;
}

constexpr std::array kinds{base::Kind::invalid,   base::Kind::not_found,       base::Kind::conflict,
                           base::Kind::forbidden, base::Kind::unauthenticated, base::Kind::unavailable,
                           base::Kind::timeout};

}  // namespace

std::string event_text(const engine::Event& event) {
  const auto write = [](const auto& one) -> json::object {
    if constexpr (requires { fields(one); }) {
      return fields(one);
    } else {
      throw base::Error(base::Kind::internal, "what a task or an answer reports is no command");
    }
  };
  return base::to_text(std::visit(write, event));
}

engine::Event event_of(std::string_view text) {
  const json::object command = base::parse_json_object(text, "a command", {.bytes = SIZE_MAX, .depth = 256});
  const std::string type = base::string_or(command, "type", "");
  const std::string user = base::string_or(command, "user", "");
  if (type == "start") return engine::Start{};
  if (type == "cancel") return engine::Cancel{user, base::string_or(command, "reason", "")};
  if (type == "pause") return engine::Pause{user};
  if (type == "resume") return engine::Resume{user};
  const std::string stage_id = base::string_or(command, "stageId", "");
  if (type == "patch") {
    const auto* patch = base::find_object(command, "patch");
    return engine::PatchStage{stage_id, patch ? *patch : json::object{}, user};
  }
  engine::RestartStage restart{stage_id, user, base::bool_or(command, "followsChild", false)};
  if (type == "restart") return restart;
  if (type == "queueRestart") return engine::QueueRestart{std::move(restart)};
  throw base::Error(
      base::Kind::invalid,
      fmt::format("this server does not know the command '{}': it may be of a newer one", type));
}

std::string refusal_text(const base::Error& error) {
  const json::object refusal{
      {"kind", base::to_string(error.kind())}, {"message", error.what()}, {"details", error.details()}};
  return base::to_text(refusal);
}

base::Error refusal_of(std::string_view text) {
  const json::object refusal = base::parse_json_object(text, "a refusal", {.bytes = SIZE_MAX, .depth = 256});
  const std::string name = base::string_or(refusal, "kind", "");
  base::Kind kind = base::Kind::internal;
  for (const base::Kind known : kinds) {
    if (base::to_string(known) == name) kind = known;
  }
  const auto* details = base::find_object(refusal, "details");
  return {kind, base::string_or(refusal, "message", ""), details ? *details : json::object{}};
}

}  // namespace gennaker::runner
