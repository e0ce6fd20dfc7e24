#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/completion.h"

namespace gennaker::cli {
namespace {

namespace asio = base::asio;

constexpr const char* footer =
    R"(Exit status: 0 success; 1 the execution failed or was canceled, or the server refused; 2 wrong usage;
3 the server cannot be reached; 4 not found; 130 interrupted (a watched execution goes on).)";

/// What a command line asks for: one of the commands, a script, or the server.
using Command = std::function<Async<int>(Context&)>;

struct Chosen {
  Command command;
  bool serve = false;
  ServeOptions serve_options;
  std::string completion_for;
  std::string vectors;  ///< the file of `expression test`
  TestOptions tests;    ///< of `test`; without paths, that was not chosen
  StoreCopy copy;       ///< of `store copy`; without a source, that was not chosen
  StoreBackup backup;   ///< of `store backup`; without a file, that was not chosen
};

/// The words of the command line. Its members are what the options write into.
class CommandLine {
 public:
  explicit CommandLine(Surroundings& around) : around_(around) {
    app_.footer(footer);
    app_.require_subcommand(1);
    app_.fallthrough();
    endpoint_ = around.environment("GENNAKER_GATE").value_or("http://127.0.0.1:8084");
    app_.add_option("--gate-endpoint", endpoint_, "The server's URL (environment: GENNAKER_GATE)")
        ->capture_default_str();
    app_.add_option("--output", output_, "How answers are written: table (for people) or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    app_.add_flag("--no-color", no_colour_, "No colours, as with the environment's NO_COLOR");
    app_.add_flag("--quiet", quiet_, "Only names and ids, or nothing");
    add_serve();
    add_application();
    add_pipeline();
    add_execution();
    add_cluster();
    add_lock();
    add_bake();
    add_expression();
    add_test();
    add_store();
    add_completion();
  }
  CommandLine(const CommandLine&) = delete;

  CLI::App& app() { return app_; }
  const Chosen& chosen() const { return chosen_; }
  const std::string& endpoint() const { return endpoint_; }
  Format format() const { return output_ == "json" ? Format::json : Format::table; }
  bool quiet() const { return quiet_; }
  bool colours() const { return around_.terminal && !no_colour_ && !around_.environment("NO_COLOR"); }
  /// CLI11 says of a mistyped command only that one is missing. Empty: that was not the trouble.
  std::string unknown_command() const {
    const CLI::App* at = &app_;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    const auto rest = app_.remaining(true);
    const auto choices = at->get_subcommands([](const CLI::App*) { return true; });
    if (rest.empty() || rest.front().starts_with('-') || choices.empty()) return "";
    std::vector<std::string> names;
    for (const auto* choice : choices) names.push_back(choice->get_name());
    return fmt::format("gennaker: '{}' is not a command; there is {}", rest.front(), fmt::join(names, ", "));
  }
  CommandWords words() const { return words_of(app_, "gennaker"); }

 private:
  CLI::App* group(const std::string& name, const std::string& what) {
    auto* group = app_.add_subcommand(name, what);
    group->require_subcommand(1);
    group->fallthrough();
    return group;
  }

  CLI::App* command(CLI::App* parent, const std::string& name, const std::string& what, Command act) {
    auto* command = parent->add_subcommand(name, what);
    command->fallthrough();
    command->callback([this, act = std::move(act)] { chosen_.command = act; });
    return command;
  }

  void need_application(CLI::App* command) {
    command->add_option("-a,--application", pipeline_.application, "The application's name")->required();
  }
  void need_pipeline(CLI::App* command) {
    need_application(command);
    command->add_option("-n,--name", pipeline_.name, "The pipeline's name")->required();
  }

  void add_serve() {
    auto& options = chosen_.serve_options;
    auto* serve = app_.add_subcommand("serve", "Run the server");
    serve->fallthrough();
    serve->add_option("--address", options.address, "IP address to listen on (127.0.0.1)");
    serve->add_option("--port", options.port, "Port to listen on (8084)");
    serve->add_option("--data", options.data_folder,
                      "Folder for all that must survive (environment: GENNAKER_DATA)");
    serve->add_option(
        "--store", options.store,
        "Where executions and configurations are kept: postgresql://user:password@host:port/database,"
        " sqlite:FILE; gennaker.db in the data folder if not given (environment: GENNAKER_STORE)");
    serve->add_option("--config", options.config_file, "Config file")->check(CLI::ExistingFile);
    serve->add_option("--log-level", options.log_level, "trace, debug, info, warning or error")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}));
    serve->callback([this] {
      chosen_.serve = true;
      set_data_folder();
      auto& store = chosen_.serve_options.store;
      if (!store) store = around_.environment("GENNAKER_STORE");
    });
  }

  void set_data_folder() {
    auto& options = chosen_.serve_options;
    if (options.data_folder.empty()) options.data_folder = around_.environment("GENNAKER_DATA").value_or("");
    options.data_folder_given = !options.data_folder.empty();
    if (options.data_folder_given) return;
    const auto share = around_.environment("XDG_DATA_HOME");
    const auto home = around_.environment("HOME");
    if (around_.root || (!share && !home)) {
      options.data_folder = "/var/lib/gennaker";
    } else {
      options.data_folder = share ? *share + "/gennaker" : *home + "/.local/share/gennaker";
    }
  }

  void add_application() {
    auto* application = group("application", "Applications: what deployments belong to");
    command(application, "list", "List applications", list_applications);
    auto* get = command(application, "get", "Show an application",
                        [this](Context& context) { return get_application(context, name_); });
    get->add_option("name", name_, "The application's name")->required();
    auto* save = command(application, "save", "Create an application or change it",
                         [this](Context& context) { return save_application(context, application_); });
    save->add_option("--name", application_.name, "Its name");
    save->add_option("--owner-email", application_.owner_email, "Whom to ask about it");
    save->add_option("--cloud-providers", application_.cloud_providers, "Where it runs, separated by commas");
    save->add_option("--description", application_.description, "What it is");
    save->add_option("-f,--file", application_.file, "JSON file with its attributes; - is standard input");
    auto* remove = command(application, "delete", "Delete an application",
                           [this](Context& context) { return delete_application(context, name_); });
    remove->add_option("name", name_, "The application's name")->required();
  }

  void add_pipeline() {
    auto* pipeline = group("pipeline", "Pipelines: configure, run and watch them");
    need_application(command(pipeline, "list", "List an application's pipelines", [this](Context& context) {
      return list_pipelines(context, pipeline_.application);
    }));
    need_pipeline(command(pipeline, "get", "Print a pipeline's JSON",
                          [this](Context& context) { return get_pipeline(context, pipeline_); }));
    auto* save = command(pipeline, "save", "Create a pipeline or change it",
                         [this](Context& context) { return save_pipeline(context, file_, pipeline_); });
    save->add_option("-f,--file", file_, "The pipeline's JSON; - is standard input")->required();
    save->add_option("-a,--application", pipeline_.application, "In place of the file's");
    save->add_option("-n,--name", pipeline_.name, "In place of the file's");
    need_pipeline(command(pipeline, "delete", "Delete a pipeline",
                          [this](Context& context) { return delete_pipeline(context, pipeline_); }));
    auto* run = command(pipeline, "run", "Start a pipeline", [this](Context& context) {
      auto what = run_;
      what.pipeline = pipeline_;
      return run_pipeline(context, what);
    });
    need_pipeline(run);
    run->add_option("-p,--parameter", run_.parameters, "A parameter as key=value; may be repeated")
        ->expected(1)
        ->take_all();
    run->add_option("--parameter-file", run_.parameter_file,
                    "JSON object of parameters; - is standard input");
    run->add_flag("--watch", run_.watch, "Show its progress until it ends");
    auto* plan = command(pipeline, "plan", "Show what a pipeline would do", [this](Context& context) {
      PipelinePlan what{.run = run_, .file = file_};
      what.run.pipeline = pipeline_;
      return plan_pipeline(context, what);
    });
    plan->add_option("-a,--application", pipeline_.application, "The application's name");
    plan->add_option("-n,--name", pipeline_.name, "The pipeline's name");
    plan->add_option("-f,--file", file_, "The pipeline's JSON, saved or not; - is standard input");
    plan->add_option("-p,--parameter", run_.parameters, "A parameter as key=value; may be repeated")
        ->expected(1)
        ->take_all();
    plan->add_option("--parameter-file", run_.parameter_file,
                     "JSON object of parameters; - is standard input");
    auto* watch = command(pipeline, "watch", "Show the progress of an execution until it ends",
                          [this](Context& context) { return watch_execution(context, name_, Known::yes); });
    watch->add_option("execution", name_, "The execution's id")->required();
  }

  void add_execution() {
    auto* execution = group("execution", "Executions: the runs of pipelines");
    auto* list = command(execution, "list", "List the latest executions", [this](Context& context) {
      auto what = executions_;
      what.pipeline = pipeline_;
      return list_executions(context, what);
    });
    need_application(list);
    list->add_option("-n,--name", pipeline_.name, "Only of this pipeline");
    list->add_option("--limit", executions_.limit, "How many of each pipeline")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    list->add_option("--status", executions_.statuses, "Only these: RUNNING, SUCCEEDED, TERMINAL ...")
        ->delimiter(',');
    auto* get = command(execution, "get", "Show an execution and its stages",
                        [this](Context& context) { return get_execution(context, name_); });
    get->add_option("id", name_, "The execution's id")->required();
    auto* cancel = command(execution, "cancel", "Cancel an execution",
                           [this](Context& context) { return cancel_execution(context, name_, reason_); });
    cancel->add_option("id", name_, "The execution's id")->required();
    cancel->add_option("--reason", reason_, "Why");
    auto* judge = command(execution, "judge", "Answer a manual judgment",
                          [this](Context& context) { return judge_execution(context, judgment_); });
    judge->add_option("id", judgment_.execution_id, "The execution's id")->required();
    judge->add_option("decision", judgment_.decision, "continue or stop")
        ->required()
        ->check(CLI::IsMember({"continue", "stop"}));
    judge->add_option("--input", judgment_.input, "One of the choices that the stage offers");
    judge->add_option("--stage", judgment_.stage, "Name or refId of the stage, when several wait");
  }

  void add_cluster() {
    auto* cluster = group("cluster", "Clusters: what runs where");
    need_application(
        command(cluster, "list", "List an application's server groups",
                [this](Context& context) { return list_clusters(context, pipeline_.application); }));
  }

  void add_lock() {
    auto* lock = group("lock", "Locks: who may change a cluster, and who waits");
    command(lock, "list", "List the locks that are held", list_locks);
    auto* take = command(lock, "break", "Take a lock away from whoever holds it: whoever waits goes on",
                         [this](Context& context) { return break_lock(context, lock_); });
    take->add_option("account", lock_.account, "The cluster's account")->required();
    take->add_option("region", lock_.region, "Its region")->required();
    take->add_option("cluster", lock_.cluster, "Its name, without a number")->required();
    take->add_option("--reason", lock_.reason, "Why; it is kept with your name")->required();
  }

  void add_bake() {
    auto* bake = group("bake", "Bakes: images that are made");
    auto* get = command(bake, "get", "Show how a bake is going, and what it is made from",
                        [this](Context& context) { return get_bake(context, bake_.id); });
    get->add_option("id", bake_.id, "The bake's id")->required();
    auto* log = command(bake, "log", "Print a bake's log",
                        [this](Context& context) { return show_bake_log(context, bake_); });
    log->add_option("id", bake_.id, "The bake's id")->required();
    log->add_flag("--follow", bake_.follow, "Go on until the bake has ended");
  }

  void add_expression() {
    auto* expression = group("expression", "Expressions: ${...} in pipelines");
    auto* test =
        expression->add_subcommand("test", "Run a file of vectors: expressions and what they must give");
    test->fallthrough();
    test->add_option("file", chosen_.vectors, "JSON, see docs/expressions.md; - is standard input")
        ->required();
    auto* explain = command(expression, "explain", "Say what a text's expressions give, and why",
                            [this](Context& context) { return explain_expression(context, explain_); });
    explain->add_option("text", explain_.text, "The text, in single quotes: '${parameters.env}'")->required();
    explain->add_option("--execution", explain_.execution_id, "The execution whose names it uses");
    explain->add_option("--stage", explain_.stage, "The stage that uses it: id, refId or name");
    explain->add_option("--context", explain_.context_file, "JSON file of names, in place of an execution");
  }

  void add_test() {
    auto& options = chosen_.tests;
    auto* test = app_.add_subcommand("test", "Run tests of pipelines; needs no server");
    test->fallthrough();
    test->add_option("path", options.paths, "Files of tests, or folders of files named *.test.yaml")
        ->required();
    test->add_option("--format", options.format, "How the report is written: text, junit or tap")
        ->check(CLI::IsMember({"text", "junit", "tap"}))
        ->capture_default_str();
    test->add_option("--output", options.file, "File for the report, in place of standard output");
    test->add_option("--filter", options.filter, "Only tests whose name contains this text");
    test->add_option("--jobs", options.jobs, "How many tests run at a time")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    test->callback([this] { chosen_.tests.colours = colours() && chosen_.tests.file.empty(); });
  }

  void add_store() {
    auto* store = group("store", "Stores: where a server keeps what must survive; needs no server");
    auto* copy =
        store->add_subcommand("copy", "Copy a store into an empty one, and prove that they are the same");
    copy->fallthrough();
    copy->add_option("from", chosen_.copy.from,
                     "postgresql://user:password@host:port/database or sqlite:FILE")
        ->required();
    copy->add_option("to", chosen_.copy.to, "The same; a file is made when it is missing")->required();
    auto* backup = store->add_subcommand("backup", "Write a backup of an SQLite store; its server may run");
    backup->fallthrough();
    backup->add_option("store", chosen_.backup.store, "sqlite:FILE")->required();
    backup->add_option("file", chosen_.backup.file, "The backup, which must not be there yet")->required();
  }

  void add_completion() {
    auto* completion = app_.add_subcommand("completion", "Print a completion script for a shell");
    completion->fallthrough();
    completion->add_option("shell", chosen_.completion_for, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  static CommandWords words_of(const CLI::App& app, const std::string& name) {
    CommandWords words{.name = name, .description = app.get_description()};
    for (const auto* option : app.get_options()) {
      for (const auto& spelling : option->get_snames())
        words.options.emplace_back("-" + spelling, option->get_description());
      for (const auto& spelling : option->get_lnames())
        words.options.emplace_back("--" + spelling, option->get_description());
    }
    if (name == "completion") words.values = {"bash", "zsh", "fish"};
    if (name == "judge") words.values = {"continue", "stop"};
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      words.commands.push_back(words_of(*command, command->get_name()));
    }
    return words;
  }

  Surroundings& around_;
  CLI::App app_{"Gennaker: continuous delivery in one program that speaks Spinnaker's language", "gennaker"};
  std::string endpoint_, output_ = "table";
  bool no_colour_ = false, quiet_ = false;
  Chosen chosen_;
  std::string name_, file_, reason_;
  ApplicationSave application_;
  PipelineName pipeline_;
  PipelineRun run_;
  ExecutionList executions_;
  Judgment judgment_;
  Explain explain_;
  LockBreak lock_;
  BakeLogQuery bake_;
};

