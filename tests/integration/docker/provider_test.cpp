#include "provider_world.h"

/// What the provider does when all goes well, and what it finds again.
namespace gennaker::providers::docker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(DockerProviderTest, DeploysBehindALoadBalancer) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string old_group = create(key(), wanted);
  EXPECT_EQ(old_group, "shop-main-v000");
  await_healthy(old_group, 2);
  EXPECT_THAT(zones(old_group), ElementsAre("a", "b"));
  EXPECT_EQ(get(port), "1.0");
  EXPECT_EQ(group(old_group).version, "1.0");

  wanted.image_id = bake("2.0");
  const std::string new_group = create(key(), wanted);
  EXPECT_EQ(new_group, "shop-main-v001");
  await_healthy(new_group, 2);
  const auto answer = perform(clusters::disable_server_group(key(), ref(old_group), 5s));
  EXPECT_TRUE(answer.at("drained").as_bool());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(port), "2.0");
  perform(clusters::enable_server_group(key(), ref(old_group)));
  await_healthy(old_group, 2);
  EXPECT_THAT(run(provider_->console_output(account_, "shop-main-v001-0")), HasSubstr("here"));
  perform(clusters::destroy_server_group(key(), ref(old_group)));
  EXPECT_TRUE(group(old_group).name.empty());
  for (const std::string& name : containers()) EXPECT_THAT(name, HasSubstr("shop-main-v001"));
}

TEST_F(DockerProviderTest, MovesAPartOfTheTraffic) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create(key(), wanted);
  await_healthy(name, 2);
  const std::string once = key();
  const auto answer = perform(clusters::disable_server_group(once, ref(name), 5s, 50));
  EXPECT_EQ(answer.at("instanceIdsToDisable"), json::value(json::array{name + "-0"}));
  await("one of two out of service", [&] {
    const auto found = group(name);
    return !found.disabled && found.instances.at(0).state == HealthState::out_of_service &&
           found.instances.at(1).state == HealthState::up;
  });
  EXPECT_EQ(get(port), "1.0");
  close(false);
  open();
  await("the same after a crash", [&] {
    const auto found = group(name);
    return found.instances.size() == 2 && found.instances[0].state == HealthState::out_of_service &&
           found.instances[1].state == HealthState::up;
  });
  perform(clusters::enable_server_group(key(), ref(name)));
  await_healthy(name, 2);
}

TEST_F(DockerProviderTest, RunsAJobOnce) {
  clusters::JobSpec wanted;
  wanted.account = account_;
  wanted.region = "docker";
  wanted.moniker = {
      .app = "shop", .stack = "", .detail = "migrate", .cluster = "shop--migrate", .sequence = {}};
  wanted.image_id = bake("1.0");
  wanted.settings = {{"network", "host"}, {"stopGraceMs", 0}, {"command", "echo migrated $JOB; exit 3"}};
  const auto job = [&](const std::string& id) {
    for (const auto& one : snapshot().jobs) {
      if (one.id == id) return one;
    }
    return model::Job{};
  };
  const auto answer = perform(clusters::run_job("once", wanted));
  const std::string id(answer.at("jobId").as_string());
  await("the job's end", [&] { return job(id).state == model::JobState::failed; });
  EXPECT_EQ(job(id).exit_code, 3);
  EXPECT_EQ(job(id).message, "exited with status 3");
  EXPECT_EQ(job(id).moniker.detail, "migrate");
  EXPECT_THAT(run(provider_->console_output(account_, id)), HasSubstr("migrated " + id));
  close(false);
  open();
  EXPECT_EQ(perform(clusters::run_job("once", wanted)).at("jobId").as_string(), id) << "another process, too";
  EXPECT_THAT(snapshot().jobs, SizeIs(1));

  wanted.settings["command"] = "sleep 600";
  const std::string long_one(perform(clusters::run_job("long", wanted)).at("jobId").as_string());
  await("that it runs", [&] { return job(long_one).state == model::JobState::running; });
  perform(clusters::cancel_job(key(), account_, "docker", long_one));
  await("its end", [&] { return job(long_one).state == model::JobState::failed; });
  wanted.settings["command"] = json::array{"./none"};
  EXPECT_THAT(refusal(clusters::run_job("wrong", wanted)), HasSubstr("settings.command"));
  for (const std::string& name : containers()) {
    for (const Podman* podman : {a_.get(), b_.get()}) {
      engine::Engine engine(*http_, clock_, {.host = podman->host()});
      run(engine.remove_container(name, engine::Force::yes));
    }
  }
}

