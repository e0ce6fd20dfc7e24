#pragma once

#include "clusters/clouds.h"
#include "clusters/traffic_guards.h"
#include "net/client.h"
#include "pipelines/applications.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "runner/catalogs.h"

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
  net::Client& client;
};

/// Every stage type that this server knows: a new one is a line here.
void add_builtin_stages(runner::Catalogs& catalogs, const BuiltinParts& parts);

}  // namespace gennaker::server
