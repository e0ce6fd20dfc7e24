#include "server/builtins.h"

#include <algorithm>

#include "clusters/inventory.h"
#include "stages/application/application.h"
#include "stages/check_preconditions/check_preconditions.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/deploy/deploy.h"
#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/enable_server_group/enable_server_group.h"
#include "stages/infrastructure/parts.h"
#include "stages/manual_judgment/manual_judgment.h"
#include "stages/pipeline/pipeline.h"
#include "stages/resize_server_group/resize_server_group.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/scale_down_cluster/scale_down_cluster.h"
#include "stages/shrink_cluster/shrink_cluster.h"
#include "stages/wait/wait.h"
#include "stages/webhook/webhook.h"

namespace gennaker::server {
namespace {

int cluster_size(const clusters::Clouds& clouds, const stages::ClusterSizeQuestion& question) {
  const auto snapshot = clouds.snapshot(question.account);
  const auto groups = clusters::server_groups_of_cluster(*snapshot, question.cluster, question.region);
  return static_cast<int>(std::count_if(groups.begin(), groups.end(), [&](const model::ServerGroup* group) {
    return !question.only_enabled || !group->disabled;
  }));
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

}  // namespace

void add_builtin_stages(runner::Catalogs& catalogs, const BuiltinParts& parts) {
  stages::add_wait(catalogs);
  stages::add_manual_judgment(catalogs);
  stages::add_check_preconditions(catalogs,
                                  [&clouds = parts.clouds](const stages::ClusterSizeQuestion& question) {
                                    return cluster_size(clouds, question);
                                  });
  stages::add_webhook(catalogs, parts.client);
  stages::add_pipeline(catalogs, {parts.configurations, parts.starter, parts.runner, parts.store});
  stages::add_application(
      catalogs, parts.applications,
      [&clouds = parts.clouds](const std::string& application) { return clusters_of(clouds, application); });
}

}  // namespace gennaker::server