TEST_F(DockerProviderTest, ReadsFilesOfJobs) {
  clusters::JobSpec wanted;
  wanted.account = account_;
  wanted.region = "docker";
  wanted.moniker = {.app = "shop", .stack = "", .detail = "report", .cluster = "", .sequence = {}};
  wanted.image_id = bake("1.0");
  wanted.settings = {
      {"network", "host"},
      {"workingDirectory", "/www"},
      {"command", "echo rows=7 > result; while echo 0123456789; do :; done > /large & sleep 0.5; kill $!"}};
  const std::string id(perform(clusters::run_job("once", wanted)).at("jobId").as_string());
  await("the job's end", [&] {
    const auto all = snapshot();
    return all.jobs.size() == 1 && all.jobs.at(0).completed_time.has_value();
  });
  const auto why = [&](const std::string& job, const std::string& name) {
    try {
      return "no failure: " + run(provider_->job_file(account_, job, name)).substr(0, 100);
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  };
  EXPECT_EQ(run(provider_->job_file(account_, id, "result")), "rows=7\n");
  EXPECT_EQ(run(provider_->job_file(account_, id, "/www/result")), "rows=7\n");
  EXPECT_EQ(why(id, "none"), "not_found: propertyFile: job '" + id + "' wrote no file '/www/none'");
  EXPECT_EQ(why(id, "/www"), "invalid: propertyFile: '/www' is a directory, not a file");
  EXPECT_THAT(why(id, ""), HasSubstr("invalid: propertyFile: a path in the job's container is needed"));
  EXPECT_THAT(why(id, "/large"), HasSubstr("1048576 is the most"));
  EXPECT_THAT(why("shop-none", "result"), HasSubstr("has no job 'shop-none'"));
  for (const Podman* podman : {a_.get(), b_.get()}) {
    engine::Engine engine(*http_, clock_, {.host = podman->host()});
    run(engine.remove_container(account_ + ".job." + id, engine::Force::yes));
  }
}

TEST_F(DockerProviderTest, Resizes) {
  const std::string name = create(key(), spec(bake("1.0"), 1));
  await_healthy(name, 1);
  perform(clusters::resize_server_group("up", ref(name), {3, 3, 3}));
  await_healthy(name, 3);
  EXPECT_THAT(zones(name), ElementsAre("a", "b", "a"));
  perform(clusters::resize_server_group("down", ref(name), {1, 1, 1}));
  EXPECT_THAT(zones(name), ElementsAre("a"));
  perform(clusters::resize_server_group("up", ref(name), {3, 3, 3}));
  EXPECT_THAT(zones(name), ElementsAre("a")) << "an operation that is done is not done again";
  EXPECT_THAT(containers(), SizeIs(3)) << "an instance, and a record on each host";
}

TEST_F(DockerProviderTest, FindsEverythingAfterACrash) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create("one", wanted);
  await_healthy(name, 2);
  close(false);
  EXPECT_EQ(get(port), "1.0") << "serves while the server is down";
  open();
  EXPECT_EQ(create("one", wanted), name);
  await_healthy(name, 2);
  EXPECT_EQ(group(name).capacity.desired, 2);
  EXPECT_THAT(snapshot().server_groups, SizeIs(1));
}

TEST_F(DockerProviderTest, CompletesACreationThatWasCutShort) {
  const auto wanted = spec(bake("1.0"), 4);
  auto lost = provider_->perform(clusters::create_server_group("one", wanted));
  asio::co_spawn(*loop_, std::move(lost), [](std::exception_ptr, const json::object&) {});
  await("the first container", [&] {
    for (const std::string& name : containers()) {
      if (name.find(".record.") == std::string::npos) return true;
    }
    return false;
  });
  close(false);
  open();
  EXPECT_EQ(create("one", wanted), "shop-main-v000");
  await_healthy("shop-main-v000", 4);
  EXPECT_THAT(containers(), SizeIs(6)) << "each instance once, and a record on each host";
}

TEST_F(DockerProviderTest, DoesWithoutAHostThatHasGone) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  b_->kill();
  await("the host's absence",
        [&] { return told(group(name)).find("host 'b' has not answered") != std::string::npos; });
  const auto found = group(name);
  EXPECT_EQ(found.instances[0].state, HealthState::up);
  EXPECT_NE(found.instances[1].state, HealthState::up);
  const std::string other = create(key(), spec(found.image_id, 2));
  EXPECT_THAT(zones(other), ElementsAre("a", "a"));
  perform(clusters::destroy_server_group(key(), ref(name)));
  EXPECT_TRUE(group(name).name.empty());
  b_->serve();
  await("what was left on the host is removed", [&] {
    for (const std::string& one : containers()) {
      if (one.find(name) != std::string::npos) return false;
    }
    return true;
  });
}

TEST_F(DockerProviderTest, PullsWithCredentials) {
  const std::string there = registry().address() + "/team/shop:1.0";
  const auto baked = bake_answer("1.0", {{"push", there}});
  EXPECT_EQ(baked.at("imageId").as_string(), there);
  const std::string name = create(key(), spec(there, 2));
  await_healthy(name, 2);
  EXPECT_EQ(group(name).version, "1.0");
  EXPECT_TRUE(provider_->accounts().at(0).pulls_images);
  EXPECT_THAT(
      refusal(clusters::create_server_group(key(), spec(registry().address() + "/team/shop:none", 1))),
      AllOf(HasSubstr("not_found: imageId: "), HasSubstr("team/shop:none")));
  perform(clusters::destroy_server_group(key(), ref(name)));
  close(true);
  options_.accounts[0].registries[0].password = "wrong";
  open();
  EXPECT_THAT(refusal(clusters::create_server_group(key(), spec(registry().address() + "/team/other:1", 1))),
              HasSubstr("unauthenticated: imageId: host 'a'"));
  EXPECT_THAT(containers(), IsEmpty());
}

