#include <csignal>
#include <deque>
#include <fstream>
#include <numeric>

#include "base/json.h"
#include "world.h"

namespace gennaker::providers::local {
namespace {

using Names = std::vector<std::string>;
using clusters::create_server_group;
using clusters::destroy_server_group;
using clusters::disable_server_group;
using clusters::enable_server_group;
using clusters::resize_server_group;
using model::HealthState;

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST_F(LocalWorld, ReplacesAVersionUnderTrafficWithoutAFailedRequest) {
  const int port = balance("shop");
  const std::string old_group = create(key(), spec(bake("1.0"), 2));
  EXPECT_EQ(old_group, "shop-main-v000");
  await_healthy(old_group, 2);
  EXPECT_EQ(get(port, "/").version, "1.0");
  EXPECT_EQ(group(old_group).version, "1.0");

  Traffic kept(port, Traffic::Connections::kept), fresh(port, Traffic::Connections::fresh);
  const std::string new_group = create(key(), spec(bake("2.0"), 2));
  EXPECT_EQ(new_group, "shop-main-v001");
  await_healthy(new_group, 2);
  const auto answer = perform(disable_server_group(key(), ref(old_group), std::chrono::seconds(10)));
  EXPECT_TRUE(answer.at("drained").as_bool());
  EXPECT_EQ(servers_in_haproxy(), (Names{"shop-main-v001-0", "shop-main-v001-1"}));
  perform(destroy_server_group(key(), ref(old_group)));
  const int sent_before = kept.sent();
  await("requests to the new version alone", [&] { return kept.sent() > sent_before + 200; });
  kept.stop();
  fresh.stop();
  EXPECT_EQ(kept.failed(), 0) << kept.first_failure();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
  EXPECT_GT(kept.versions()["2.0"], 200);
  EXPECT_GT(fresh.versions()["1.0"], 0);
  expect_no_process("/local/local/server-groups/shop-main-v000");
  EXPECT_EQ(launches(), 4);
  std::printf("requests: %d on one connection, %d on new ones\n", kept.sent(), fresh.sent());
}

TEST_F(LocalWorld, FindsWhatRunsAfterARestartOfTheServer) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  const auto before = group(name);
  const int master = haproxy_master();
  Traffic traffic(port, Traffic::Connections::fresh);
  for (const bool kindly : {true, false}) {
    close(kindly);
    EXPECT_EQ(get(port, "/").status, 200) << "serves while the server is down";
    open();
    // What had traffic keeps it from the first moment; its shims are heard a little later.
    await_healthy(name, 2);
    await("the same processes", [&] {
      const auto after = group(name);
      return after.instances[0].extra == before.instances[0].extra &&
             after.instances[1].extra == before.instances[1].extra;
    });
    EXPECT_EQ(haproxy_master(), master);
  }
  traffic.stop();
  EXPECT_EQ(traffic.failed(), 0) << traffic.first_failure();
  EXPECT_EQ(launches(), 2);
}

TEST_F(LocalWorld, FailsNoRequestWhenSeveralInstancesDieTogether) {
  const int port = balance("shop");
  auto wanted = spec(bake("1.0"), 4);
  wanted.settings["restart"] = {{"firstDelayMs", 60'000}};
  const std::string name = create(key(), wanted);
  await_healthy(name, 4);
  const auto before = group(name);
  close(false);  // HAProxy is alone with it
  // Many at once, so that it is chance to which server a try goes.
  std::deque<Traffic> traffic;
  for (int i = 0; i < 24; ++i) traffic.emplace_back(port, Traffic::Connections::fresh);
  const auto sent = [&] {
    return std::accumulate(traffic.begin(), traffic.end(), 0,
                           [](int sum, const Traffic& one) { return sum + one.sent(); });
  };
  wait_until("traffic", [&] { return sent() > 500; });
  for (const int dying : {0, 1}) {
    kill(static_cast<pid_t>(before.instances[dying].extra.at("pid").to_number<int>()), SIGKILL);
  }
  wait_until("more traffic", [&, until = sent() + 5000] { return sent() > until; });
  for (Traffic& one : traffic) {
    one.stop();
    EXPECT_EQ(one.failed(), 0) << one.first_failure();
  }
  open();
}

TEST_F(LocalWorld, LosesTheServerInTheMiddleOfAReplacement) {
  const int port = balance("shop");
  const std::string image = bake("1.0"), next = bake("2.0");
  const std::string old_group = create(key(), spec(image, 2));
  await_healthy(old_group, 2);
  Traffic kept(port, Traffic::Connections::kept), fresh(port, Traffic::Connections::fresh);
  const std::string new_group = create("create-2", spec(next, 2));
  close(false);
  open();
  EXPECT_EQ(create("create-2", spec(next, 2)), new_group) << "the key finds the same group";
  await_healthy(new_group, 2);
  EXPECT_EQ(launches(), 4);
  // The disable is begun and lost, then repeated.
  bool ended = false;
  auto lost = provider_->perform(disable_server_group("disable", ref(old_group), std::chrono::seconds(10)));
  boost::asio::co_spawn(*loop_, std::move(lost),
                        [&](std::exception_ptr, const boost::json::object&) { ended = true; });
  await("the mark of the disable", [&] { return group(old_group).disabled || ended; });
  close(false);
  open();
  perform(disable_server_group("disable", ref(old_group), std::chrono::seconds(10)));
  EXPECT_EQ(servers_in_haproxy(), (Names{"shop-main-v001-0", "shop-main-v001-1"}));
  kept.stop();
  fresh.stop();
  EXPECT_EQ(kept.failed(), 0) << kept.first_failure();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
}

TEST_F(LocalWorld, DoesAnOperationOnceForItsKey) {
  balance("shop");
  const std::string image = bake("1.0");
  const std::string name = create("one", spec(image, 2));
  await_healthy(name, 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(create("one", spec(image, 2)), name);
  EXPECT_EQ(snapshot().server_groups.size(), 1U);
  EXPECT_EQ(launches(), 2);
  perform(resize_server_group("three", ref(name), {1, 1, 1}));
  perform(resize_server_group("up", ref(name), {2, 2, 2}));
  perform(resize_server_group("three", ref(name), {1, 1, 1}));
  EXPECT_EQ(group(name).instances.size(), 2U) << "an operation that is done is not done again";
  await_healthy(name, 2);
  EXPECT_EQ(launches(), 3);
}

TEST_F(LocalWorld, CompletesACreationThatWasCutShort) {
  balance("shop");
  const std::string image = bake("1.0");
  auto slow = spec(image, 3);
  bool ended = false;
  auto lost = provider_->perform(create_server_group("lost", slow));
  boost::asio::co_spawn(*loop_, std::move(lost),
                        [&](std::exception_ptr, const boost::json::object&) { ended = true; });
  await("the first process", [&] { return launches() > 0 || ended; });
  EXPECT_FALSE(ended) << "this test needs a creation that is not done yet";
  close(false);
  open();
  EXPECT_EQ(snapshot().server_groups.size(), 1U) << "stays visible";
  EXPECT_EQ(create("lost", slow), "shop-main-v000");
  await_healthy("shop-main-v000", 3);
  EXPECT_EQ(launches(), 3);
}

TEST_F(LocalWorld, RestartsWhatIsKilled) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  Traffic traffic(port, Traffic::Connections::fresh);

  const auto pid = group(name).instances[0].extra.at("pid").as_int64();
  kill(static_cast<pid_t>(pid), SIGKILL);
  await("the restart of an instance", [&] {
    const auto instance = group(name).instances[0];
    return instance.state == HealthState::up && instance.extra.at("restarts") == 1;
  });
  EXPECT_EQ(group(name).instances[0].extra.at("lastExit").at("signal"), SIGKILL);

  const int shim = shim_of(name, 1);
  ASSERT_NE(shim, 0);
  const auto held = group(name).instances[1].extra.at("pid");
  kill(shim, SIGKILL);
  await("another shim", [&] {
    const auto instance = group(name).instances[1];
    return instance.state == HealthState::up && instance.extra.at("pid") != held;
  });
  EXPECT_NE(shim_of(name, 1), shim);
  traffic.stop();
  EXPECT_EQ(traffic.failed(), 0) << traffic.first_failure() << " (HAProxy tries another instance)";
  EXPECT_EQ(processes_of(options_.data_directory + "/local/local/server-groups").size(), 4U)
      << "two shims, two processes";
}

TEST_F(LocalWorld, RestartsHaproxy) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  const fs::path directory = options_.data_directory + "/local/local/haproxy";
  for (const bool watched : {true, false}) {
    const int master = haproxy_master();
    if (!watched) close();
    const int shim = shim_in(directory);
    std::vector<int> killed = processes_of(directory);
    std::erase(killed, shim);
    kill(master, SIGKILL);
    wait_until("all of it gone", [&] {
      const std::vector<int> left = processes_of(directory);
      return std::none_of(killed.begin(), killed.end(),
                          [&](int pid) { return std::find(left.begin(), left.end(), pid) != left.end(); });
    });
    wait_until("the answer of another one, also without the server",
               [&] { return get(port, "/").status == 200; });
    EXPECT_EQ(shim_in(directory), shim);
    if (!watched) open();
    // The worker may answer a moment before the master listens on its socket.
    wait_until("its master listens", [&] {
      try {
        return haproxy_master() != master;
      } catch (const std::exception&) {
        return false;
      }
    });
    EXPECT_EQ(servers_in_haproxy(), (Names{"shop-main-v000-0", "shop-main-v000-1"}));
  }
  await_healthy(name, 2);
  EXPECT_EQ(launches(), 2);
}

TEST_F(LocalWorld, ReportsACommandThatExitsAtOnce) {
  balance("shop");
  auto wanted = spec(bake("1.0"), 1);
  wanted.settings["env"].as_object()["EXIT_AT_ONCE"] = "1";
  const std::string name = create(key(), wanted);
  await("the reason", [&] {
    const auto instance = group(name).instances[0];
    return instance.state == HealthState::down &&
           says(instance.health[0].description, "exited with status 3");
  });
  EXPECT_TRUE(says(group(name).instances[0].health[0].description, "restarting in"));
  EXPECT_TRUE(servers_in_haproxy().empty());
  EXPECT_TRUE(says(run(provider_->console_output("local", name + "-0")), "exited with status 3"));
  perform(destroy_server_group(key(), ref(name)));
  expect_no_process("/local/local/server-groups");
}

TEST_F(LocalWorld, GivesNoTrafficToWhatIsNotHealthy) {
  const int port = balance("shop");
  auto wanted = spec(bake("1.0"), 1);
  wanted.settings["env"].as_object()["UNHEALTHY"] = "1";
  const std::string name = create(key(), wanted);
  await("the reason", [&] { return group(name).instances[0].health[1].description == "HTTP 500"; });
  EXPECT_EQ(group(name).instances[0].state, HealthState::starting);
  EXPECT_TRUE(servers_in_haproxy().empty());
  EXPECT_EQ(get(port, "/").status, 503);
}

TEST_F(LocalWorld, StartsDisabledAndIsEnabled) {
  const int port = balance("shop");
  auto wanted = spec(bake("1.0"), 1);
  wanted.start_disabled = true;
  const std::string name = create(key(), wanted);
  await("the instance out of service", [&] {
    const auto instance = group(name).instances[0];
    return instance.state == HealthState::out_of_service && instance.extra.contains("pid");
  });
  EXPECT_TRUE(group(name).disabled);
  EXPECT_EQ(get(port, "/").status, 503);
  await("its own health", [&] {
    perform(enable_server_group(key(), ref(name)));
    return servers_in_haproxy().size() == 1;
  });
  EXPECT_EQ(get(port, "/").status, 200);
  await_healthy(name, 1);
}

TEST_F(LocalWorld, WaitsForRequestsUnderWay) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 1));
  await_healthy(name, 1);
  Answer slow, cut;
  std::thread client([&] { slow = get(port, "/slow?ms=1500"); });
  await("the request", [&] {
    return get(static_cast<int>(group(name).instances[0].extra.at("port").as_int64()), "/").status == 200;
  });
  const base::TimePoint start = clock_.now();
  while (clock_.now() - start < std::chrono::milliseconds(300))
    loop_->run_one_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(
      perform(disable_server_group(key(), ref(name), std::chrono::seconds(10))).at("drained").as_bool());
  client.join();
  EXPECT_EQ(slow.status, 200);
  EXPECT_GE(clock_.now() - start, std::chrono::milliseconds(1200));

  perform(enable_server_group(key(), ref(name)));
  await_healthy(name, 1);
  std::thread other([&] { cut = get(port, "/slow?ms=8000"); });
  const base::TimePoint again = clock_.now();
  while (clock_.now() - again < std::chrono::milliseconds(300))
    loop_->run_one_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(perform(disable_server_group(key(), ref(name), std::chrono::milliseconds(300)))
                   .at("drained")
                   .as_bool());
  other.join();
  EXPECT_NE(cut.status, 200) << "cut at the end of the drain time-out";
  EXPECT_TRUE(servers_in_haproxy().empty());
}

