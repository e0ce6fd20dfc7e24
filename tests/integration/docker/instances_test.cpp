#include "provider_world.h"

/// Operations on single instances, and changes of what a server group starts.
namespace gennaker::providers::docker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(DockerProviderTest, StartsInstancesAnewUnderTraffic) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 3);
  wanted.load_balancers = {"shop"};
  const std::string name = create(key(), wanted);
  await_healthy(name, 3);
  const auto first = launched(name, 0), second = launched(name, 1), third = launched(name, 2);
  Traffic traffic(port);
  const std::string terminate = key();
  const auto victims = instances({name + "-0", name + "-7"});
  perform(clusters::terminate_instances(terminate, victims));
  await_healthy(name, 3);
  const auto replaced = launched(name, 0);
  EXPECT_GT(replaced, first);
  perform(clusters::reboot_instances(key(), instances({name + "-1"})));
  await_healthy(name, 3);
  EXPECT_GT(launched(name, 1), second);
  EXPECT_EQ(launched(name, 2), third) << "nobody named it";
  EXPECT_THAT(run(provider_->console_output(account_, name + "-1")), HasSubstr("here\nhere\n"))
      << "a reboot keeps the log";
  traffic.stop();
  EXPECT_EQ(traffic.failed(), 0) << "of " << traffic.sent();
  close(false);
  open();
  perform(clusters::terminate_instances(terminate, victims));
  await_healthy(name, 3);
  EXPECT_EQ(launched(name, 0), replaced) << "the mark is the group's";
  EXPECT_THAT(refusal(clusters::reboot_instances(key(), instances({name + "-7"}))),
              HasSubstr("not_found: account 'StartsInstancesAnewUnderTraffic' has no instance"));
}

TEST_F(DockerProviderTest, CompletesATerminationThatWasCutShort) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  // Wherever it was: before the container's end, before the record, before the new one's start.
  for (const auto after : {50ms, 200ms, 400ms, 800ms}) {
    const auto before = launched(name, 0);
    const std::string once = key();
    auto lost = provider_->perform(clusters::terminate_instances(once, instances({name + "-0"})));
    asio::co_spawn(*loop_, std::move(lost), [](std::exception_ptr, const json::object&) {});
    loop_->run_for(after);
    close(false);
    open();
    perform(clusters::terminate_instances(once, instances({name + "-0"})));
    await_healthy(name, 2);
    EXPECT_GT(launched(name, 0), before) << after.count() << " ms";
    // A record that was outdated when the server ended goes with the next change.
    int kept = 0;
    for (const std::string& one : containers()) kept += one.find(".record.") == std::string::npos ? 1 : 0;
    EXPECT_EQ(kept, 2) << "each instance once";
  }
}

TEST_F(DockerProviderTest, EndsOneInstanceForGood) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  const std::string once = key();
  for (int attempt = 0; attempt < 2; ++attempt) {
    perform(clusters::terminate_and_decrement(once, ref(name), name + "-0", {1, 2, 1}));
  }
  ASSERT_THAT(group(name).instances, SizeIs(1));
  EXPECT_EQ(group(name).instances[0].id, name + "-1");
  EXPECT_EQ(group(name).capacity.desired, 1);
  EXPECT_THAT(containers(), SizeIs(3));
}

TEST_F(DockerProviderTest, TakesTheTrafficOfOneInstance) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create(key(), wanted);
  await_healthy(name, 2);
  Traffic traffic(port);
  perform(clusters::deregister_instances(key(), instances({name + "-0"}), {"shop"}));
  EXPECT_EQ(instance(name, name + "-0").state, HealthState::out_of_service);
  close(false);
  open();
  await("the same after a crash", [&] {
    return instance(name, name + "-0").state == HealthState::out_of_service &&
           instance(name, name + "-1").state == HealthState::up;
  });
  EXPECT_THAT(told(group(name)), HasSubstr("is not registered with its load balancers"));
  perform(clusters::register_instances(key(), instances({name + "-0"}), {"shop"}));
  await_healthy(name, 2);
  traffic.stop();
  EXPECT_EQ(traffic.failed(), 0) << "of " << traffic.sent();
  EXPECT_THAT(refusal(clusters::register_instances(key(), instances({name + "-0"}), {"none"})),
              HasSubstr("has no load balancer 'none'"));
}

