#include "server/builtins.h"

#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/simulated_cloud.h"
#include "pipelines/entity_tags.h"
#include "providers/docker/docker_provider.h"
#include "providers/local/local_provider.h"
#include "stages/application/application.h"
#include "stages/bake/bake.h"
#include "stages/bind_artifacts.h"
#include "stages/bulk_server_groups/bulk_server_groups.h"
#include "stages/check_preconditions/check_preconditions.h"
#include "stages/clone_server_group/clone_server_group.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/delete_image/delete_image.h"
#include "stages/delete_load_balancer/delete_load_balancer.h"
#include "stages/delete_pipeline/delete_pipeline.h"
#include "stages/depends_on_execution/depends_on_execution.h"
#include "stages/deploy/deploy.h"
#include "stages/deployment_monitor/deployment_monitor.h"
#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/determine_target_server_group/determine_target_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/dry_run.h"
#include "stages/enable_server_group/enable_server_group.h"
#include "stages/evaluate_artifacts/evaluate_artifacts.h"
#include "stages/evaluate_variables/evaluate_variables.h"
#include "stages/find_artifact_from_execution/find_artifact_from_execution.h"
#include "stages/find_image/find_image.h"
#include "stages/find_image_from_tags/find_image_from_tags.h"
#include "stages/infrastructure.h"
#include "stages/instances/instances.h"
#include "stages/manual_judgment/manual_judgment.h"
#include "stages/modify_scaling_process/modify_scaling_process.h"
#include "stages/monitor_pipeline/monitor_pipeline.h"
#include "stages/noop/noop.h"
#include "stages/pin_server_group/pin_server_group.h"
#include "stages/pipeline/pipeline.h"
#include "stages/reorder_pipelines/reorder_pipelines.h"
#include "stages/resize_server_group/resize_server_group.h"
#include "stages/restore_server_groups/restore_server_groups.h"
#include "stages/restrict_execution_window/restrict_execution_window.h"
#include "stages/rollback_cluster/rollback_cluster.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/rolling_push/rolling_push.h"
#include "stages/run_job/run_job.h"
#include "stages/save_pipeline/save_pipeline.h"
#include "stages/save_pipelines_from_artifact/save_pipelines_from_artifact.h"
#include "stages/scale_down_cluster/scale_down_cluster.h"
#include "stages/shrink_cluster/shrink_cluster.h"
#include "stages/toggleable_pause/toggleable_pause.h"
#include "stages/update_launch_config/update_launch_config.h"
#include "stages/upsert_entity_tags/upsert_entity_tags.h"
#include "stages/upsert_image_tags/upsert_image_tags.h"
#include "stages/upsert_load_balancer/upsert_load_balancer.h"
#include "stages/upsert_security_group/upsert_security_group.h"
#include "stages/upsert_server_group_tags/upsert_server_group_tags.h"
#include "stages/wait/wait.h"
#include "stages/wait_for_condition/wait_for_condition.h"
#include "stages/wait_for_server_group/wait_for_server_group.h"
#include "stages/wait_until/wait_until.h"
#include "stages/webhook/webhook.h"

