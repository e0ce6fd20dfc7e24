#include "testing/rehearsals.h"

#include <fmt/format.h>

#include "base/json.h"
#include "server/builtins.h"
#include "testing/builders.h"

namespace gennaker::testing {

pipelines::AddStages builtin_stages() {
  static const server::Options options;
  return [](runner::Catalogs& catalogs, const pipelines::StageParts& parts) {
    server::add_builtin_stages(catalogs, parts, options);
  };
}

std::shared_ptr<const net::UrlFence> usual_fence() {
  return server::url_fence(server::Options{});
}

rehearsal::Setting small_shop() {
  rehearsal::AccountState local{
      .account = {.name = "local", .provider = "local", .environment = "test", .regions = {"here"}}};
  model::ServerGroup group = server_group("shop-main-v001", {.up = 2});
  group.provider = "local";
  group.load_balancers = {"shop"};
  local.holds.server_groups.push_back(std::move(group));
  local.holds.images.push_back({.id = "image-1", .name = "shop", .account = "local", .region = "here"});
  local.holds.load_balancers.push_back(
      {.name = "shop", .account = "local", .provider = "local", .region = "here"});
  rehearsal::Setting setting{.add_stages = builtin_stages(), .fence = usual_fence()};
  setting.accounts.push_back(std::move(local));
  setting.start = base::from_millis(1'700'000'000'000);
  return setting;
}

pipelines::StartRequest start_of(const std::string& name, const std::string& stages,
                                 const std::string& more) {
  pipelines::StartRequest request;
  request.config = {{"application", "shop"}, {"name", name}, {"id", name}};
  base::merge_into(request.config, object(more));
  request.config["stages"] = object(fmt::format(R"({{"stages": {}}})", stages))["stages"];
  request.user = "ann";
  return request;
}

}  // namespace gennaker::testing