TEST_F(LocalWorld, ResizesUnderTraffic) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 1));
  await_healthy(name, 1);
  Traffic kept(port, Traffic::Connections::kept), fresh(port, Traffic::Connections::fresh);
  perform(resize_server_group(key(), ref(name), {4, 4, 4}));
  await_healthy(name, 4);
  EXPECT_EQ(group(name).capacity.desired, 4);
  perform(resize_server_group(key(), ref(name), {2, 2, 2}));
  const auto left = group(name);
  ASSERT_EQ(left.instances.size(), 2U);
  EXPECT_EQ(left.instances[1].id, name + "-1") << "the highest numbers go first";
  EXPECT_EQ(servers_in_haproxy(), (Names{name + "-0", name + "-1"}));
  wait_until("two shims and two processes alone", [&] {
    return processes_of(options_.data_directory + "/local/local/server-groups").size() == 4;
  });
  kept.stop();
  fresh.stop();
  EXPECT_EQ(kept.failed(), 0) << kept.first_failure();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
  perform(resize_server_group(key(), ref(name), {0, 0, 0}));
  EXPECT_TRUE(group(name).instances.empty());
}

TEST_F(LocalWorld, StartsInstancesAnewUnderTraffic) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 3));
  await_healthy(name, 3);
  const auto pid_of = [&](std::size_t index) {
    return base::whole_number(group(name).instances.at(index).extra, "pid").value_or(0);
  };
  const auto first = pid_of(0), second = pid_of(1), third = pid_of(2);
  Traffic fresh(port, Traffic::Connections::fresh);
  const std::string terminate = key(), reboot = key();
  perform(clusters::terminate_instances(terminate, {"local", "local", {name + "-0", name + "-7"}}));
  await_healthy(name, 3);
  const auto replaced = pid_of(0);
  EXPECT_NE(replaced, first);
  perform(clusters::reboot_instances(reboot, {"local", "local", {name + "-1"}}));
  await_healthy(name, 3);
  EXPECT_NE(pid_of(1), second);
  EXPECT_EQ(pid_of(2), third) << "nobody named it";
  close(false);
  fs::remove_all(options_.data_directory +
                 "/local/local/operations");  // as if it died before it noted the answer
  open();
  await_healthy(name, 3);
  await("its processes", [&] { return pid_of(0) != 0; });
  perform(clusters::terminate_instances(terminate, {"local", "local", {name + "-0"}}));
  EXPECT_EQ(pid_of(0), replaced) << "the mark is the group's, not only the answer's";
  fresh.stop();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
}