TEST_F(DockerProviderTest, LeavesNothingOfACreationThatFails) {
  auto wanted = spec(bake("1.0"), 2);
  wanted.settings["command"] = {"no-such-program"};
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)),
              AllOf(HasSubstr("invalid: "), HasSubstr("settings.command: ")));
  EXPECT_THAT(containers(), IsEmpty());
  EXPECT_THAT(snapshot().server_groups, SizeIs(0));
  EXPECT_THAT(refusal(clusters::create_server_group(key(), spec("localhost/none:1", 1))),
              HasSubstr("not_found: imageId: host '"));
  wanted = spec(bake("1.0"), 1);
  wanted.load_balancers = {"none"};
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)),
              HasSubstr("has no load balancer 'none'"));
  wanted = spec(bake("1.0"), 1);
  wanted.region = "moon";
  EXPECT_THAT(refusal(clusters::create_server_group(key(), wanted)), HasSubstr("invalid: region: account"));
}

TEST_F(DockerProviderTest, BakesTheSameOnce) {
  const auto first = bake_answer("3.0");
  const auto second = bake_answer("3.0");
  EXPECT_FALSE(first.at("previouslyBaked").as_bool());
  EXPECT_TRUE(second.at("previouslyBaked").as_bool());
  EXPECT_EQ(first.at("imageId"), second.at("imageId"));
  const auto all = snapshot();
  const auto image = std::find_if(all.images.begin(), all.images.end(), [&](const model::Image& one) {
    return json::value(one.id) == first.at("imageId");
  });
  ASSERT_NE(image, all.images.end());
  EXPECT_EQ(image->name, "shop");
  EXPECT_EQ(image->version, "3.0");
}

TEST_F(DockerProviderTest, KnowsWhatABakeIsMadeFrom) {
  const auto inputs_of = [&](const clusters::BakeSpec& spec) {
    return json::serialize(run(provider_->bake_inputs(clusters::bake(key(), spec))));
  };
  const fs::path source = place_.path() / "inputs";
  make_source(source, "1.0");
  const auto spec = bake_spec("1.0", {{"source", source.string()}});
  const std::string before = inputs_of(spec);
  EXPECT_THAT(before, AllOf(HasSubstr(R"("source":"sha256:)"), HasSubstr(R"("hosts":["a","b"])")));
  EXPECT_EQ(inputs_of(spec), before);
  write(source / "rootfs/www/index.html", "another");
  EXPECT_NE(inputs_of(spec), before);
}

TEST_F(DockerProviderTest, BakesOnABaseImage) {
  const std::string base = bake("base");
  const fs::path source = place_.path() / "on-base";
  write(source / "Containerfile",
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG COLOUR\nRUN echo \"it is $COLOUR\" && echo \"$COLOUR\" > "
        "/www/colour\n");
  auto spec = bake_spec("2.0", {{"source", source.string()}});
  spec.base_image = base;
  spec.attributes = {{"COLOUR", "red"}};
  const auto first = perform(clusters::bake(key(), spec));
  EXPECT_THAT(bake_log_.text, AllOf(HasSubstr("Base image: " + base + " ("),
                                    HasSubstr("a: builds localhost/shop:2.0-"), HasSubstr("it is red\n")));
  spec.attributes = {{"COLOUR", "blue"}};
  EXPECT_NE(perform(clusters::bake(key(), spec)).at("imageId"), first.at("imageId"));
  spec.attributes = {{"COLOUR", "red"}};
  EXPECT_TRUE(perform(clusters::bake(key(), spec)).at("previouslyBaked").as_bool());
  spec.rebake = true;
  EXPECT_FALSE(perform(clusters::bake(key(), spec)).at("previouslyBaked").as_bool());
  spec.base_image = "localhost/none:1";
  EXPECT_THAT(refusal(clusters::bake(key(), spec)), HasSubstr("not_found: "));
}

TEST_F(DockerProviderTest, SaysHowABuildFails) {
  const fs::path source = place_.path() / "broken";
  write(source / "Containerfile", "FROM " + bake("base") + "\nRUN echo going; false\n");
  EXPECT_THAT(refusal(clusters::bake(key(), bake_spec("3.0", {{"source", source.string()}}))),
              HasSubstr("invalid: "));
  EXPECT_THAT(bake_log_.text, HasSubstr("going\n"));
}

}  // namespace
}  // namespace gennaker::providers::docker
