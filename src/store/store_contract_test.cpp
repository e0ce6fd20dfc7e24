#include "store/store_contract.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::store {
namespace {

using base::Error;
using base::Kind;
using model::Detail;
using model::ExecutionType;
using model::Status;

constexpr base::TimePoint noon = base::TimePoint(std::chrono::milliseconds(1'700'000'000'000));

struct Sample {
  std::string id;
  std::string application = "shop";
  std::string config = "deploy";
  int minute = 0;
  Status status = Status::succeeded;
  ExecutionType type = ExecutionType::pipeline;
  std::string correlation = {};
};

model::Execution sample(const Sample& wanted) {
  model::Execution execution;
  execution.id = wanted.id;
  execution.type = wanted.type;
  execution.application = wanted.application;
  execution.name = "Deploy";
  execution.pipeline_config_id = wanted.config;
  execution.build_time = noon + std::chrono::minutes(wanted.minute);
  execution.status = wanted.status;
  if (!wanted.correlation.empty()) execution.trigger["correlationId"] = wanted.correlation;
  execution.extra["unknownField"] = "kept";
  return execution;
}

model::Stage stage(const std::string& id, const std::string& ref_id, int ordinal) {
  model::Stage stage;
  stage.id = id;
  stage.ref_id = ref_id;
  stage.type = "wait";
  stage.name = "Wait " + ref_id;
  stage.ordinal = ordinal;
  stage.context["waitTime"] = 3;
  stage.outputs["answer"] = 42;
  stage.tasks.push_back({.id = "1", .name = "wait", .implementation = "wait"});
  return stage;
}

Document document(const std::string& id, const std::string& scope, int value) {
  return {.kind = "pipeline",
          .id = id,
          .scope = scope,
          .updated_at = noon,
          .updated_by = "ada",
          .body = {{"value", value}}};
}

Changes with(Document document) {
  Changes changes;
  changes.documents.push_back(std::move(document));
  return changes;
}

Changes removal_of(const std::string& id) {
  Document gone = document(id, "shop", 0);
  gone.removed = true;
  return with(gone);
}

FeedEntry news(const std::string& subject) {
  return {.at = noon, .kind = "execution", .application = "shop", .subject = subject, .body = "{}"};
}

Changes with_news(const std::string& subject) {
  Changes changes;
  changes.feed.push_back(news(subject));
  return changes;
}

std::vector<std::string> ids_of(const std::vector<model::Execution>& executions) {
  std::vector<std::string> ids;
  for (const auto& execution : executions) ids.push_back(execution.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST_P(StoreContract, GivesBackWhatItWasGiven) {
  model::Execution execution = sample({.id = "e1", .status = Status::running});
  execution.stages = {stage("s1", "1", 0), stage("s2", "2", 1)};
  model::Stage before = stage("s3", "2<1", 1);
  before.owner = model::Owner::before;
  before.parent_id = "s2";
  execution.stages.push_back(before);
  commit(changes_for(execution));

  const auto loaded = result_of(store().execution("e1"));
  ASSERT_TRUE(loaded);
  model::sort_for_display(execution.stages);
  EXPECT_EQ(base::to_text(model::to_json(*loaded)), base::to_text(model::to_json(execution)));
  ASSERT_EQ(loaded->stages.size(), 3U);
  EXPECT_EQ(loaded->stages[1].id, "s3") << "a synthetic stage stands before its parent";
  EXPECT_EQ(loaded->stages[2].ordinal, 1);
  EXPECT_FALSE(result_of(store().execution("e2")));
}

TEST_P(StoreContract, ReplacesRowsThatAreThere) {
  model::Execution execution = sample({.id = "e1", .status = Status::running});
  execution.stages = {stage("s1", "1", 0)};
  commit(changes_for(execution));
  execution.status = Status::succeeded;
  execution.end_time = noon;
  execution.stages[0].outputs["answer"] = 43;
  commit(changes_for(execution));

  const auto loaded = result_of(store().execution("e1"));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->status, Status::succeeded);
  EXPECT_EQ(loaded->end_time, noon);
  ASSERT_EQ(loaded->stages.size(), 1U);
  EXPECT_EQ(loaded->stages[0].outputs.at("answer"), 43);
}

TEST_P(StoreContract, RemovesStagesAndExecutions) {
  model::Execution execution = sample({.id = "e1"});
  execution.stages = {stage("s1", "1", 0), stage("s2", "2", 1)};
  commit(changes_for(execution));
  commit(changes_for(sample({.id = "e2"})));

  Changes without_stage;
  without_stage.removed_stages = {"s1", "never there"};
  commit(std::move(without_stage));
  ASSERT_EQ(result_of(store().execution("e1"))->stages.size(), 1U);
  EXPECT_EQ(result_of(store().execution("e1"))->stages[0].id, "s2");

  Changes without_execution;
  without_execution.removed_executions = {"e1"};
  commit(std::move(without_execution));
  EXPECT_FALSE(result_of(store().execution("e1")));
  EXPECT_TRUE(result_of(store().execution("e2")));

  // Its stages went with it: their ids are free again.
  model::Execution again = sample({.id = "e3"});
  again.stages = {stage("s2", "1", 0)};
  commit(changes_for(again));
  EXPECT_EQ(result_of(store().execution("e3"))->stages.size(), 1U);
}

TEST_P(StoreContract, RefusesAStageWithoutItsExecution) {
  Changes changes = with(document("d1", "shop", 1));
  changes.stages.push_back(row_of(sample({.id = "nowhere"}), stage("s1", "1", 0)));
  EXPECT_EQ(failure_of([&] { commit(changes); }).kind, Kind::invalid);
  EXPECT_FALSE(result_of(store().document("pipeline", "d1"))) << "all or nothing";
}

TEST_P(StoreContract, ListsWithoutContents) {
  model::Execution execution = sample({.id = "e1"});
  execution.stages = {stage("s1", "1", 0)};
  commit(changes_for(execution));
  const auto outlines = result_of(store().executions({}, Detail::outline));
  ASSERT_EQ(outlines.size(), 1U);
  ASSERT_EQ(outlines[0].stages.size(), 1U);
  EXPECT_EQ(outlines[0].stages[0].name, "Wait 1");
  EXPECT_TRUE(outlines[0].stages[0].context.empty());
  EXPECT_TRUE(outlines[0].stages[0].tasks.empty());
  const auto full = result_of(store().executions({}, Detail::full));
  EXPECT_EQ(full[0].stages[0].context.at("waitTime"), 3);
  EXPECT_EQ(full[0].stages[0].tasks.size(), 1U);
}

struct ListCase {
  std::string_view name;
  ExecutionQuery query;
  Ids expected;
};

TEST_P(StoreContract, ListsWhatIsAskedForInOrder) {
  const std::array samples{
      Sample{.id = "a", .minute = 1},
      Sample{.id = "b", .config = "bake", .minute = 2, .status = Status::running},
      Sample{.id = "d", .minute = 3, .status = Status::terminal, .correlation = "c-1"},
      Sample{.id = "c", .minute = 3, .status = Status::not_started},
      Sample{.id = "e", .application = "mail", .config = "post", .minute = 4, .correlation = "c-1"},
      Sample{.id = "f", .config = "", .minute = 5, .type = ExecutionType::orchestration},
  };
  for (const Sample& wanted : samples) commit(changes_for(sample(wanted)));

  const auto at = [](int minute) { return noon + std::chrono::minutes(minute); };
  const std::vector<ListCase> cases{
      {"all", {}, {"f", "e", "d", "c", "b", "a"}},
      {"oldest first", {.oldest_first = true}, {"a", "b", "c", "d", "e", "f"}},
      {"a page", {.offset = 1, .limit = 2}, {"e", "d"}},
      {"beyond the end", {.offset = 10}, {}},
      {"an application", {.application = "shop"}, {"f", "d", "c", "b", "a"}},
      {"an unknown application", {.application = "nope"}, {}},
      {"a type", {.type = ExecutionType::pipeline, .application = "shop"}, {"d", "c", "b", "a"}},
      {"a configuration", {.pipeline_config_ids = {"deploy"}}, {"d", "c", "a"}},
      {"two configurations", {.pipeline_config_ids = {"deploy", "bake"}, .limit = 3}, {"d", "c", "b"}},
      {"two, second page", {.pipeline_config_ids = {"deploy", "bake"}, .offset = 2}, {"b", "a"}},
      {"a configuration named twice", {.pipeline_config_ids = {"bake", "bake"}}, {"b"}},
      {"of another application", {.application = "mail", .pipeline_config_ids = {"bake"}}, {}},
      {"statuses", {.statuses = {Status::terminal, Status::running}}, {"d", "b"}},
      {"unfinished", {.statuses = {Status::not_started, Status::running}}, {"c", "b"}},
      {"unfinished of one", {.pipeline_config_ids = {"deploy"}, .statuses = {Status::not_started}}, {"c"}},
      {"a time", {.built_from = at(2), .built_to = at(3)}, {"d", "c", "b"}},
      {"a cause", {.correlation_id = "c-1"}, {"e", "d"}},
      {"a cause and more", {.application = "shop", .correlation_id = "c-1"}, {"d"}},
      {"a cause in one", {.pipeline_config_ids = {"post"}, .correlation_id = "c-1"}, {"e"}},
      {"a cause, unfinished", {.statuses = {Status::running}, .correlation_id = "c-1"}, {}},
  };
  for (const ListCase& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(ids_of(result_of(store().executions(test.query, Detail::outline))), test.expected);
  }
  EXPECT_EQ(result_of(store().unfinished_executions()), (Ids{"b", "c"}));
}

TEST_P(StoreContract, ForgetsThatAnExecutionWasUnfinished) {
  commit(changes_for(sample({.id = "e1", .status = Status::running})));
  EXPECT_EQ(result_of(store().unfinished_executions()), Ids{"e1"});
  commit(changes_for(sample({.id = "e1", .status = Status::canceled})));
  EXPECT_EQ(result_of(store().unfinished_executions()), Ids{});
}

TEST_P(StoreContract, KeepsTheHistoryOfDocuments) {
  commit(with(document("d1", "shop", 1)));
  commit(with(document("d1", "shop", 2)));
  const auto current = result_of(store().document("pipeline", "d1"));
  ASSERT_TRUE(current);
  EXPECT_EQ(current->version, 2);
  EXPECT_EQ(current->body.at("value"), 2);
  EXPECT_EQ(current->updated_by, "ada");
  EXPECT_EQ(current->updated_at, noon);
  EXPECT_FALSE(result_of(store().document("application", "d1"))) << "the kind is part of the name";

  const auto history = result_of(store().history("pipeline", "d1", 10));
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].version, 2);
  EXPECT_EQ(history[1].body.at("value"), 1);
  EXPECT_EQ(result_of(store().history("pipeline", "d1", 1)).size(), 1U);
}