TEST_F(LocalWorld, EndsOneInstanceForGood) {
  balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  const std::string once = key();
  for (int attempt = 0; attempt < 2; ++attempt) {
    perform(clusters::terminate_and_decrement(once, ref(name), name + "-0", {1, 2, 1}));
  }
  ASSERT_EQ(group(name).instances.size(), 1U);
  EXPECT_EQ(group(name).instances[0].id, name + "-1");
  EXPECT_EQ(group(name).capacity.desired, 1);
}

TEST_F(LocalWorld, TakesTheTrafficOfOneInstance) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  Traffic fresh(port, Traffic::Connections::fresh);
  perform(clusters::deregister_instances(key(), {"local", "local", {name + "-0"}}, {"shop"}));
  EXPECT_EQ(servers_in_haproxy(), (Names{name + "-1"}));
  EXPECT_EQ(group(name).instances[0].state, model::HealthState::out_of_service);
  perform(clusters::register_instances(key(), {"local", "local", {name + "-0"}}, {"shop"}));
  await_healthy(name, 2);
  EXPECT_EQ(servers_in_haproxy(), (Names{name + "-0", name + "-1"}));
  fresh.stop();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
}

TEST_F(LocalWorld, MovesAPartOfTheTraffic) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 4));
  await_healthy(name, 4);
  Traffic fresh(port, Traffic::Connections::fresh), kept(port, Traffic::Connections::kept);
  const auto answer = perform(clusters::disable_server_group(key(), ref(name), std::chrono::seconds(10), 50));
  EXPECT_EQ(answer.at("instanceIdsToDisable"),
            boost::json::value(boost::json::array{name + "-0", name + "-1"}));
  EXPECT_FALSE(group(name).disabled);
  EXPECT_EQ(servers_in_haproxy(), (Names{name + "-2", name + "-3"}));
  EXPECT_EQ(group(name).instances[1].state, model::HealthState::out_of_service);
  close(false);
  open();
  await("the same after a crash", [&] { return servers_in_haproxy() == Names{name + "-2", name + "-3"}; });
  perform(clusters::enable_server_group(key(), ref(name)));
  await_healthy(name, 4);
  EXPECT_EQ(servers_in_haproxy().size(), 4U);
  fresh.stop();
  kept.stop();
  EXPECT_EQ(fresh.failed() + kept.failed(), 0) << fresh.first_failure() << kept.first_failure();
}

