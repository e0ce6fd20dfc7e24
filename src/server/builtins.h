#pragma once

#include "bakery/bake_logs.h"
#include "bakery/base_images.h"
#include "clusters/clouds.h"
#include "net/url_fence.h"
#include "pipelines/stage_parts.h"
#include "server/options.h"
#include "server/task_settings.h"

namespace gennaker::server {

/// Where calls whose URL a user wrote may go, as the options have it.
std::shared_ptr<const net::UrlFence> url_fence(const Options& options);

/// Every stage type that this server knows: a new one is a line here. `options` must outlive the catalogs.
void add_builtin_stages(runner::Catalogs& catalogs, const pipelines::StageParts& parts,
                        const Options& options);

struct CloudParts {
  const Options& options;
  boost::asio::any_io_executor executor;  ///< on which all providers live
  const base::Clock& clock;
  net::Client& client;
  bakery::BakeLog& bake_log;
};

/// Every cloud that this server can be connected to, with the accounts that the options name.
void add_builtin_clouds(clusters::Clouds& clouds, const CloudParts& parts);

/// Those of the configuration. Throws base::Error `invalid`, naming the member.
std::vector<bakery::BaseImage> base_images_of(const Options& options);

/// The same accounts, by name alone: for settings that are checked before anything is built.
AccountsByProvider accounts_by_provider(const Options& options);

}  // namespace gennaker::server