namespace gennaker::server {
namespace {

const std::string simulated_provider = "simulated";

std::vector<std::string> server_groups_of(const clusters::Clouds& clouds,
                                          const stages::ClusterSizeQuestion& question) {
  const auto snapshot = clouds.snapshot(question.account);
  std::vector<std::string> names;
  for (const auto* group : clusters::server_groups_of_cluster(*snapshot, question.cluster, question.region)) {
    if (!question.only_enabled || !group->disabled) names.push_back(group->name);
  }
  return names;
}

std::vector<std::string> clusters_of(const clusters::Clouds& clouds, const std::string& application) {
  std::vector<std::string> names;
  for (const model::Account& account : clouds.accounts()) {
    const auto snapshot = clouds.snapshot(account.name);
    for (const clusters::Cluster& cluster : clusters::clusters_of_application(*snapshot, application)) {
      names.push_back(account.name + "/" + cluster.name);
    }
  }
  return names;
}

/// Of the entity tags of a server group, as Spinnaker writes them when it has deployed.
boost::json::object former_image_in(const boost::json::object& entity_tags) {
  boost::json::object image;
  const auto* list = base::find_array(entity_tags, "tags");
  if (list == nullptr) return image;
  for (const auto& entry : *list) {
    const auto* tag = entry.if_object();
    if (tag == nullptr || base::string_or(*tag, "name", "") != "spinnaker:metadata") continue;
    const auto* value = base::find_object(*tag, "value");
    const auto* former = value != nullptr ? base::find_object(*value, "previousServerGroup") : nullptr;
    for (const std::string_view key : {"imageId", "imageName"}) {
      const std::string known = former != nullptr ? base::string_or(*former, key, "") : "";
      if (!known.empty()) image[key] = known;
    }
  }
  return image;
}

base::Async<boost::json::object> former_image(store::Store& store, model::ServerGroup group) {
  const boost::json::object reference{{"cloudProvider", group.provider},
                                      {"entityType", "servergroup"},
                                      {"entityId", group.name},
                                      {"account", group.account},
                                      {"region", group.region}};
  pipelines::EntityTags tags(store);
  auto finding = tags.find(pipelines::entity_tags_id(reference));
  const std::optional<boost::json::object> found = co_await std::move(finding);
  co_return found ? former_image_in(*found) : boost::json::object{};
}

stages::WebhookOptions webhook_options(const Options& options) {
  return stages::read_webhook_options(
      options.webhook, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      });
}

std::set<std::string, std::less<>> switches_that_are_on(const Options& options) {
  std::set<std::string, std::less<>> on;
  for (const auto& [name, is_on] : options.pause_toggles) {
    if (is_on) on.insert(name);
  }
  return on;
}

std::vector<std::string> shim_program() {
  return {std::filesystem::read_symlink("/proc/self/exe").string(), "shim"};
}

void add_docker(clusters::Clouds& clouds, const CloudParts& parts) {
  auto docker = providers::docker::docker_options_of(parts.options.docker);
  if (docker.accounts.empty()) return;
  docker.data_directory = std::filesystem::absolute(parts.options.data).string();
  docker.shim_program = shim_program();
  if (const char* path = std::getenv("PATH")) docker.search_path = path;
  clouds.add(std::make_unique<providers::docker::DockerProvider>(parts.executor, std::move(docker),
                                                                 parts.client, parts.clock, parts.bake_log));
}

/// Last: what is preconfigured must not take another's name.
void add_preconfigured(runner::Catalogs& catalogs, const pipelines::StageParts& parts,
                       const stages::Infrastructure& infrastructure, const Options& server_options) {
  stages::WebhookOptions options = webhook_options(server_options);
  stages::add_run_job(catalogs, infrastructure,
                      {&parts.client, options.fence, stages::read_preconfigured_jobs(server_options.job)});
  stages::add_save_pipelines_from_artifact(catalogs, {parts.configurations, parts.client, options.fence});
  stages::add_webhook(catalogs, parts.client, std::move(options));
}

}  // namespace

std::shared_ptr<const net::UrlFence> url_fence(const Options& options) {
  return webhook_options(options).fence;
}