TEST_P(StoreContract, RemovesDocumentsButNotTheirHistory) {
  commit(with(document("d1", "shop", 1)));
  commit(removal_of("d1"));
  commit(removal_of("never there"));
  EXPECT_FALSE(result_of(store().document("pipeline", "d1")));
  EXPECT_TRUE(result_of(store().documents("pipeline", std::nullopt)).empty());
  const auto history = result_of(store().history("pipeline", "d1", 10));
  ASSERT_EQ(history.size(), 2U);
  EXPECT_TRUE(history[0].removed);
  EXPECT_TRUE(history[0].body.empty());
  EXPECT_TRUE(result_of(store().history("pipeline", "never there", 10)).empty());

  commit(with(document("d1", "shop", 3)));
  EXPECT_EQ(result_of(store().document("pipeline", "d1"))->version, 3) << "versions go on";
}

TEST_P(StoreContract, ListsDocumentsById) {
  commit(with(document("b", "shop", 1)));
  commit(with(document("a", "mail", 1)));
  commit(with(document("c", "shop", 1)));
  commit(with(document("c", "mail", 2)));
  const auto ids = [&](const std::string& kind, std::optional<std::string> scope = std::nullopt) {
    Ids found;
    for (const auto& document : result_of(store().documents(kind, std::move(scope))))
      found.push_back(document.id);
    return found;
  };
  EXPECT_EQ(ids("pipeline"), (Ids{"a", "b", "c"}));
  EXPECT_EQ(ids("pipeline", "mail"), (Ids{"a", "c"})) << "a document can move";
  EXPECT_EQ(ids("pipeline", "shop"), Ids{"b"});
  EXPECT_EQ(ids("application"), Ids{});
}

