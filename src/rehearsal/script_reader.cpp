#include "rehearsal/script_reader.h"

#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "base/text.h"
#include "rehearsal/test_shapes.h"

namespace gennaker::rehearsal {
namespace {

/// What an entry can do: it does one of these. `operation` alone lets the cloud answer later.
constexpr std::array<std::string_view, 11> deeds{"judge",  "patch",   "respond",     "answer",
                                                 "fail",   "result",  "cancel",      "pause",
                                                 "resume", "restart", "healthyAfter"};

/// `{user: ann}`, or `true` for no particulars.
struct ByWhom {
  std::string user, reason;
};
ByWhom by_whom(const Fields& fields, std::string_view key) {
  const Located& given = fields.required(key);
  if (given.scalar.is_bool() && given.scalar.get_bool()) return {.user = "anonymous", .reason = ""};
  const Fields particulars(fields.file(), fields.path_of(key), given, shapes::by_whom);
  return {.user = particulars.text("user", "anonymous"), .reason = particulars.text("reason")};
}

std::string body_of(const Located* given) {
  if (given == nullptr) return "";
  if (given->sort == Located::Sort::scalar) return given->text;
  return base::to_text(to_json(*given));
}

Respond::Response read_response(const std::string& file, const std::string& path, const Located& given) {
  if (given.scalar.is_int64()) {
    const auto status = given.scalar.get_int64();
    if (status < 100 || status > 599)
      refuse_value(file, given.line, path, "an HTTP status is needed: 100 to 599");
    return {.status = static_cast<int>(status)};
  }
  const Fields fields(file, path, given, shapes::response);
  Respond::Response response;
  response.status = fields.number("status", 599).value_or(200);
  if (response.status < 100) fields.refuse("status", "an HTTP status is needed: 100 to 599");
  response.headers = fields.object("headers");
  response.body = body_of(fields.find("body"));
  response.failure = fields.text("fail");
  response.after = fields.duration("after").value_or(milliseconds(0));
  if (!response.failure.empty() && (fields.has("status") || fields.has("body")))
    fields.refuse("fail", "a call that fails has neither status nor body");
  return response;
}

Respond read_respond(const Fields& fields) {
  Respond respond;
  if (!fields.has("respond")) {
    respond.responses.push_back({.failure = fields.text("fail")});
    return respond;
  }
  const Located& given = fields.required("respond");
  respond.one_each = given.is_list();
  if (!given.is_list()) {
    respond.responses.push_back(read_response(fields.file(), fields.path_of("respond"), given));
    return respond;
  }
  fields.each_item("respond", [&](const Located& item, const std::string& path) {
    respond.responses.push_back(read_response(fields.file(), path, item));
  });
  if (respond.responses.empty()) fields.refuse("respond", "the list is empty");
  return respond;
}

base::Kind kind_of_error(const Fields& fields) {
  const std::string word =
      fields.one_of("error", {"invalid", "notFound", "conflict", "unavailable", "timeout"}, "invalid");
  if (word == "notFound") return base::Kind::not_found;
  if (word == "conflict") return base::Kind::conflict;
  if (word == "unavailable") return base::Kind::unavailable;
  return word == "timeout" ? base::Kind::timeout : base::Kind::invalid;
}

Operate read_operate(const Fields& fields) {
  Operate operate;
  if (fields.has("answer")) operate.answer = fields.object("answer");
  operate.failure = fields.text("fail");
  operate.kind = kind_of_error(fields);
  if (fields.has("error") && !fields.has("fail"))
    fields.refuse("error", "says which sort of failure `fail` is");
  return operate;
}

Replace read_result(const Fields& entry) {
  const Fields fields(entry.file(), entry.path_of("result"), entry.required("result"), shapes::result);
  Replace replace;
  const std::string word = fields.text("status", fields.has("error") ? "TERMINAL" : "SUCCEEDED");
  const auto status = model::parse_status(word);
  if (!status || !model::is_complete(*status))
    fields.refuse("status", fmt::format("'{}' is no status in which a task can end", word));
  replace.status = *status;
  replace.context = fields.object("context");
  replace.outputs = fields.object("outputs");
  replace.error = fields.text("error");
  return replace;
}

Judge read_judge(const Fields& fields) {
  return {.decision = fields.one_of("judge", {"continue", "stop", "nobody"}, ""),
          .input = fields.text("input"),
          .user = fields.text("user", "anonymous")};
}

Healthy read_healthy(const Fields& fields) {
  if (fields.text("healthyAfter") == "never") return {};
  return {fields.duration("healthyAfter")};
}

void need_one_of(const Fields& fields, std::string_view deed, const std::vector<std::string_view>& keys) {
  for (const std::string_view key : keys) {
    if (fields.has(key)) return;
  }
  fields.refuse(deed, fmt::format("say for whom it is: {}", fmt::join(keys, " or ")));
}

/// The deed's own key, and what else may stand beside it.
void refuse_strangers(const Fields& fields, std::string_view deed, std::vector<std::string_view> allowed) {
  allowed.insert(allowed.end(), {deed, "stage", "pipeline", "after", "times", "optional"});
  for (const std::string_view key : shapes::entry.keys) {
    if (!fields.has(key) || std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    fields.refuse(key, fmt::format("does not go with '{}'", deed));
  }
}

std::string deed_of(const Fields& fields) {
  std::string found;
  for (const std::string_view deed : deeds) {
    if (!fields.has(deed)) continue;
    if (!found.empty())
      fields.refuse(deed, fmt::format("an entry does one thing, and this one says '{}' too", found));
    found = deed;
  }
  if (!found.empty()) return found;
  if (fields.has("operation") && fields.has("after")) return "operation";
  fields.refuse_all(
      fmt::format("the entry says nothing that is to happen: one of {}", fmt::join(deeds, ", ")));
}

void read_deed(const Fields& fields, std::string_view deed, ScriptEntry& entry) {
  const bool for_operation = fields.has("operation");
  if (deed == "judge") {
    need_one_of(fields, deed, {"stage"});
    refuse_strangers(fields, deed, {"input", "user"});
    entry.act = read_judge(fields);
  } else if (deed == "patch") {
    need_one_of(fields, deed, {"stage"});
    refuse_strangers(fields, deed, {"user"});
    entry.act = Patch{.members = fields.object("patch"), .user = fields.text("user", "anonymous")};
  } else if (for_operation) {
    if (deed != "operation" && deed != "answer" && deed != "fail")
      fields.refuse(deed, "does not go with 'operation'");
    refuse_strangers(fields, deed, {"operation", "account", "cluster", "error"});
    entry.act = read_operate(fields);
  } else if (deed == "respond" || deed == "fail") {
    need_one_of(fields, deed, {"stage", "url"});
    refuse_strangers(fields, deed, {"url", "method"});
    entry.act = read_respond(fields);
  } else if (deed == "answer") {
    need_one_of(fields, deed, {"operation"});
  } else if (deed == "result") {
    need_one_of(fields, deed, {"stage", "task"});
    refuse_strangers(fields, deed, {"task"});
    entry.act = read_result(fields);
  } else if (deed == "healthyAfter") {
    need_one_of(fields, deed, {"cluster"});
    refuse_strangers(fields, deed, {"cluster", "account"});
    entry.act = read_healthy(fields);
  } else if (deed == "cancel") {
    refuse_strangers(fields, deed, {});
    auto [user, reason] = by_whom(fields, deed);
    entry.act = CancelIt{.reason = std::move(reason), .user = std::move(user)};
  } else if (deed == "pause") {
    refuse_strangers(fields, deed, {});
    entry.act = PauseIt{.user = by_whom(fields, deed).user};
  } else if (deed == "resume") {
    refuse_strangers(fields, deed, {});
    entry.act = ResumeIt{.user = by_whom(fields, deed).user};
  } else {
    refuse_strangers(fields, deed, {"user"});
    entry.act = Restart{.stage = fields.text("restart"), .user = fields.text("user", "anonymous")};
  }
}

/// "judge for stage 'Approve'"
std::string described(const ScriptEntry& entry, std::string_view deed) {
  std::string whom;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) whom += fmt::format("{}{} '{}'", whom.empty() ? " for " : ", ", what, value);
  };
  add("stage", entry.stage);
  add("operation", entry.operation);
  add("cluster", entry.cluster);
  add("task", entry.task);
  add("url", entry.url);
  add("pipeline", entry.pipeline);
  return std::string(deed == "operation" ? "after" : deed) + whom;
}

}  // namespace

ScriptEntry read_script_entry(const std::string& file, const std::string& path, const Located& given) {
  const Fields fields(file, path, given, shapes::entry);
  ScriptEntry entry;
  entry.place = fields.place();
  entry.stage = fields.text("stage");
  entry.pipeline = fields.text("pipeline");
  entry.task = fields.text("task");
  entry.operation = fields.text("operation");
  entry.account = fields.text("account");
  entry.cluster = fields.text("cluster");
  entry.url = fields.text("url");
  entry.method = fields.text("method");
  entry.after = fields.duration("after").value_or(milliseconds(0));
  entry.times = fields.number("times");
  entry.optional = fields.flag("optional");
  const std::string deed = deed_of(fields);
  read_deed(fields, deed, entry);
  entry.what = described(entry, deed);
  return entry;
}

}  // namespace gennaker::rehearsal
