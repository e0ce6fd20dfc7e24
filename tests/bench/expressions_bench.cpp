// How many expressions a second one core evaluates, in a stage with a context of some 20 KB, and what a whole
// such context takes. Beside it, when `./dev bench` could fetch it, Spring's SpEL, which Spinnaker uses.
//
//   expressions_bench [--seconds 1] [--reference COMMAND] [--cases FILE]
//
// COMMAND gets the file of the cases (which --cases keeps) as its last argument, and prints a line a case:
// "<parsed once, evaluations/s> <parsed each time, evaluations/s> <value>".

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <unistd.h>

#include "base/json.h"
#include "expressions/expressions.h"

namespace {

using namespace gennaker;
namespace json = boost::json;

struct Plan {
  double seconds = 1;
  std::string reference, cases;
};

const std::vector<std::string>& typical() {
  static const std::vector<std::string> texts{
      "${parameters.env}",
      "${#stage('Bake').outputs.image}",
      "${parameters.env == 'prod' ? 3 : 1}",
      "${servers.?[region == 'eu-west-1'].![name]}",
      "app-${parameters.env}-${#toInt(parameters.n) + 1}",
      "${cluster.tags['team'].toUpperCase()}",
  };
  return texts;
}

/// What a deployment's stage looks like: some 20 KB of settings, lists and maps.
json::object context_of(int size) {
  json::object context{{"account", "main"}, {"application", "shop"}, {"strategy", "redblack"}};
  context["cluster"] = json::object{{"name", "shop-main"}, {"tags", json::object{{"team", "payments"}}}};
  json::array servers;
  for (int i = 0; i < 20; ++i) {
    servers.push_back(json::object{{"name", fmt::format("shop-main-v{:03}", i)},
                                   {"region", i % 4 == 0 ? "eu-west-1" : "us-east-1"},
                                   {"capacity", json::object{{"min", i}, {"max", i * 2}, {"desired", i}}},
                                   {"disabled", i % 2 == 0}});
  }
  context["servers"] = std::move(servers);
  for (int i = 0; json::serialize(context).size() < static_cast<std::size_t>(size); ++i) {
    context[fmt::format("setting{:03}", i)] =
        json::object{{"description", fmt::format("what the setting number {} of this stage is about", i)},
                     {"value", i * 7},
                     {"enabled", i % 3 == 0},
                     {"groups", json::array{"a", "b", "c"}}};
  }
  return context;
}

model::Execution execution_with(json::object context) {
  model::Execution execution;
  execution.id = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
  execution.application = "shop";
  execution.trigger = {{"type", "manual"}, {"parameters", json::object{{"env", "prod"}, {"n", "41"}}}};
  model::Stage bake{.id = "s1", .ref_id = "1", .type = "bake", .name = "Bake"};
  bake.status = model::Status::succeeded;
  bake.outputs["image"] = "shop-1.4";
  model::Stage deploy{.id = "s2", .ref_id = "2", .type = "deploy", .name = "Deploy", .requisites = {"1"}};
  deploy.context = std::move(context);
  execution.stages = {std::move(bake), std::move(deploy)};
  return execution;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Calls `work` for so long; returns the calls a second of this process's time, which neighbours do not
/// share.
template <class Work>
double rate(double seconds, Work work) {
  for (int i = 0; i < 100; ++i) work();
  std::size_t calls = 0;
  const double begin = cpu_seconds();
  double passed = 0;
  do {
    for (int i = 0; i < 50; ++i) work();
    calls += 50;
    passed = cpu_seconds() - begin;
  } while (passed < seconds);
  return static_cast<double>(calls) / passed;
}

struct Reference {
  double parsed_once = 0, parsed_each_time = 0;
  std::string value;
};

std::vector<Reference> ask_reference(const Plan& plan, const std::string& cases) {
  std::vector<Reference> lines;
  if (plan.reference.empty()) return lines;
  std::FILE* pipe = popen(fmt::format("{} {}", plan.reference, cases).c_str(), "r");
  if (pipe == nullptr) return lines;
  char buffer[4096];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) {
    std::istringstream line(buffer);
    Reference read;
    if (line >> read.parsed_once >> read.parsed_each_time && std::getline(line >> std::ws, read.value))
      lines.push_back(read);
  }
  if (pclose(pipe) != 0) throw std::runtime_error("the reference failed");
  return lines;
}

void write_cases(const std::string& file, const model::Execution& execution, double seconds) {
  json::array texts;
  for (const std::string& text : typical()) texts.push_back(json::value(text));
  json::object root = execution.stages[1].context;
  root["trigger"] = execution.trigger;
  root["parameters"] = execution.trigger.at("parameters");
  const json::object cases{
      {"texts", std::move(texts)},
      {"seconds", seconds},
      {"stages", json::object{{"Bake", json::object{{"outputs", execution.stages[0].outputs}}}}},
      {"root", std::move(root)}};
  std::ofstream(file) << json::serialize(cases);
}

void measure_texts(const Plan& plan, const model::Execution& execution,
                   const std::vector<Reference>& reference) {
  fmt::print("{:<52} {:>12} {:>14} {:>16} {:>6}\n", "evaluations a second on one core", "Gennaker",
             "SpEL, parsed", "SpEL, parsed", "");
  fmt::print("{:<52} {:>12} {:>14} {:>16} {:>6}\n", "", "", "once", "each time", "ratio");
  const auto subject = expressions::of_stage(execution, execution.stages[1]);
  for (std::size_t i = 0; i < typical().size(); ++i) {
    const std::string& text = typical()[i];
    const auto first = expressions::evaluate_text(text, subject);
    if (!first.summary.empty()) throw std::runtime_error(text + " fails: " + json::serialize(first.summary));
    const double ours = rate(plan.seconds, [&] { (void)expressions::evaluate_text(text, subject); });
    if (i >= reference.size()) {
      fmt::print("{:<52} {:>12.0f}\n", text, ours);
      continue;
    }
    const Reference& other = reference[i];
    if (other.value != json::serialize(first.value))
      throw std::runtime_error(
          fmt::format("{}: {} here, {} there", text, json::serialize(first.value), other.value));
    fmt::print("{:<52} {:>12.0f} {:>14.0f} {:>16.0f} {:>6.2f}\n", text, ours, other.parsed_once,
               other.parsed_each_time, ours / other.parsed_each_time);
  }
}

/// A whole context, as it is looked at before each task: most of it plain, and with the typical expressions
/// in it.
void measure_document(const Plan& plan) {
  json::object context = context_of(20'000);
  for (std::size_t i = 0; i < typical().size(); ++i) context[fmt::format("text{}", i)] = typical()[i];
  const model::Execution execution = execution_with(context);
  const auto subject = expressions::of_stage(execution, execution.stages[1]);
  const std::size_t bytes = json::serialize(context).size();
  const double whole = rate(plan.seconds, [&] { (void)expressions::evaluate(context, subject); });
  fmt::print("a whole context of {} bytes with {} expressions: {:.0f}/s, {:.1f} us each\n", bytes,
             typical().size(), whole, 1e6 / whole);
  const json::object plain = context_of(20'000);
  const double look = rate(plan.seconds, [&] { (void)expressions::has_expression(plain); });
  fmt::print("a look whether one has any expression: {:.0f}/s\n", look);
}

void measure(const Plan& plan) {
  const model::Execution execution = execution_with(context_of(20'000));
  const bool temporary = plan.cases.empty();
  const std::string file =
      temporary
          ? (std::filesystem::temp_directory_path() / fmt::format("gennaker-expressions-{}.json", getpid()))
                .string()
          : plan.cases;
  write_cases(file, execution, plan.seconds);
  const std::vector<Reference> reference = ask_reference(plan, file);
  if (temporary) std::filesystem::remove(file);
  measure_texts(plan, execution, reference);
  measure_document(plan);
}

}  // namespace

int main(int count, char** arguments) {
  Plan plan;
  CLI::App app("Expressions a second, beside Spring's SpEL");
  app.add_option("--seconds", plan.seconds, "for each text")->check(CLI::PositiveNumber);
  app.add_option("--reference", plan.reference, "a command that evaluates the same");
  app.add_option("--cases", plan.cases, "keeps what is evaluated in this file");
  CLI11_PARSE(app, count, arguments);
  try {
    measure(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "expressions_bench: {}\n", error.what());
    return 1;
  }
}