TEST_F(LocalWorld, StartsAnotherImageFromNowOn) {
  balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  const std::string image = bake("2.0");
  clusters::LaunchChange change;
  change.image_id = image;
  change.settings = {{"env", {{"SLOW_START_MS", "0"}}}};
  perform(clusters::update_launch(key(), ref(name), change));
  EXPECT_EQ(group(name).image_id, image);
  await_healthy(name, 2);
  const auto pid_of = [&](std::size_t index) {
    return base::whole_number(group(name).instances.at(index).extra, "pid").value_or(0);
  };
  const auto other = pid_of(1);
  perform(clusters::terminate_instances(key(), {"local", "local", {name + "-0"}}));
  await_healthy(name, 2);
  EXPECT_EQ(pid_of(1), other) << "nobody started it anew";
  change.settings = {{"command", boost::json::array{"./no-such-program"}}};
  EXPECT_TRUE(says(refusal(clusters::update_launch(key(), ref(name), change)), {"settings.command"}));
  EXPECT_EQ(group(name).launch_config.at("env").at("SLOW_START_MS"), "0") << "nothing changed";
}

clusters::JobSpec job(const std::string& command) {
  clusters::JobSpec spec;
  spec.account = spec.region = "local";
  spec.moniker = {.app = "shop", .stack = "", .detail = "migrate", .cluster = ""};
  spec.settings["command"] = command;
  return spec;
}