TEST_P(StoreContract, HoldsExpectedVersions) {
  const auto guarded = [](int value, std::int64_t version) {
    Changes changes = with(document("d1", "shop", value));
    changes.expected.push_back({"pipeline", "d1", version});
    changes.feed.push_back(news("d1"));
    return changes;
  };
  EXPECT_EQ(failure_of([&] { commit(guarded(1, 1)); }).kind, Kind::conflict) << "not there yet";
  commit(guarded(1, 0));
  EXPECT_EQ(failure_of([&] { commit(guarded(2, 0)); }).kind, Kind::conflict) << "there already";
  commit(guarded(2, 1));
  EXPECT_EQ(failure_of([&] { commit(guarded(3, 1)); }).kind, Kind::conflict) << "somebody was faster";
  EXPECT_EQ(result_of(store().document("pipeline", "d1"))->body.at("value"), 2);
  EXPECT_EQ(result_of(store().feed(0, 10)).size(), 2U) << "refused changes leave no news";
  commit(removal_of("d1"));
  commit(guarded(4, 0));
  EXPECT_EQ(result_of(store().document("pipeline", "d1"))->version, 4);
}

TEST_P(StoreContract, FeedIsInOrderAndContinues) {
  EXPECT_TRUE(result_of(store().feed(0, 10)).empty());
  EXPECT_EQ(result_of(store().feed_range()).newest, 0U);
  Changes two = with_news("a");
  two.feed.push_back(news("b"));
  commit(std::move(two));
  commit(with_news("c"));

  const auto all = result_of(store().feed(0, 10));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].subject + all[1].subject + all[2].subject, "abc");
  EXPECT_LT(all[0].sequence, all[1].sequence);
  EXPECT_EQ(all[0].at, noon);
  const auto later = result_of(store().feed(all[0].sequence, 1));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].sequence, all[1].sequence);
  const auto range = result_of(store().feed_range());
  EXPECT_EQ(range.oldest, all.front().sequence);
  EXPECT_EQ(range.newest, all.back().sequence);
}

