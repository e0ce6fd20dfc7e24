// Throws texts at the ${...} language: whatever is written in a pipeline must give a value or an error, in
// bounded time and memory. Run it with ./dev fuzz expressions.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include "expressions/expressions.h"
#include "model/execution_json.h"

namespace {

using namespace gennaker;
namespace json = boost::json;

constexpr std::string_view header = R"({
  "id": "e1", "type": "PIPELINE", "application": "shop", "name": "Deploy", "status": "RUNNING", "startTime": 1700000000000,
  "authentication": {"user": "ann", "allowedAccounts": ["local"]},
  "trigger": {"type": "docker", "user": "ann", "tag": "1.4", "repository": "shop/web",
    "parameters": {"env": "prod", "n": "3", "empty": "", "flag": true},
    "artifacts": [{"type": "docker/image", "name": "web", "version": "1.4", "reference": "web:1.4"}],
    "resolvedExpectedArtifacts": [{"id": "x", "boundArtifact": {"type": "docker/image", "name": "web"}}]}})";

constexpr std::string_view stages = R"([
  {"id": "s1", "refId": "1", "type": "bake", "name": "Bake", "status": "SUCCEEDED", "context": {"region": "here"},
   "outputs": {"image": "web-7", "artifacts": [{"type": "docker/image", "name": "web"}], "amis": ["a", "b"]}},
  {"id": "s2", "refId": "2", "type": "deploy", "name": "Deploy", "status": "SUCCEEDED", "requisiteStageRefIds": ["1"],
   "context": {"region": "here", "account": "local", "deploy.server.groups": {"here": ["shop-v001"]},
     "kato.tasks": [{"resultObjects": [{"deployments": [1, 2]}]}]}, "outputs": {}},
  {"id": "s3", "refId": "3", "type": "manualJudgment", "name": "Judge", "status": "SUCCEEDED", "requisiteStageRefIds": ["2"],
   "context": {"judgmentInput": "yes"}, "outputs": {}},
  {"id": "s4", "refId": "4", "type": "wait", "name": "Now", "status": "RUNNING", "requisiteStageRefIds": ["3"],
   "context": {"t": "text", "u": "\u00e9\ud83d\ude00", "e": "", "n": 5, "big": 9007199254740993, "d": 1.5, "z": -0.0, "b": true,
     "nothing": null, "l": [3, 1, 2], "ll": [[1], [2, [3]]], "s": ["a", "b", "a"], "m": {"a": 1, "b": {"c": "x"}, "c d": [1]},
     "o": [{"k": 1, "v": "x"}, {"k": 2, "v": "y"}], "date": "2024-02-29", "json": "{\"a\": [1, 2.5, null]}",
     "yaml": "a: 1\nb: [x, y]\n"}, "outputs": {}}])";

model::Execution read_execution() {
  model::Execution execution = model::execution_from_json(json::parse(header).as_object());
  const json::value list = json::parse(stages);
  for (const json::value& stage : list.as_array())
    execution.stages.push_back(model::stage_from_json(stage.as_object()));
  return execution;
}

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void evaluate(const std::string& text, const expressions::Subject& subject,
              const expressions::Options& options) {
  const auto broken = expressions::check_syntax(text);
  const auto evaluation = expressions::evaluate_text(text, subject, options);
  if (broken) must(evaluation.value == json::value(text), "what cannot be parsed stays as it is written");
  if (broken) must(!evaluation.summary.empty(), "what cannot be parsed is reported");
  json::serialize(evaluation.value);
  json::serialize(evaluation.summary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::Execution execution = read_execution();
  static const expressions::Answers answers{
      {{expressions::Question::Kind::url, "https://example.com/a", ""}, {json::value("{\"a\": [1, 2]}"), ""}},
      {{expressions::Question::Kind::pipeline_id, "Deploy", "shop"}, {json::value("p1"), ""}}};
  std::string text(reinterpret_cast<const char*>(data), size);
  if (!expressions::has_expression(text)) text = "${" + text + "}";
  const auto subject = expressions::of_stage(execution, execution.stages.back());
  expressions::Options options;
  options.now = base::from_millis(1'700'000'000'000);
  options.seed = 7;
  options.answers = &answers;
  evaluate(text, subject, options);
  // As a pipeline's start does, and as the page asks why: each on some of the inputs, to save time.
  if (size % 4 == 1) {
    options.allow_unknown_keys = false;
    evaluate(text, expressions::of_names(execution.stages.back().context), options);
  }
  if (size % 4 == 2) {
    for (const auto& explanation : expressions::explain(text, subject, options))
      json::serialize(explanation.value);
    expressions::stages_named_in(text);
  }
  return 0;
}