TEST_F(LocalWorld, RunsAJobToItsEnd) {
  const std::string once = key();
  const auto answer = perform(clusters::run_job(
      once,
      job("echo hello; echo once >> $JOB_DIRECTORY/runs; echo rows=7 > $JOB_DIRECTORY/result; exit 0")));
  const auto id = base::string_or(answer, "jobId", "");
  await("its end", [&] { return snapshot().jobs.at(0).completed_time.has_value(); });
  EXPECT_EQ(snapshot().jobs.at(0).state, model::JobState::succeeded) << snapshot().jobs.at(0).message;
  EXPECT_EQ(snapshot().jobs.at(0).exit_code, 0);
  EXPECT_EQ(run(provider_->job_file("local", id, "result")), "rows=7\n");
  EXPECT_TRUE(says(run(provider_->console_output("local", id)), "hello\n"));
  expect_no_process("/local/local/jobs");
  fs::remove_all(options_.data_directory + "/local/local/operations");
  close(false);
  open();
  EXPECT_EQ(base::string_or(perform(clusters::run_job(once, job("exit 3"))), "jobId", ""), id);
  EXPECT_EQ(snapshot().jobs.at(0).state, model::JobState::succeeded) << "the same key, the same job";
  EXPECT_EQ(run(provider_->job_file("local", id, "runs")), "once\n");
  for (const std::string name : {"../job.json", "/etc/passwd", ""}) {
    EXPECT_THROW(run(provider_->job_file("local", id, name)), base::Error) << name;
  }
}

TEST_F(LocalWorld, SeesTheEndOfAJobThatItDidNotWatch) {
  perform(clusters::run_job(key(), job("sleep 0.5; exit 3")));
  close(false);
  wait_until("the command's end",
             [&] { return processes_of(options_.data_directory + "/local/local/jobs").size() == 1; });
  open();
  await("its end", [&] { return snapshot().jobs.at(0).completed_time.has_value(); });
  EXPECT_EQ(snapshot().jobs.at(0).exit_code, 3);
  EXPECT_EQ(snapshot().jobs.at(0).message, "exited with status 3");
}