TEST_P(StoreContract, KeepsACommandUntilItIsAnswered) {
  int told = 0;
  store().watch({.mail = [&told] { ++told; }, .inherited = {}, .lost = {}});
  commit(changes_for(sample({.id = "a"})));
  Changes asked;
  asked.commands = {{.id = "1", .execution_id = "a", .event = R"({"type":"cancel"})", .slot_of = "deploy"},
                    {.id = "2", .execution_id = "a", .event = "{}", .slot_of = ""}};
  commit(asked);
  commit(asked);  // whoever does not know whether it was written writes it again
  const auto open = result_of(store().commands());
  ASSERT_EQ(open.size(), 2);
  EXPECT_EQ(open[0].id, "1");
  EXPECT_EQ(open[0].execution_id, "a");
  EXPECT_EQ(open[0].event, R"({"type":"cancel"})");
  EXPECT_EQ(open[0].slot_of, "deploy");
  EXPECT_EQ(result_of(store().starting("deploy")), std::vector<std::string>{"a"});
  EXPECT_TRUE(result_of(store().starting("another")).empty());
  EXPECT_TRUE(result_of(store().answers({"1", "2"})).empty());

  Changes answered;
  answered.answers = {{.command_id = "1", .refusal = R"({"kind":"conflict"})"}};
  commit(answered);
  commit(asked);
  ASSERT_EQ(result_of(store().commands()).size(), 1);
  EXPECT_EQ(result_of(store().commands())[0].id, "2");
  EXPECT_TRUE(result_of(store().starting("deploy")).empty());
  const auto answers = result_of(store().answers({"1", "2", "3"}));
  ASSERT_EQ(answers.size(), 1);
  EXPECT_EQ(answers[0].command_id, "1");
  EXPECT_EQ(answers[0].refusal, R"({"kind":"conflict"})");
  close();  // what tells of mail does so behind the answer
  EXPECT_GE(told, 4);
}

