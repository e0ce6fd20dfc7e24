#pragma once

#include "net/client.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `webhook` stage: see README.md. `client` must outlive the catalogs.
void add_webhook(runner::Catalogs& catalogs, net::Client& client);

}  // namespace gennaker::stages
