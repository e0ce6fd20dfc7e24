#pragma once

#include <string>

#include "model/execution.h"
#include "model/execution_json.h"

/// The texts of what is written and read most often, made without making JSON of it first. Each function
/// appends one object.
namespace gennaker::model {

/// As model::to_json of the task.
void append_task(std::string& out, const Task& task);
/// As model::to_json of the stage with Detail::outline.
void append_outline(std::string& out, const Stage& stage);
/// As model::header_to_json.
void append_header(std::string& out, const Execution& execution);
/// As model::to_json of the execution.
void append_execution(std::string& out, const Execution& execution, Detail detail);

/// Of a change, what a list of executions shows: an outline and `waitingFor`; the header without what can be
/// large.
void append_news(std::string& out, const Stage& stage);
void append_news(std::string& out, const Execution& execution);

}  // namespace gennaker::model
