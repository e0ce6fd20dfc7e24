#pragma once

#include "clusters/clouds.h"
#include "clusters/traffic_guards.h"
#include "net/client.h"
#include "net/url_fence.h"
#include "pipelines/applications.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "runner/catalogs.h"
#include "server/options.h"

namespace gennaker::server {

/// What built-in stages lean on. All must outlive the catalogs.
struct BuiltinParts {
  store::Store& store;
  runner::Runner& runner;
  pipelines::Applications& applications;
  pipelines::Configurations& configurations;
  pipelines::Starter& starter;
  clusters::Clouds& clouds;
  const clusters::TrafficGuards& guards;
  net::HttpClient& client;
  base::Random& random;
  const Options& options;
};

/// Where calls whose URL a user wrote may go, as the options have it.
std::shared_ptr<const net::UrlFence> url_fence(const Options& options);

/// Every stage type that this server knows: a new one is a line here.
void add_builtin_stages(runner::Catalogs& catalogs, const BuiltinParts& parts);

struct CloudParts {
  const Options& options;
  boost::asio::any_io_executor executor;  ///< on which all providers live
  const base::Clock& clock;
};

/// Every cloud that this server can be connected to, with the accounts that the options name.
void add_builtin_clouds(clusters::Clouds& clouds, const CloudParts& parts);

}  // namespace gennaker::server
