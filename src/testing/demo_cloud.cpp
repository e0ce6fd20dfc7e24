#include "testing/demo_cloud.h"

#include "server/builtins.h"
#include "server/options.h"
#include "testing/builders.h"
#include "testing/rehearsals.h"

namespace gennaker::testing {
namespace {

enum class Serves { yes, no };

model::ServerGroup demo_group(const model::Account& account, const std::string& name, std::int64_t created_ms,
                              Serves serves) {
  const bool disabled = serves == Serves::no;
  model::ServerGroup group = server_group(name, {.up = disabled ? 0 : 2,
                                                 .disabled = disabled,
                                                 .created_ms = created_ms,
                                                 .region = account.regions.front(),
                                                 .account = account.name,
                                                 .image_id = "demo"});
  for (int i = 0; disabled && i < 2; ++i)
    group.instances.push_back(instance(name + "-" + std::to_string(i), model::HealthState::out_of_service));
  group.provider = account.provider;
  group.image_name = "demo";
  group.capacity = {.min = 2, .max = 2, .desired = 2};
  group.load_balancers = {"demo-main"};
  return group;
}

}  // namespace

rehearsal::AccountState demo_account(const std::string& name, const std::string& provider,
                                     const std::string& region) {
  rehearsal::AccountState state{.account = {.name = name,
                                            .provider = provider,
                                            .environment = name,
                                            .regions = {region},
                                            .pulls_images = provider == "docker",
                                            .capabilities = model::all_capabilities()}};
  clusters::Snapshot& holds = state.holds;
  holds.server_groups.push_back(demo_group(state.account, "demo-main-v001", 1000, Serves::no));
  holds.server_groups.push_back(demo_group(state.account, "demo-main-v002", 2000, Serves::no));
  holds.server_groups.push_back(demo_group(state.account, "demo-main-v003", 3000, Serves::yes));
  holds.server_groups.push_back(demo_group(state.account, "demo-test-v000", 1000, Serves::yes));
  for (const char* image : {"demo", "ami-12345678"}) {
    holds.images.push_back({.id = image,
                            .name = image,
                            .account = name,
                            .region = region,
                            .created_time = base::from_millis(1000),
                            .tags = {{"tested", "yes"}}});
  }
  for (const char* balancer : {"demo-main", "demo-old", "shop"})
    holds.load_balancers.push_back(
        {.name = balancer, .account = name, .provider = provider, .region = region});
  holds.firewalls.push_back(
      {.id = "fw-demo", .name = "demo", .account = name, .provider = provider, .region = region});
  return state;
}

rehearsal::Setting demo_setting() {
  static const server::Options options = [] {
    server::Options usual;
    usual.deployment_monitor = object(
        R"({"monitors": [{"id": "errors", "name": "Error rate", "baseUrl": "https://judge.example.com"}]})");
    usual.job =
        object(R"({"preconfigured": {"local": [{"type": "migrate", "label": "Migrate", "credentials": "local",
        "region": "local", "command": "./migrate",
        "parameters": [{"name": "direction", "defaultValue": "up", "mapping": "env.DIRECTION"}]}]}})");
    return usual;
  }();
  rehearsal::Setting setting{.add_stages =
                                 [](runner::Catalogs& catalogs, const pipelines::StageParts& parts) {
                                   server::add_builtin_stages(catalogs, parts, options);
                                 },
                             .fence = usual_fence()};
  setting.start = base::from_millis(1'764'000'000'000);
  setting.accounts = {demo_account("local", "local", "local"), demo_account("prod", "aws", "eu-west-1")};
  return setting;
}

}  // namespace gennaker::testing
