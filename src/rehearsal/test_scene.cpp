#include "rehearsal/test_scene.h"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/nearest_name.h"
#include "rehearsal/test_shapes.h"

namespace gennaker::rehearsal {
namespace {

constexpr int most_instances = 10'000;

/// What the server has without any configuration.
AccountState usual_account() {
  return {.account = {.name = "local",
                      .provider = "local",
                      .environment = "local",
                      .regions = {"local"},
                      .capabilities = model::all_capabilities()}};
}

std::vector<std::string> names_of(const std::vector<AccountState>& accounts) {
  std::vector<std::string> names;
  for (const AccountState& state : accounts) names.push_back(state.account.name);
  return names;
}

model::Instance instance_of(const model::ServerGroup& group, int number, bool healthy) {
  model::Instance instance;
  instance.id = fmt::format("{}-{}", group.name, number);
  instance.zone = group.region + "-a";
  instance.state = !healthy         ? model::HealthState::down
                   : group.disabled ? model::HealthState::out_of_service
                                    : model::HealthState::up;
  instance.health = {{.type = "LoadBalancer", .state = instance.state, .description = "", .platform = false}};
  return instance;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace

json::object SceneReader::pipeline(const Located& given, const std::string& path) {
  if (given.is_text()) return pipeline_file(given, path);
  if (!given.is_mapping()) refuse_value(file_, given.line, path, "a file's name or a mapping is needed");
  json::object config = to_json(given).as_object();
  if (!config.contains("name")) config["name"] = "Pipeline";
  return config;
}

json::object SceneReader::pipeline_file(const Located& given, const std::string& path) {
  const std::filesystem::path beside = (path_.parent_path() / given.text).lexically_normal();
  std::error_code error;
  if (!std::filesystem::is_regular_file(beside, error)) {
    refuse_value(file_, given.line, path, fmt::format("there is no file {}", beside.string()));
  }
  const std::string text = contents(beside);
  json::object config;
  try {
    if (const auto kind = beside.extension(); kind == ".yaml" || kind == ".yml") {
      const json::value read = to_json(parse_yaml(text, beside.string()));
      if (!read.is_object())
        throw base::Error(base::Kind::invalid, beside.string() + ": a mapping is needed");
      config = read.as_object();
    } else {
      config = base::parse_json_object(text, beside.string());
    }
  } catch (const base::Error& problem) {
    refuse_value(file_, given.line, path, problem.what());
  }
  return config;
}

std::vector<AccountState> SceneReader::cloud(const Located* given, const std::string& path) {
  std::vector<AccountState> accounts;
  if (given == nullptr) return {usual_account()};
  const Fields fields(file_, path, *given, shapes::cloud);
  fields.each_member("accounts", [&](const Located::Member& member, const std::string& at) {
    const Fields account(file_, at, member.value, shapes::account);
    AccountState state;
    state.account = {.name = member.key,
                     .provider = account.text("provider", "local"),
                     .environment = account.text("environment", member.key),
                     .regions = account.texts("regions"),
                     .capabilities = model::all_capabilities()};
    if (state.account.regions.empty()) state.account.regions.push_back(member.key);
    accounts.push_back(std::move(state));
  });
  if (accounts.empty()) accounts.push_back(usual_account());
  fields.each_item("images",
                   [&](const Located& item, const std::string& at) { read_image(item, at, accounts); });
  fields.each_item("loadBalancers", [&](const Located& item, const std::string& at) {
    read_load_balancer(item, at, accounts);
  });
  fields.each_item("serverGroups", [&](const Located& item, const std::string& at) {
    read_server_group(item, at, accounts);
  });
  return accounts;
}

AccountState& SceneReader::account_of(const Fields& fields, std::vector<AccountState>& accounts) {
  const std::string name = fields.text("account");
  if (name.empty() && accounts.size() == 1) return accounts.front();
  for (AccountState& state : accounts) {
    if (state.account.name == name) return state;
  }
  if (name.empty()) fields.refuse("account", "there are several: name one");
  fields.refuse("account", fmt::format("there is no account '{}'{}", name,
                                       clusters::suggestion(name, names_of(accounts))));
}

std::string SceneReader::region_of(const Fields& fields, const AccountState& account) {
  const auto& regions = account.account.regions;
  const std::string region = fields.text("region", regions.front());
  if (std::find(regions.begin(), regions.end(), region) == regions.end()) {
    fields.refuse("region", fmt::format("account '{}' has no region '{}'{}", account.account.name, region,
                                        clusters::suggestion(region, regions)));
  }
  return region;
}

void SceneReader::read_image(const Located& item, const std::string& path,
                             std::vector<AccountState>& accounts) {
  Located short_form;  // "image-1" stands for {id: image-1}
  if (item.sort == Located::Sort::scalar) {
    short_form = {.sort = Located::Sort::mapping, .line = item.line};
    short_form.members.push_back({"id", item.line, item});
  }
  const Fields fields(file_, path, short_form.is_mapping() ? short_form : item, shapes::image);
  AccountState& state = account_of(fields, accounts);
  fields.required("id");
  state.holds.images.push_back({.id = fields.text("id"),
                                .name = fields.text("name", fields.text("id")),
                                .account = state.account.name,
                                .region = region_of(fields, state),
                                .version = fields.text("version")});
}

void SceneReader::read_load_balancer(const Located& item, const std::string& path,
                                     std::vector<AccountState>& accounts) {
  Located short_form;
  if (item.sort == Located::Sort::scalar) {
    short_form = {.sort = Located::Sort::mapping, .line = item.line};
    short_form.members.push_back({"name", item.line, item});
  }
  const Fields fields(file_, path, short_form.is_mapping() ? short_form : item, shapes::load_balancer);
  AccountState& state = account_of(fields, accounts);
  fields.required("name");
  const std::string name = fields.text("name");
  state.holds.load_balancers.push_back({.name = name,
                                        .account = state.account.name,
                                        .provider = state.account.provider,
                                        .region = region_of(fields, state),
                                        .moniker = clusters::parse_name(name)});
}

void SceneReader::read_server_group(const Located& item, const std::string& path,
                                    std::vector<AccountState>& accounts) {
  const Fields fields(file_, path, item, shapes::server_group);
  AccountState& state = account_of(fields, accounts);
  fields.required("name");
  model::ServerGroup group;
  group.name = fields.text("name");
  group.moniker = clusters::parse_name(group.name);
  if (group.moniker.app.empty() || !group.moniker.sequence)
    fields.refuse("name", "a server group's name is needed, such as shop-main-v001");
  group.account = state.account.name;
  group.provider = state.account.provider;
  group.region = region_of(fields, state);
  group.disabled = fields.flag("disabled");
  group.image_id = group.image_name = fields.text("image");
  group.load_balancers = fields.texts("loadBalancers");
  // Of those without an age, the one that stands first is the oldest.
  const auto usual = std::chrono::hours(24) - std::chrono::minutes(state.holds.server_groups.size());
  group.created_time = base::from_millis(0) - fields.duration("age").value_or(usual);
  const int size = fields.number("instances", most_instances).value_or(1);
  const int unhealthy = fields.number("unhealthy", size).value_or(0);
  group.capacity = {.min = size, .max = size, .desired = size};
  for (int i = 0; i < size; ++i) group.instances.push_back(instance_of(group, i, i >= unhealthy));
  state.holds.server_groups.push_back(std::move(group));
}

void date_from(base::TimePoint start, std::vector<AccountState>& accounts) {
  for (AccountState& state : accounts) {
    for (std::size_t i = 0; i < state.holds.server_groups.size(); ++i)
      state.holds.server_groups.edit(i).created_time += start.time_since_epoch();
  }
}

}  // namespace gennaker::rehearsal