TEST_F(LocalWorld, ForgetsAnOldJobWhenANewOneComes) {
  close();
  options_.jobs_kept = std::chrono::milliseconds(1);
  open();
  const auto first = base::string_or(perform(clusters::run_job(key(), job("exit 0"))), "jobId", "");
  await("its end", [&] { return snapshot().jobs.at(0).completed_time.has_value(); });
  const std::string kept = options_.data_directory + "/local/local/jobs/" + first;
  await("it to be written down", [&] { return says(read_text(kept + "/job.json"), "completed"); });
  const auto second = base::string_or(perform(clusters::run_job(key(), job("exit 0"))), "jobId", "");
  ASSERT_EQ(snapshot().jobs.size(), 1u);
  EXPECT_EQ(snapshot().jobs.at(0).id, second);
  EXPECT_FALSE(fs::exists(kept));
}

TEST_F(LocalWorld, EndsAJobThatIsCancelled) {
  const auto answer = perform(clusters::run_job(key(), job("sleep 1000")));
  const std::string cancel = key(), id = base::string_or(answer, "jobId", "");
  for (int attempt = 0; attempt < 2; ++attempt) perform(clusters::cancel_job(cancel, "local", "local", id));
  EXPECT_EQ(snapshot().jobs.at(0).state, model::JobState::failed);
  EXPECT_EQ(snapshot().jobs.at(0).message, "was cancelled");
  expect_no_process("/local/local/jobs");
}

TEST_F(LocalWorld, KeepsTagsOfAServerGroup) {
  balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 1));
  perform(clusters::tag_server_group(key(), ref(name), {{"team", "blue"}, {"old", "1"}}));
  perform(clusters::tag_server_group(key(), ref(name), {{"old", nullptr}}));
  EXPECT_EQ(group(name).tags, (boost::json::object{{"team", "blue"}}));
}

TEST_F(LocalWorld, KeepsTagsOfImagesAndDeletesThoseThatNobodyRuns) {
  balance("shop");
  const std::string old = bake("1.0"), used = bake("2.0"), tag = key();
  for (int attempt = 0; attempt < 2; ++attempt)
    perform(clusters::tag_image(tag, {"local", "local", old}, {{"tested", "yes"}, {"by", "ann"}}));
  perform(clusters::tag_image(key(), {"local", "local", old}, {{"by", nullptr}}));
  close();
  open();
  for (const model::Image& image : snapshot().images) {
    EXPECT_EQ(image.tags, image.id == old ? (boost::json::object{{"tested", "yes"}}) : boost::json::object{});
  }
  const std::string name = create(key(), spec(used, 1));
  EXPECT_EQ(refusal(clusters::delete_image(key(), {"local", "local", used})),
            "conflict: image '" + used + "' is used by server group '" + name + "'");
  for (int attempt = 0; attempt < 2; ++attempt)
    perform(clusters::delete_image(key(), {"local", "local", old}));
  ASSERT_EQ(snapshot().images.size(), 1U);
  EXPECT_EQ(snapshot().images[0].id, used);
  EXPECT_FALSE(fs::exists(options_.data_directory + "/local/local/images/" + old));
}

TEST_F(LocalWorld, DestroysWithoutATrace) {
  balance("shop");
  auto wanted = spec(bake("1.0"), 2);
  wanted.settings["command"] = "sleep 1000 & setsid sleep 1000 & ./demo-service";
  const std::string name = create(key(), wanted);
  await_healthy(name, 2);
  perform(destroy_server_group("end", ref(name)));
  perform(destroy_server_group("end", ref(name)));
  EXPECT_TRUE(snapshot().server_groups.empty());
  expect_no_process("/local/local/server-groups");
  EXPECT_TRUE(servers_in_haproxy().empty());
  EXPECT_FALSE(fs::exists(options_.data_directory + "/local/local/server-groups/" + name));
  perform(destroy_server_group(key(), ref("shop-main-v077")));  // gone already
  perform(clusters::delete_load_balancer(key(), "local", "local", "shop"));
  expect_no_process("");
}