void add_builtin_stages(runner::Catalogs& catalogs, const pipelines::StageParts& parts,
                        const Options& options) {
  stages::add_bind_artifacts(catalogs);
  stages::add_dry_run(catalogs);
  stages::add_evaluate_artifacts(catalogs);
  stages::add_evaluate_variables(catalogs);
  stages::add_noop(catalogs);
  stages::add_wait(catalogs);
  stages::add_wait_for_condition(catalogs);
  stages::add_wait_until(catalogs);
  stages::add_toggleable_pause(catalogs, switches_that_are_on(options));
  stages::add_manual_judgment(catalogs);
  stages::add_check_preconditions(catalogs,
                                  [&clouds = parts.clouds](const stages::ClusterSizeQuestion& question) {
                                    return server_groups_of(clouds, question);
                                  });
  stages::add_restrict_execution_window(catalogs, options.time_zone, parts.random);
  stages::add_depends_on_execution(catalogs, parts.store);
  stages::add_monitor_pipeline(catalogs, parts.store);
  stages::add_pipeline(catalogs, {parts.configurations, parts.starter, parts.runner, parts.store});
  stages::add_save_pipeline(catalogs, parts.configurations);
  stages::add_delete_pipeline(catalogs, parts.configurations);
  stages::add_reorder_pipelines(catalogs, parts.configurations);
  stages::add_find_artifact_from_execution(catalogs, parts.store);
  stages::add_upsert_entity_tags(catalogs, parts.store);
  stages::add_application(
      catalogs, parts.applications,
      [&clouds = parts.clouds](const std::string& application) { return clusters_of(clouds, application); });

  const stages::Infrastructure infrastructure{parts.clouds, parts.guards, parts.locks};
  stages::add_infrastructure_tasks(catalogs, infrastructure);
  stages::add_bake(catalogs, infrastructure, {parts.bakes, base_images_of(options)});
  stages::add_bulk_server_groups(catalogs, infrastructure);
  stages::add_clone_server_group(catalogs, infrastructure);
  stages::add_create_server_group(catalogs, infrastructure);
  stages::add_delete_image(catalogs, infrastructure);
  stages::add_delete_load_balancer(catalogs, infrastructure);
  stages::add_deploy(catalogs);
  stages::add_destroy_server_group(catalogs, infrastructure);
  stages::add_determine_target_server_group(catalogs, infrastructure);
  stages::add_disable_cluster(catalogs, infrastructure);
  stages::add_disable_server_group(catalogs, infrastructure);
  stages::add_enable_server_group(catalogs, infrastructure);
  stages::add_find_image(catalogs, infrastructure);
  stages::add_find_image_from_tags(catalogs, infrastructure);
  stages::add_instances(catalogs, infrastructure);
  stages::add_modify_scaling_process(catalogs, infrastructure);
  stages::add_pin_server_group(catalogs, infrastructure);
  stages::add_update_launch_config(catalogs, infrastructure);
  stages::add_rolling_push(catalogs, infrastructure);
  stages::add_wait_for_server_group(catalogs);
  stages::add_deployment_monitor(catalogs, parts.client,
                                 stages::read_deployment_monitors(options.deployment_monitor));
  stages::add_resize_server_group(catalogs, infrastructure);
  stages::add_restore_server_groups(catalogs, infrastructure);
  stages::add_rollback_cluster(catalogs, infrastructure, [&store = parts.store](model::ServerGroup group) {
    return former_image(store, std::move(group));
  });
  stages::add_rollback_server_group(catalogs, infrastructure);
  stages::add_scale_down_cluster(catalogs, infrastructure);
  stages::add_shrink_cluster(catalogs, infrastructure);
  stages::add_upsert_image_tags(catalogs, infrastructure);
  stages::add_upsert_load_balancer(catalogs, infrastructure);
  stages::add_upsert_security_group(catalogs, infrastructure);
  stages::add_upsert_server_group_tags(catalogs, infrastructure);
  add_preconfigured(catalogs, parts, infrastructure, options);
}

void add_builtin_clouds(clusters::Clouds& clouds, const CloudParts& parts) {
  providers::local::LocalOptions local;
  local.data_directory = std::filesystem::absolute(parts.options.data).string();
  local.accounts.clear();
  for (const std::string& account : parts.options.local.accounts)
    local.accounts.push_back({account, account});
  local.haproxy = parts.options.local.haproxy.string();
  local.shim_program = shim_program();
  local.first_port = parts.options.local.first_port;
  local.last_port = parts.options.local.last_port;
  // Nothing of ours that could be a secret.
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) local.environment[name] = value;
  }
  clouds.add(std::make_unique<providers::local::LocalProvider>(parts.executor, std::move(local), parts.clock,
                                                               parts.bake_log));
  add_docker(clouds, parts);
  for (const std::string& account : parts.options.simulated.accounts) {
    auto cloud =
        std::make_unique<clusters::SimulatedCloud>(parts.clock,
                                                   model::Account{.name = account,
                                                                  .provider = simulated_provider,
                                                                  .environment = account,
                                                                  .regions = parts.options.simulated.regions,
                                                                  .capabilities = model::all_capabilities()},
                                                   clusters::Snapshot());
    cloud->forget_effects();
    clouds.add(std::move(cloud));
  }
}

std::vector<bakery::BaseImage> base_images_of(const Options& options) {
  return bakery::read_base_images(options.bakery, {"local", "docker", simulated_provider});
}

AccountsByProvider accounts_by_provider(const Options& options) {
  std::vector<std::string> docker;
  for (const auto& account : providers::docker::docker_options_of(options.docker).accounts) {
    docker.push_back(account.name);
  }
  return {{"local", options.local.accounts},
          {"docker", std::move(docker)},
          {simulated_provider, options.simulated.accounts}};
}

}  // namespace gennaker::server
