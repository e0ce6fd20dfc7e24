#pragma once

#include <iosfwd>

#include "cli/gate.h"
#include "cli/surroundings.h"
#include "cli/text.h"

/// What the commands do; the words of the command line are in command_line.cpp. Each returns the exit status.
namespace gennaker::cli {

enum class Format { table, json };

struct Context {
  Gate& gate;
  Surroundings& around;
  Format format = Format::table;
  bool colours = false;
  bool quiet = false;

  std::ostream& out() const { return around.out; }
};

/// A command line, or a file that it names, is wrong: exit status 2.
base::Error usage_error(const std::string& message);
/// One line for a person, unless --quiet or JSON is wanted.
void say(const Context& context, const std::string& line);
void print_json(const Context& context, const json::value& value);
/// The list as a table, as JSON, or (quiet) its first column.
void print_list(const Context& context, const json::array& list, const Table& table,
                const std::vector<std::string>& names);
/// The JSON object in a file; "-" is standard input.
json::object read_object(const Context& context, const std::string& file);
std::string page_url(const Context& context, const std::string& application, const std::string& execution_id);

struct ApplicationSave {
  std::string name, owner_email, cloud_providers, description, file;
};
Async<int> list_applications(Context& context);
Async<int> get_application(Context& context, std::string name);
Async<int> save_application(Context& context, ApplicationSave what);
Async<int> delete_application(Context& context, std::string name);

struct PipelineName {
  std::string application, name;
};
struct PipelineRun {
  PipelineName pipeline;
  std::vector<std::string> parameters;  ///< "key=value"
  std::string parameter_file;
  bool watch = false;
};
Async<int> list_pipelines(Context& context, std::string application);
Async<int> get_pipeline(Context& context, PipelineName which);
/// `overrides`: what is not empty takes the place of what the file says.
Async<int> save_pipeline(Context& context, std::string file, PipelineName overrides);
Async<int> delete_pipeline(Context& context, PipelineName which);
Async<int> run_pipeline(Context& context, PipelineRun what);
struct PipelinePlan {
  PipelineRun run;
  std::string file;  ///< a pipeline's JSON, in place of a saved one's name
};
/// `failed` when it finds an error.
Async<int> plan_pipeline(Context& context, PipelinePlan what);
/// The parameters of a run: those of the file, then "key=value" over them. Throws usage_error.
json::object run_parameters(const json::object& from_file, const std::vector<std::string>& pairs);

struct ExecutionList {
  PipelineName pipeline;  ///< no name: all of the application's
  int limit = 10;
  std::vector<std::string> statuses;
};
struct Judgment {
  std::string execution_id, decision, input, stage;
};
Async<int> list_executions(Context& context, ExecutionList what);
Async<int> get_execution(Context& context, std::string id);
Async<int> cancel_execution(Context& context, std::string id, std::string reason);
Async<int> judge_execution(Context& context, Judgment judgment);

struct Explain {
  std::string text;
  std::string execution_id, stage;  ///< stage: id, refId or name
  std::string context_file;         ///< names in place of an execution's
};
/// `failed` when one of the text's expressions fails.
Async<int> explain_expression(Context& context, Explain what);

Async<int> list_clusters(Context& context, std::string application);

/// Takes a cluster's lock away from whoever holds it.
struct LockBreak {
  std::string account, region, cluster, reason;
};
Async<int> list_locks(Context& context);
Async<int> break_lock(Context& context, LockBreak what);

struct BakeLogQuery {
  std::string id;
  bool follow = false;
};
Async<int> get_bake(Context& context, std::string id);
/// `failed` when it follows a bake that does not succeed.
Async<int> show_bake_log(Context& context, BakeLogQuery what);

/// Shows an execution until it ends, over breaks of the connection and restarts of the server of up to 60 s.
/// `just_started`: that it is not there yet is no error for the first 10 s.
enum class Known { yes, just_started };
Async<int> watch_execution(Context& context, std::string id, Known known);

}  // namespace gennaker::cli
