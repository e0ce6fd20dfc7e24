#include "company.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "configs.h"
#include "laws.h"

namespace gennaker::simulation {
namespace {

class Founder {
 public:
  Founder(std::uint64_t seed, Variety variety) : dice_(seed), scenes_(dice_.next(), variety) {}

  Company found() {
    company_.account = scenes_.make_account();
    add_guarded_cluster();
    company_.application = {
        {"name", "shop"},
        {"email", "shop@example.com"},
        {"trafficGuards",
         json::array{json::object{
             {"account", "local"}, {"location", "here"}, {"stack", "guarded"}, {"detail", "*"}}}}};
    const int random_ones = 1 + dice_.below(3);
    for (int i = 1; i <= random_ones; ++i) add_random(fmt::format("random-{}", i));
    if (dice_.happens(0.6)) add_guarded();
    if (dice_.happens(0.5)) add_followed();
    if (dice_.happens(0.5)) add_diamond();
    if (dice_.happens(0.5)) add_jobs();
    if (dice_.happens(0.5)) add_parent();
    if (dice_.happens(0.4)) add_windowed();
    return std::move(company_);
  }

 private:
  void save(json::object config, bool people_start_it = true) {
    if (people_start_it) company_.started.push_back(base::string_or(config, "id", ""));
    company_.pipelines.push_back(std::move(config));
  }

  static json::object config(const std::string& id, json::array stages) {
    json::object config{{"application", "shop"}, {"name", id}, {"id", id}};
    config["parameterConfig"] = json::array{json::object{{"name", "version"}, {"default", "1"}},
                                            json::object{{"name", "size"}, {"default", 2}},
                                            json::object{{"name", "env"}, {"default", "test"}},
                                            json::object{{"name", "image"}, {"default", "image-1"}}};
    config["stages"] = std::move(stages);
    return config;
  }

  void limit(json::object& config) {
    if (dice_.below(3) == 0) {
      config["maxConcurrentExecutions"] = 1 + dice_.below(2);
    } else {
      config["limitConcurrent"] = true;
    }
    config["keepWaitingPipelines"] = dice_.below(2) == 0;
  }

  void make_job(json::object& stage) {
    stage["url"] = "https://jobs.example.com/start";
    stage["waitForCompletion"] = true;
    stage["statusUrlResolution"] = "webhookResponse";
    stage["statusUrlJsonPath"] = "$.statusUrl";
    stage["statusJsonPath"] = "$.status";
    stage["successStatuses"] = "DONE";
    stage["terminalStatuses"] = "FAILED";
    if (dice_.below(3) == 0) stage["cancelEndpoint"] = "https://jobs.example.com/cancel";
    if (dice_.below(3) == 0) stage["waitBeforeMonitor"] = 1 + dice_.below(60);
  }

  void vary(json::object& config) {
    for (auto& one : config["stages"].as_array()) {
      json::object& stage = one.as_object();
      const std::string type = base::string_or(stage, "type", "");
      if (type == "webhook" && dice_.below(2) == 0) make_job(stage);
      if (type == "pipeline" && dice_.below(3) == 0) stage["waitForCompletion"] = false;
      if (type == "pipeline" && dice_.below(4) == 0) stage["skippable"] = true;
      if (dice_.below(20) == 0) stage["stageTimeoutMs"] = 60'000 * (1 + dice_.below(600));
    }
  }

