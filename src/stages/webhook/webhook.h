#pragma once

#include "net/client.h"
#include "runner/catalogs.h"
#include "stages/webhook/options.h"

namespace gennaker::stages {

/// The `webhook` stage, and a stage type for each webhook that the options preconfigure: see README.md.
/// `client` must outlive the catalogs.
void add_webhook(runner::Catalogs& catalogs, net::HttpClient& client, WebhookOptions options);

}  // namespace gennaker::stages