TEST_P(StoreContract, ANameIsHeldByOne) {
  const auto claimed = [this](const std::string& id, const std::string& expected) {
    Changes changes = changes_for(sample({.id = id}));
    changes.claims = {{.name = "turn", .expected = expected, .holder = "for " + id, .execution_id = id}};
    return changes;
  };
  EXPECT_EQ(result_of(store().holder("turn")), "");
  commit(claimed("a", ""));
  commit(claimed("a", ""));  // it has it already
  EXPECT_EQ(result_of(store().holder("turn")), "for a");
  try {
    commit(claimed("b", ""));
    FAIL() << "two hold one name";
  } catch (const ClaimTaken& taken) {
    EXPECT_EQ(taken.name(), "turn");
    EXPECT_EQ(taken.kind(), Kind::conflict);
  }
  EXPECT_FALSE(result_of(store().execution("b"))) << "all or nothing";
  commit(claimed("b", "for a"));
  EXPECT_EQ(result_of(store().holder("turn")), "for b");
  Changes more;
  for (const char* name : {"lock/b", "lock/a", "locks"}) more.claims.push_back({name, "", "c", ""});
  commit(more);
  const std::vector<Claim> locks = result_of(store().claims("lock/"));
  ASSERT_EQ(locks.size(), 2);
  EXPECT_EQ(locks[0].name, "lock/a");
  EXPECT_EQ(locks[1].holder, "c");
  EXPECT_EQ(result_of(store().claims("turn")).at(0).execution_id, "b");
  Changes removed;
  removed.removed_executions = {"b"};
  commit(removed);
  EXPECT_EQ(result_of(store().holder("turn")), "") << "it goes with its execution";
  Changes freed;
  freed.claims = {{"lock/a", "c", "", ""}, {"lock/never", "", "", ""}};
  commit(freed);
  commit(freed);
  ASSERT_EQ(result_of(store().claims("lock/")).size(), 1) << "what nobody holds is gone";
  EXPECT_EQ(result_of(store().claims("lock/"))[0].name, "lock/b");
  freed.claims = {{"lock/b", "somebody else", "", ""}};
  EXPECT_THROW(commit(freed), ClaimTaken);
}

TEST_P(StoreContract, AnExecutionIsItsServersOwn) {
  commit(changes_for(sample({.id = "a", .status = Status::running})));
  EXPECT_EQ(result_of(store().lease_on("a")), store().lease());
  EXPECT_TRUE(result_of(store().lease_on("unknown")));
  EXPECT_EQ(result_of(store().unfinished_executions()), std::vector<std::string>{"a"});
}

TEST_P(DurableStoreContract, FeedGoesOnAfterClosing) {
  commit(with_news("a"));
  const auto before = result_of(store().feed_range());
  close();
  open();
  commit(with_news("b"));
  EXPECT_EQ(result_of(store().feed(before.newest, 10)).at(0).subject, "b");
}

TEST_P(StoreContract, TellsListenersWhatWasCommitted) {
  std::mutex mutex;
  std::vector<FeedEntry> heard;
  store().on_feed([&](const std::vector<FeedEntry>& entries) {
    const std::lock_guard lock(mutex);
    heard.insert(heard.end(), entries.begin(), entries.end());
  });
  commit(with_news("a"));
  commit(with(document("d1", "shop", 1)));
  Changes refused = with_news("refused");
  refused.expected.push_back({"pipeline", "d1", 7});
  EXPECT_EQ(failure_of([&] { commit(refused); }).kind, Kind::conflict);
  commit(with_news("b"));

  const std::lock_guard lock(mutex);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[1].subject, "b");
  EXPECT_EQ(heard[1].sequence, result_of(store().feed_range()).newest);
}

Async<void> commit_one(Store& store, std::string id, bool fails, std::atomic<int>& refused) {
  Changes changes = with(document(id, "shop", 1));
  changes.feed.push_back(news(id));
  if (fails) changes.expected.push_back({"pipeline", "nobody", 1});
  try {
    co_await store.commit(std::move(changes));
  } catch (const Error&) {
    ++refused;
  }
}