TEST_F(LocalWorld, AddsAndRemovesLoadBalancersUnderTraffic) {
  const int port = balance("shop");
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  Traffic kept(port, Traffic::Connections::kept), fresh(port, Traffic::Connections::fresh);
  for (int i = 0; i < 3; ++i) {
    balance("other");
    perform(clusters::delete_load_balancer(key(), "local", "local", "other"));
  }
  kept.stop();
  fresh.stop();
  EXPECT_EQ(kept.failed(), 0) << kept.first_failure();
  EXPECT_EQ(fresh.failed(), 0) << fresh.first_failure();
  EXPECT_GT(kept.sent(), 50);
}

TEST_F(LocalWorld, RefusesWhatCannotWork) {
  const int port = balance("shop");
  const std::string image = bake("1.0");
  const auto refused = [&](auto change) {
    auto wanted = spec(image, 1);
    change(wanted);
    return refusal(create_server_group(key(), wanted));
  };
  EXPECT_TRUE(says(refused([](auto& s) { s.image_id = "nope"; }),
                   "not_found: imageId: account 'local' has no image 'nope'"));
  EXPECT_TRUE(says(refused([](auto& s) { s.load_balancers = {"nope"}; }), "not_found: loadBalancers"));
  EXPECT_TRUE(says(refused([](auto& s) { s.region = "eu"; }), "invalid: region"));
  EXPECT_TRUE(says(refused([](auto& s) { s.moniker.app = "a b"; }), "invalid: application"));
  EXPECT_TRUE(says(refused([](auto& s) { s.capacity = {1, 1, -1}; }), "invalid: capacity.desired"));
  EXPECT_TRUE(says(refused([](auto& s) { s.capacity = {0, 1, 2}; }), "invalid: capacity.max"));
  EXPECT_TRUE(
      says(refused([](auto& s) { s.settings["command"] = {"./nope"}; }), "invalid: settings.command"));
  EXPECT_TRUE(says(refused([](auto& s) { s.settings["workingDirectory"] = "nope"; }),
                   "invalid: settings.workingDirectory"));
  EXPECT_TRUE(says(refused([](auto& s) {
                     s.settings["healthCheck"] = {{"type", "x"}};
                   }),
                   "invalid: settings.healthCheck.type"));
  EXPECT_TRUE(says(refused([&](auto& s) { s.settings["port"] = port; }),
                   fmt::format("conflict: settings.port: {} is taken", port)));
  EXPECT_TRUE(says(refused([&](auto& s) { s.settings["port"] = port; }), "'haproxy'")) << "names the process";
  EXPECT_TRUE(says(refusal(resize_server_group(key(), ref("shop-v009"), {1, 1, 1})),
                   "not_found: account 'local' has no server group 'shop-v009'"));
  EXPECT_TRUE(snapshot().server_groups.empty());
  expect_no_process("/local/local/server-groups");

  const auto balancer = [&](const std::string& name, boost::json::object settings) {
    return refusal(clusters::upsert_load_balancer(key(), "local", "local", name, std::move(settings)));
  };
  EXPECT_TRUE(says(balancer("other", {{"port", port}}), "is taken by load balancer 'shop'"));
  EXPECT_TRUE(says(balancer("other", {}), "invalid: settings.port"));
  EXPECT_TRUE(says(balancer("a b", {{"port", port}}), "invalid: name"));
  EXPECT_TRUE(says(balancer("other", {{"port", 70000}}), "invalid: settings.port"));
  const std::string name = create(key(), spec(image, 1));
  const int held = static_cast<int>(group(name).instances[0].extra.at("port").as_int64());
  await_healthy(name, 1);
  EXPECT_TRUE(says(balancer("other", {{"port", held}}), "'demo-service'")) << "names the process";
  EXPECT_TRUE(says(refusal(clusters::delete_load_balancer(key(), "local", "local", "shop")),
                   "is used by server group"));
  EXPECT_EQ(snapshot().load_balancers.size(), 1U);
}

TEST_F(LocalWorld, StartsWhereAnotherDiedWhileItWrote) {
  close();
  const fs::path operations = options_.data_directory + "/local/local/operations";
  std::ofstream(operations / "0123.json.tmp").close();
  open();
  EXPECT_TRUE(snapshot().server_groups.empty());
  EXPECT_TRUE(fs::is_empty(operations));
}

