#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/text.h"

namespace gennaker::cli {
namespace {

using model::Execution;
using model::Stage;
using model::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

base::TimePoint at(int ms) {
  return base::from_millis(1'700'000'000'000 + ms);
}

Stage stage(const std::string& ref, const std::string& name, Status status) {
  Stage stage{.id = "id-" + ref, .ref_id = ref, .type = "wait", .name = name, .status = status};
  if (status != Status::not_started) stage.start_time = at(1000);
  if (model::is_complete(status)) stage.end_time = at(3500);
  return stage;
}

Stage under(const std::string& parent, Stage stage, const std::string& task, const std::string& waiting) {
  stage.owner = model::Owner::before;
  stage.parent_id = "id-" + parent;
  if (!task.empty()) stage.tasks.push_back({.id = "1", .name = task, .status = stage.status});
  if (!waiting.empty()) stage.context["waitingFor"] = waiting;
  return stage;
}

Execution deployment() {
  Execution execution{.id = "01HX", .application = "demo", .name = "deploy"};
  execution.build_time = at(0);
  execution.start_time = at(500);
  execution.status = Status::running;
  execution.stages = {
      stage("1", "Bake", Status::succeeded), stage("2", "Deploy", Status::running),
      under("2", stage("2<1", "Resize", Status::running), "waitForUpInstances", "2 of 3 healthy"),
      stage("3", "Check", Status::not_started)};
  return execution;
}

TEST(ProgressBlock, ShowsEachStageOnOneLine) {
  EXPECT_EQ(progress_block(deployment(), at(42'600), {.width = 80, .url = "http://h/ui/x"}),
            "demo · deploy  RUNNING  42s\n"
            "http://h/ui/x\n"
            " ✔ Bake       2.5s\n"
            " ⠋ Deploy      41s  Resize · wait for up instances: 2 of 3 healthy\n"
            " · Check\n");
}

TEST(ProgressBlock, DoesWithoutUtf8) {
  EXPECT_EQ(progress_block(deployment(), at(42'600), {.width = 80, .utf8 = false, .frame = 1, .notice = "n"}),
            "demo - deploy  RUNNING  42s\n"
            " + Bake       2.5s\n"
            " / Deploy      41s  Resize - wait for up instances: 2 of 3 healthy\n"
            " . Check\n"
            "n\n");
}

TEST(ProgressBlock, ColoursWithoutChangingTheText) {
  const ProgressStyle style{.width = 80, .colours = true};
  auto text = progress_block(deployment(), at(42'600), style);
  EXPECT_THAT(text, HasSubstr("\x1b[32m✔\x1b[0m"));
  for (std::size_t begin; (begin = text.find("\x1b[")) != std::string::npos;) {
    text.erase(begin, text.find('m', begin) - begin + 1);
  }
  EXPECT_EQ(text, progress_block(deployment(), at(42'600), {.width = 80}));
}

TEST(ProgressBlock, FitsWhateverTheTerminal) {
  auto execution = deployment();
  execution.name = std::string(300, 'n');
  execution.stages[1].name = "a name with a\nline break and \x1b[31mmore " + std::string(100, 'x');
  for (int i = 0; i < 50; ++i)
    execution.stages.push_back(stage(std::to_string(10 + i), "Later", Status::not_started));
  for (const int width : {21, 40, 80, 200}) {
    for (const int height : {8, 24, 100}) {
      const auto text = progress_block(execution, at(42'600),
                                       {.width = width, .height = height, .url = std::string(300, 'u')});
      int lines = 0;
      for (std::size_t begin = 0; begin < text.size(); ++lines) {
        const auto end = text.find('\n', begin);
        ASSERT_LT(width_of(text.substr(begin, end - begin)), static_cast<std::size_t>(width)) << text;
        begin = end + 1;
      }
      EXPECT_LT(lines, height) << text;
      EXPECT_EQ(text.find('\x1b'), std::string::npos) << "a name must not steer the terminal";
    }
  }
}

TEST(ProgressBlock, KeepsTheActiveStageInView) {
  auto execution = deployment();
  execution.stages.clear();
  for (int i = 0; i < 60; ++i) {
    const auto status = i < 30 ? Status::succeeded : i == 30 ? Status::running : Status::not_started;
    execution.stages.push_back(stage(std::to_string(i), fmt::format("Stage {}", i), status));
  }
  const auto text = progress_block(execution, at(42'600), {.width = 80, .height = 15});
  EXPECT_THAT(text, HasSubstr("(29 before)"));
  EXPECT_THAT(text, HasSubstr("Stage 30 "));
  EXPECT_THAT(text, HasSubstr(" more)"));
}

TEST(ProgressBlock, SaysHowToJudge) {
  auto execution = deployment();
  execution.stages[3].type = "manualJudgment";
  EXPECT_THAT(progress_block(execution, at(5000), {}), Not(HasSubstr("judge")));
  execution.stages[3].status = Status::running;
  EXPECT_THAT(progress_block(execution, at(5000), {}),
              HasSubstr("gennaker execution judge 01HX continue|stop\n"));
}

TEST(ProgressBlock, SaysWhyAStageFailed) {
  auto execution = deployment();
  execution.stages[1].status = Status::terminal;
  execution.stages[2].status = Status::terminal;
  execution.stages[2].context =
      boost::json::parse(R"({"exception":{"details":{"error":"x","errors":["no image 'a'"]}}})").as_object();
  EXPECT_THAT(progress_block(execution, at(5000), {}), HasSubstr("✘ Deploy"));
  EXPECT_THAT(progress_block(execution, at(5000), {}), HasSubstr("Resize: no image 'a'\n"));
  EXPECT_THAT(failures(execution), ElementsAre("Deploy: Resize: no image 'a'"));
}

TEST(StageLines, EndEvenWhenStagesFormALoop) {
  auto execution = deployment();
  execution.stages[2].parent_id = execution.stages[2].id;
  EXPECT_EQ(stage_lines(execution).size(), 3u);
}

TEST(Transitions, AreOneLineEach) {
  const auto first = deployment();
  EXPECT_THAT(transitions(nullptr, first, at(5000)),
              ElementsAre("[    0.0s] demo deploy: RUNNING", "[    0.5s] Deploy: RUNNING",
                          "[    3.0s] Bake: SUCCEEDED after 2.5s"));
  EXPECT_TRUE(transitions(&first, first, at(6000)).empty());
  auto last = first;
  last.status = Status::succeeded;
  last.end_time = at(9000);
  last.stages[1] = stage("2", "Deploy", Status::succeeded);
  last.stages[3] = stage("3", "Check", Status::skipped);
  EXPECT_THAT(transitions(&first, last, at(10'000)),
              ElementsAre("[    3.0s] Deploy: SUCCEEDED after 2.5s", "[    3.0s] Check: SKIPPED after 2.5s",
                          "[    8.5s] demo deploy: SUCCEEDED"));
}

}  // namespace
}  // namespace gennaker::cli
