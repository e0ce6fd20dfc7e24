#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/status.h"
#include "rehearsal/located.h"
#include "rehearsal/world.h"

/// A test of a pipeline as a value: what there is, who answers what, and what must hold.
namespace gennaker::rehearsal {

using std::chrono::milliseconds;

// ---- what the world outside answers ----

/// A person judges.
struct Judge {
  std::string decision;  ///< "continue" or "stop"; "nobody": the question stays open on purpose
  std::string input, user;
};
/// A person or script changes a stage's context.
struct Patch {
  json::object members;
  std::string user;
};
/// Answers to a stage's calls, or to those to a URL.
struct Respond {
  struct Response {
    int status = 200;
    json::object headers;
    std::string body;
    std::string failure;  ///< set: there is no answer, this is why
    milliseconds after{0};
  };
  std::vector<Response> responses;
  bool one_each = false;  ///< a list: one a call; else the one answers every call
};
/// What becomes of an operation. Neither: the simulated cloud carries it out, `after` that long.
struct Operate {
  std::optional<json::object> answer;
  std::string failure;
  base::Kind kind = base::Kind::invalid;
};
/// A task's result, in place of the task.
struct Replace {
  model::Status status = model::Status::succeeded;
  json::object context, outputs;
  std::string error;
};
struct CancelIt {
  std::string reason, user;
};
struct PauseIt {
  std::string user;
};
struct ResumeIt {
  std::string user;
};
struct Restart {
  std::string stage, user;
};
/// How long new instances of a cluster take to become healthy; nullopt: they never do.
struct Healthy {
  std::optional<milliseconds> after;
};

struct ScriptEntry {
  Place place;
  std::string what;  ///< for messages: "stage 'Approve': judge"
  // Whom it is for; an empty one does not matter. `url`, `cluster`: may hold `*`.
  std::string stage, pipeline, task, operation, account, cluster, url, method;
  milliseconds after{0};
  std::optional<int> times;  ///< at most; nullopt: always
  bool optional = false;     ///< that it was never used is no failure
  std::variant<Judge, Patch, Respond, Operate, Replace, CancelIt, PauseIt, ResumeIt, Restart, Healthy> act;
};

// ---- what must hold ----

struct DurationRange {
  Place place;
  milliseconds least{0}, most{0};
};
/// An expected value: rehearsal/matching.h says what it may be.
struct Wanted {
  std::string path;  ///< "stages.Deploy.context"
  Located value;
};
struct StatusWanted {
  Place place;
  model::Status status{};
};

struct StageWanted {
  Place place;
  std::string name, path;
  bool absent = false;
  std::optional<StatusWanted> status;
  std::optional<Wanted> type, context, outputs, error, tasks;
  std::optional<DurationRange> started, elapsed;
  struct After {
    Place place;
    std::vector<std::string> stages;
  };
  std::optional<After> runs_after;
};

/// Things in an order, others maybe between; `exactly`: these and no others; `any_order`: whichever came
/// first.
struct ListWanted {
  Place place;
  std::string path;
  std::vector<Located> items;
  bool exactly = false, any_order = false;
};
struct ChildWanted {
  Place place;
  std::string path, pipeline;
  std::optional<StatusWanted> status;
  std::optional<Wanted> parameters;
  std::vector<StageWanted> stages;
};
struct ThingWanted {
  Place place;
  std::string path, kind, name;  ///< kind: "serverGroups", "loadBalancers" or "images"
  bool absent = false;
  std::optional<Wanted> like;
};
struct OrderWanted {
  Place place;
  std::vector<std::string> stages;
};

struct Expectations {
  std::optional<Wanted> refused;  ///< the start's message
  std::optional<StatusWanted> status;
  std::optional<Wanted> message;  ///< a stage's error, or why it was cancelled
  std::optional<DurationRange> elapsed;
  std::vector<StageWanted> stages;
  std::optional<OrderWanted> order;
  std::optional<ListWanted> operations, calls;
  std::optional<std::vector<ChildWanted>> children;
  Place children_place;
  std::vector<ThingWanted> things;
};

// ---- the test ----

/// What is there before the test begins.
struct Scene {
  json::object pipeline;
  std::vector<json::object> pipelines;
  std::optional<json::object> application;
  std::vector<AccountState> accounts;
};

struct PipelineTest {
  Place place;
  std::string name;
  std::shared_ptr<const Scene> scene;
  base::TimePoint at{};
  milliseconds patience{0};  ///< virtual time after which it is given up
  /// More looks of tasks than a sane pipeline needs in months: it goes round in circles.
  std::size_t most_looks = 50'000;
  json::object parameters, trigger;
  std::string user;
  std::vector<ScriptEntry> script;
  Expectations expect;
};

}  // namespace gennaker::rehearsal