TEST_F(LocalWorld, SaysThatHaproxyIsMissing) {
  close();
  options_.haproxy = "/nowhere/haproxy";
  open();
  const auto text =
      refusal(clusters::upsert_load_balancer(key(), "local", "local", "shop", {{"port", free_port()}}));
  EXPECT_TRUE(says(text, "invalid") && says(text, "apt-get install haproxy")) << text;
  EXPECT_TRUE(snapshot().load_balancers.empty());
}

TEST_F(LocalWorld, CleansUpAFailedCreation) {
  balance("shop");
  const std::string image = bake("1.0");
  close();
  options_.shim_program = {"/bin/false"};
  open();
  EXPECT_TRUE(says(refusal(create_server_group(key(), spec(image, 2))), "its shim does not start"));
  EXPECT_TRUE(snapshot().server_groups.empty());
  EXPECT_TRUE(fs::is_empty(options_.data_directory + "/local/local/server-groups"));
}

TEST_F(LocalWorld, KeepsASecondServerOut) {
  try {
    const LocalProvider second(loop_->get_executor(), options_, clock_, bake_log_);
    FAIL() << "two providers on one directory";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::conflict);
  }
}

TEST_F(LocalWorld, LimitsMemoryAndOpenFiles) {
  auto wanted = spec(bake("1.0"), 1);
  wanted.load_balancers.clear();
  wanted.settings["command"] = "ulimit -n; tail /dev/zero; echo tail ended; exec ./demo-service";
  wanted.settings["limits"] = {{"memoryMb", 400}, {"openFiles", 123}};
  const std::string name = create(key(), wanted);
  await("the end of what took too much",
        [&] { return says(run(provider_->console_output("local", name + "-0")), "tail ended"); });
  EXPECT_TRUE(says(run(provider_->console_output("local", name + "-0")), "123\n"));
  EXPECT_TRUE(group(name).instances[0].extra.contains("memoryLimit"));
}

TEST_F(LocalWorld, KnowsWhatABakeIsMadeFrom) {
  const std::string image = bake("1.0");
  const auto inputs_of = [&](const clusters::BakeSpec& spec) {
    return boost::json::serialize(run(provider_->bake_inputs(clusters::bake(key(), spec))));
  };
  clusters::BakeSpec spec = bake_spec("1.0");
  const std::string before = inputs_of(spec);
  EXPECT_TRUE(says(before, R"({"source":"sha256:)"));
  fs::copy(data_ / "source-1.0", data_ / "elsewhere", fs::copy_options::recursive);
  spec.settings["source"] = (data_ / "elsewhere").string();
  EXPECT_EQ(inputs_of(spec), before) << "the same content in another folder";
  std::ofstream(data_ / "elsewhere/VERSION") << "another\n";
  EXPECT_NE(inputs_of(spec), before);
  spec.base_image = "demo";
  EXPECT_TRUE(says(inputs_of(spec), fmt::format(R"("baseImage":"{}")", image)));
  spec.base_image = "none";
  EXPECT_TRUE(says(refusal(clusters::bake(key(), spec)),
                   "not_found: bake: baseImage: account 'local' has no image 'none'"));
}

TEST_F(LocalWorld, BakesOnABaseImageAndSaysSo) {
  const std::string base = bake("1.0");
  fs::create_directories(data_ / "over");
  std::ofstream(data_ / "over/VERSION") << "2.0\n";
  clusters::BakeSpec spec = bake_spec("2.0");
  spec.settings["source"] = (data_ / "over").string();
  spec.base_image = base;
  const auto answer = perform(clusters::bake(key(), spec));
  const fs::path files = fs::path(options_.data_directory) / "local/local/images" /
                         std::string(answer.at("imageId").as_string()) / "files";
  EXPECT_TRUE(fs::exists(files / "demo-service")) << "what lies beneath shows through";
  std::string version;
  std::ifstream(files / "VERSION") >> version;
  EXPECT_EQ(version, "2.0");
  const std::string said = bake_log_.text();
  EXPECT_TRUE(says(said, "Base image: " + base)) << said;
  EXPECT_TRUE(says(said, "Files: 2, with ")) << said;
  EXPECT_TRUE(says(said, "Digest: sha256:")) << said;
}

}  // namespace
}  // namespace gennaker::providers::local