TEST_P(DurableStoreContract, RefusalsDoNotTouchTheOthersOfTheirBatch) {
  constexpr int threads = 4, each = 100;
  std::atomic<int> refused = 0;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      base::asio::io_context context;
      for (int i = 0; i < each; ++i) {
        auto one = commit_one(store(), fmt::format("d{:03}", t * each + i), i % 5 == 0, refused);
        base::asio::co_spawn(context, std::move(one), base::asio::detached);
      }
      context.run();
    });
  }
  for (auto& thread : running) thread.join();
  EXPECT_EQ(refused, threads * each / 5);
  const auto stored = result_of(store().documents("pipeline", std::nullopt));
  EXPECT_EQ(stored.size(), static_cast<std::size_t>(threads * each * 4 / 5));
  for (const auto& document : stored) EXPECT_NE(std::stoi(document.id.substr(1)) % 5, 0);
  const auto feed = result_of(store().feed(0, 10'000));
  EXPECT_EQ(feed.size(), stored.size());
}

TEST_P(DurableStoreContract, IsThereAgainAfterClosing) {
  model::Execution execution = sample({.id = "e1", .status = Status::running});
  execution.stages = {stage("s1", "1", 0)};
  commit(changes_for(execution));
  commit(with(document("d1", "shop", 1)));
  close();
  open();
  EXPECT_EQ(result_of(store().execution("e1"))->stages.size(), 1U);
  EXPECT_EQ(result_of(store().document("pipeline", "d1"))->version, 1);
  EXPECT_EQ(result_of(store().unfinished_executions()), Ids{"e1"});
}

// What runs in the child that is killed: it says which document is on disk as soon as it knows.
Async<void> commit_and_tell(Store& store, int lane, int pipe) {
  for (int i = 0; true; ++i) {
    const int number = lane * 100'000 + i;
    Changes changes = with(document(fmt::format("{}", number), "shop", number));
    model::Execution execution = sample({.id = fmt::format("e{}", number), .status = Status::running});
    execution.stages = {stage(fmt::format("s{}", number), "1", 0)};
    changes.executions.push_back(row_of(execution));
    changes.stages.push_back(row_of(execution, execution.stages[0]));
    co_await store.commit(std::move(changes));
    if (write(pipe, &number, sizeof number) != sizeof number) co_return;
  }
}

constexpr int told_by_child = 3;

// The child's life in a process of its own, which the test below starts in the store's folder.
TEST_P(DurableStoreContract, DISABLED_CommitsUntilKilled) {
  ASSERT_NE(fcntl(told_by_child, F_GETFD), -1) << "is run by the test that kills it";
  const auto store = GetParam().open(std::filesystem::current_path());
  base::asio::io_context context;
  for (int lane = 0; lane < 8; ++lane) {
    auto one = commit_and_tell(*store, lane, told_by_child);
    base::asio::co_spawn(context, std::move(one), base::asio::detached);
  }
  context.run();
}

// This program again, as it stands on disk: a fork of a process with threads may only call exec, since
// whatever locks its other threads held stay locked.
pid_t start_child(const std::filesystem::path& place, int pipe) {
  const auto* const self = testing::UnitTest::GetInstance()->current_test_info();
  const std::string suite = self->test_suite_name();
  const std::string name = self->name();
  const std::string filter =
      fmt::format("--gtest_filter={}.DISABLED_CommitsUntilKilled{}", suite, name.substr(name.find('/')));
  std::array<std::string, 3> words{"unit_tests", filter, "--gtest_also_run_disabled_tests"};
  std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe, told_by_child);
  posix_spawn_file_actions_addchdir_np(&actions, place.c_str());
  pid_t child = -1;
  if (posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

TEST_P(DurableStoreContract, LosesNothingAcknowledgedWhenKilled) {
  for (const int after : {1, 50, 400}) {
    SCOPED_TRACE(fmt::format("killed after {} commits", after));
    const Place place;
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const pid_t child = start_child(place.path(), ends[1]);
    ASSERT_GE(child, 0);
    ::close(ends[1]);
    std::vector<int> acknowledged;
    int number = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) {
      acknowledged.push_back(number);
      if (static_cast<int>(acknowledged.size()) == after) kill(child, SIGKILL);
    }
    ::close(ends[0]);
    waitpid(child, nullptr, 0);
    ASSERT_GE(static_cast<int>(acknowledged.size()), after);

    const auto survivor = GetParam().open(place.path());
    for (const int id : acknowledged) {
      EXPECT_TRUE(result_of(survivor->document("pipeline", fmt::format("{}", id)))) << id;
      const auto execution = result_of(survivor->execution(fmt::format("e{}", id)));
      ASSERT_TRUE(execution) << id;
      EXPECT_EQ(execution->stages.size(), 1U) << id;
    }
    // Nor is anything there by half.
    EXPECT_EQ(result_of(survivor->documents("pipeline", std::nullopt)).size(),
              result_of(survivor->unfinished_executions()).size());
  }
}

}  // namespace
}  // namespace gennaker::store