TEST_F(DockerProviderTest, ReplacesElsewhereWhatIsOnALostHost) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  b_->kill();
  await("the host's absence",
        [&] { return told(group(name)).find("host 'b' has not answered") != std::string::npos; });
  EXPECT_THAT(refusal(clusters::reboot_instances(key(), instances({name + "-1"}))),
              HasSubstr("unavailable: instance '" + name + "-1': host 'b' has not answered"));
  perform(clusters::terminate_instances(key(), instances({name + "-1"})));
  await_healthy(name, 2);
  EXPECT_THAT(zones(name), ElementsAre("a", "a"));
  EXPECT_EQ(instance(name, name + "-1").id, "");
  b_->serve();
  await("what was left on the host is removed", [&] {
    for (const std::string& one : containers()) {
      if (one == account_ + "." + name + ".1") return false;
    }
    return true;
  });
}

TEST_F(DockerProviderTest, StartsAnotherImageFromNowOn) {
  const int port = balance();
  auto wanted = spec(bake("1.0"), 2);
  wanted.load_balancers = {"shop"};
  const std::string name = create(key(), wanted);
  await_healthy(name, 2);
  const std::string image = bake("2.0");
  clusters::LaunchChange change;
  change.image_id = image;
  change.settings = {{"env", {{"COLOUR", "blue"}}}, {"healthCheck", {{"path", "/index.html"}}}};
  perform(clusters::update_launch(key(), ref(name), change));
  EXPECT_EQ(group(name).image_id, image);
  EXPECT_EQ(group(name).version, "2.0");
  EXPECT_EQ(group(name).launch_config.at("env").at("COLOUR"), "blue");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(port), "1.0") << "what runs goes on";
  close(false);
  open();
  await_healthy(name, 2);
  perform(clusters::terminate_instances(key(), instances({name + "-0"})));
  await_healthy(name, 2);
  std::set<std::string> versions;
  for (int i = 0; i < 10; ++i) versions.insert(get(port));
  EXPECT_THAT(versions, ElementsAre("1.0", "2.0")) << "nobody started the other anew";

  change.image_id = "localhost/none:1";
  EXPECT_THAT(refusal(clusters::update_launch(key(), ref(name), change)),
              HasSubstr("not_found: imageId: host"));
  change.image_id = "";
  change.settings = {{"comand", "sleep 1"}};
  EXPECT_THAT(refusal(clusters::update_launch(key(), ref(name), change)),
              HasSubstr("invalid: settings.comand"));
  EXPECT_EQ(group(name).image_id, image) << "nothing changed";
}

TEST_F(DockerProviderTest, KeepsTagsOfAServerGroup) {
  const std::string name = create(key(), spec(bake("1.0"), 1));
  perform(clusters::tag_server_group(key(), ref(name), {{"team", "blue"}, {"old", "1"}}));
  perform(clusters::tag_server_group(key(), ref(name), {{"old", nullptr}}));
  close(false);
  open();
  await("the same after a crash", [&] { return group(name).tags == json::object{{"team", "blue"}}; });
}

TEST_F(DockerProviderTest, StartsAgainWhatWasRemovedByHand) {
  const std::string name = create(key(), spec(bake("1.0"), 2));
  await_healthy(name, 2);
  a_->run({"rm", "--force", "--time", "0", account_ + "." + name + ".0"});
  await("that it is seen",
        [&] { return told(group(name)).find("was removed by somebody else") != std::string::npos; });
  EXPECT_EQ(instance(name, name + "-0").state, HealthState::down);
  await_healthy(name, 2);
  a_->run({"rm", "--force", "--time", "0", account_ + "." + name + ".0"});
  perform(clusters::resize_server_group(key(), ref(name), {2, 2, 2}));
  await_healthy(name, 2);
}

}  // namespace
}  // namespace gennaker::providers::docker
