#pragma once

#include "rehearsal/fields.h"

/// The mappings of a test file and their keys.
namespace gennaker::rehearsal::shapes {

inline const Shape file{"file", {"pipeline", "pipelines", "application", "cloud", "tests"}};
inline const Shape test{
    "test",
    {"name", "pipeline", "cloud", "at", "patience", "parameters", "trigger", "user", "script", "expect"}};
inline const Shape cloud{"cloud", {"accounts", "images", "loadBalancers", "serverGroups"}};
inline const Shape account{"account", {"provider", "regions", "environment"}};
inline const Shape image{"image", {"id", "name", "account", "region", "version"}};
inline const Shape load_balancer{"loadBalancer", {"name", "account", "region"}};
inline const Shape server_group{
    "serverGroup",
    {"name", "account", "region", "image", "instances", "unhealthy", "disabled", "loadBalancers", "age"}};
inline const Shape entry{
    "entry",
    {"stage", "pipeline",     "task",   "operation", "account", "cluster", "url",     "method", "after",
     "times", "optional",     "judge",  "input",     "user",    "patch",   "respond", "answer", "fail",
     "error", "healthyAfter", "result", "cancel",    "pause",   "resume",  "restart"}};
inline const Shape response{"response", {"status", "headers", "body", "fail", "after"}};
inline const Shape result{"result", {"status", "context", "outputs", "error"}};
inline const Shape by_whom{"byWhom", {"user", "reason"}};
inline const Shape expect{"expect",
                          {"status", "refused", "message", "elapsed", "stages", "order", "operations",
                           "calls", "children", "cloud"}};
inline const Shape stage{
    "stageExpectation",
    {"status", "type", "context", "outputs", "error", "tasks", "started", "elapsed", "runsAfter"}};
inline const Shape range{"durationRange", {"atLeast", "atMost"}};
inline const Shape operation{"operationExpectation", {"kind", "account", "what", "stage", "failure"}};
inline const Shape call{"callExpectation", {"method", "url", "headers", "body", "status"}};
inline const Shape list_form{"listForm", {"exactly", "anyOrder"}};
inline const Shape child{"childExpectation", {"pipeline", "status", "parameters", "stages"}};
inline const Shape things{"cloudExpectation", {"serverGroups", "loadBalancers", "images"}};

}  // namespace gennaker::rehearsal::shapes