int exit_code(const base::Error& error) {
  if (error.details().contains("usage")) return usage;
  if (is_unreachable(error)) return unreachable;
  return error.kind() == base::Kind::not_found ? not_there : failed;
}

/// What a person can do about it is part of it.
std::string advice(const base::Error& error, const std::string& endpoint) {
  if (!is_unreachable(error)) return "";
  return fmt::format(
      "\nIs the server running at {}? Start it with 'gennaker serve', or name another with --gate-endpoint.",
      net::shown_url(endpoint));
}

int run_command(const CommandLine& line, Surroundings& around) {
  asio::io_context io;
  net::Client client;  // ends its calls before the context that they would resume on
  Gate gate(client, line.endpoint());
  Context context{.gate = gate,
                  .around = around,
                  .format = line.format(),
                  .colours = line.colours(),
                  .quiet = line.quiet()};
  int code = failed;
  std::exception_ptr failure;
  asio::co_spawn(io, line.chosen().command(context), [&](std::exception_ptr error, int result) {
    failure = error;
    code = result;
    io.stop();  // what still listens has nobody to tell
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return code;
}

}  // namespace

int run(std::vector<std::string> arguments, Surroundings& around, const Programs& programs) {
  CommandLine line(around);
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    line.app().parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    const bool help = error.get_exit_code() == 0;
    if (const auto unknown = line.unknown_command(); !help && !unknown.empty()) {
      around.err << unknown << '\n';
    } else {
      line.app().exit(error, around.out, around.err);
    }
    return help ? done : usage;
  }
  try {
    const auto& chosen = line.chosen();
    if (chosen.serve) return programs.serve(chosen.serve_options);
    if (!chosen.vectors.empty()) return programs.test_expressions(chosen.vectors);
    if (!chosen.tests.paths.empty()) return programs.test_pipelines(chosen.tests);
    if (!chosen.copy.from.empty()) return programs.copy_store(chosen.copy);
    if (!chosen.backup.file.empty()) return programs.back_up_store(chosen.backup);
    if (!chosen.completion_for.empty()) {
      around.out << completion_script(line.words(), chosen.completion_for);
      return done;
    }
    return run_command(line, around);
  } catch (const base::Error& error) {
    around.err << "gennaker: " << error.what() << advice(error, line.endpoint()) << '\n';
    return exit_code(error);
  }
}

int run(int argc, char** argv, const Programs& programs) {
  const base::SystemClock clock;
  Surroundings around{.in = std::cin, .out = std::cout, .err = std::cerr, .clock = clock};
  around.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) return std::nullopt;
    return value;
  };
  const auto terminal_kind = around.environment("TERM");
  around.terminal = isatty(STDOUT_FILENO) && terminal_kind && *terminal_kind != "dumb";
  const auto locale = around.environment("LC_ALL").value_or(
      around.environment("LC_CTYPE").value_or(around.environment("LANG").value_or("")));
  around.utf8 = locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  around.root = geteuid() == 0;
  around.size = [] {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return Surroundings::Size();
    return Surroundings::Size{size.ws_col, size.ws_row};
  };
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc), around, programs);
  } catch (const std::exception& error) {
    std::cerr << "gennaker: " << error.what() << '\n';
    return failed;
  }
}

}  // namespace gennaker::cli
