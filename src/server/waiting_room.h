#pragma once

#include <memory>

#include "server/options.h"
#include "store/store.h"

namespace gennaker::server {

/// Opens the store. A PostgreSQL that cannot be reached is waited for, however long that takes: databases and
/// servers are started together, and a server that ends instead is started again and again. Meanwhile the
/// server's port is listened on: it is alive, not ready, and says why.
///
/// Throws base::Error as open_store does when waiting is of no use, and as net::Server::start does when it
/// has to wait.
std::unique_ptr<store::Store> open_store_when_it_answers(const Options& options);

}  // namespace gennaker::server