  void add_guarded_cluster() {
    model::ServerGroup group;
    group.name = clusters::server_group_name(std::string(Laws::guarded_cluster), 1);
    group.account = "local";
    group.provider = "local";
    group.region = "here";
    group.moniker = clusters::parse_name(group.name);
    group.created_time = base::from_millis(1'000);
    group.image_id = "image-1";
    group.image_name = "shop";
    group.capacity = {.min = 2, .max = 2, .desired = 2};
    for (int i = 0; i < 2; ++i) {
      model::Instance instance;
      instance.id = fmt::format("{}-{}", group.name, i);
      instance.state = model::HealthState::up;
      group.instances.push_back(std::move(instance));
    }
    company_.account.holds.server_groups.push_back(std::move(group));
  }

  void add_random(const std::string& id) {
    const bool chain = dice_.below(2) == 0;
    json::object made = config(id, scenes_.make_stages(chain, 1));
    vary(made);
    if (dice_.below(2) == 0) limit(made);
    for (json::object& child : scenes_.take_saved()) {
      vary(child);
      if (dice_.below(2) == 0) limit(child);
      save(std::move(child), dice_.below(4) == 0);
    }
    save(std::move(made));
  }

  /// The one pipeline that touches the guarded cluster, one execution at a time.
  void add_guarded() {
    const std::string cluster(Laws::guarded_cluster);
    std::vector<json::object> stages;
    const int count = 1 + dice_.below(4);
    for (int i = 0; i < count; ++i) {
      switch (dice_.below(7)) {
        case 0:
          stages.push_back(scenes_.on_server_group("disableServerGroup", cluster));
          break;
        case 1:
          stages.push_back(scenes_.on_server_group("destroyServerGroup", cluster));
          break;
        case 2:
          stages.push_back(scenes_.on_cluster("shrinkCluster", cluster));
          stages.back()["shrinkToSize"] = 1;
          stages.back()["allowDeleteActive"] = true;
          break;
        case 3:
          stages.push_back(scenes_.on_cluster("disableCluster", cluster));
          stages.back()["remainingEnabledServerGroups"] = dice_.below(2);
          break;
        default: {
          json::object deploy = scenes_.make_deploy(cluster, {});
          json::object& description = deploy["clusters"].as_array()[0].as_object();
          description["imageId"] = "image-1";
          stages.push_back(std::move(deploy));
        }
      }
      if (dice_.below(3) == 0) {
        stages.back()["failPipeline"] = false;
        stages.back()["continuePipeline"] = true;
      }
    }
    json::object made = config("guarded", in_order(std::move(stages)));
    made["limitConcurrent"] = true;
    made["keepWaitingPipelines"] = dice_.below(2) == 0;
    save(std::move(made));
  }

  void add_followed() {
    json::object followed = config("followed", in_order({stage("wait", {{"waitTime", dice_.below(900)}})}));
    json::object follower = config("follower", in_order({stage("wait", {{"waitTime", dice_.below(900)}})}));
    follower["triggers"] = json::array{json::object{{"type", "pipeline"},
                                                    {"enabled", true},
                                                    {"application", "shop"},
                                                    {"pipeline", "followed"},
                                                    {"status", list_of("successful")}}};
    if (dice_.below(2) == 0) {
      follower["limitConcurrent"] = true;
      follower["keepWaitingPipelines"] = true;
    }
    save(std::move(follower), false);
    save(std::move(followed));
  }

  /// Branches of waits that meet: order and requisites.
  void add_diamond() {
    json::array stages;
    const int width = 2 + dice_.below(3);
    json::array all;
    for (int i = 1; i <= width; ++i) {
      json::object branch = dice_.below(3) == 0 ? stage("manualJudgment") : stage("wait");
      if (branch["type"] == "wait") branch["waitTime"] = dice_.below(1'800);
      branch["refId"] = std::to_string(i);
      branch["requisiteStageRefIds"] = json::array{};
      if (dice_.below(4) == 0) {
        branch["failPipeline"] = false;
        branch["completeOtherBranchesThenFail"] = dice_.below(2) == 0;
      }
      all.push_back(json::value(std::to_string(i)));
      stages.push_back(std::move(branch));
    }
    json::object meeting = stage("wait", {{"waitTime", 10}});
    meeting["refId"] = "meeting";
    meeting["requisiteStageRefIds"] = std::move(all);
    json::object last = stage("wait", {{"waitTime", 10}});
    last["refId"] = "last";
    last["requisiteStageRefIds"] = list_of("meeting");
    stages.push_back(std::move(meeting));
    stages.push_back(std::move(last));
    json::object made = config("diamond", std::move(stages));
    if (dice_.below(2) == 0) limit(made);
    save(std::move(made));
  }

  void add_jobs() {
    json::object job = stage("webhook");
    make_job(job);
    json::object call = stage("webhook", {{"url", "https://service.example.com/x"}, {"method", "PUT"}});
    json::object made = config("jobs", in_order({std::move(job), stage("manualJudgment"), std::move(call)}));
    if (dice_.below(2) == 0) limit(made);
    save(std::move(made));
  }

  void add_parent() {
    json::object child =
        config("child", in_order({stage("wait", {{"waitTime", dice_.below(600)}}), stage("manualJudgment")}));
    if (dice_.below(2) == 0) limit(child);
    save(std::move(child), dice_.below(2) == 0);
    const auto call = [](bool waits) {
      return stage("pipeline",
                   {{"application", "shop"}, {"pipeline", "child"}, {"waitForCompletion", waits}});
    };
    json::object made =
        config("parent", in_order({call(true), call(dice_.below(2) == 0), stage("wait", {{"waitTime", 5}})}));
    if (dice_.below(3) == 0) limit(made);
    save(std::move(made));
  }

  void add_windowed() {
    json::object deploy = scenes_.make_deploy("shop-a", {});
    deploy["restrictExecutionDuringTimeWindow"] = true;
    deploy["restrictedExecutionWindow"] = {
        {"whitelist",
         json::array{json::object{{"startHour", 3}, {"startMin", 0}, {"endHour", 5}, {"endMin", 0}}}}};
    if (dice_.below(2) == 0) {
      deploy["restrictedExecutionWindow"].as_object()["jitter"] = {
          {"enabled", true}, {"minDelay", 10}, {"maxDelay", 7'200}};
    }
    save(config("windowed", in_order({std::move(deploy)})));
  }

  Dice dice_;
  SceneMaker scenes_;
  Company company_;
};

}  // namespace

Company found_company(std::uint64_t seed, Variety variety) {
  return Founder(seed, variety).found();
}

}  // namespace gennaker::simulation
