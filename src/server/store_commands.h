#pragma once

#include "cli/cli.h"

/// `gennaker store ...`: what is done to a store without a server.
namespace gennaker::server {

/// Prints what is on both sides, table by table, or why it cannot be done. Returns the exit status; throws
/// base::Error with the detail `usage` when what was given are not two stores.
int copy_store(const cli::StoreCopy& what);

/// Writes a backup of an SQLite store, whether its server runs or not. As above.
int back_up_store(const cli::StoreBackup& what);

}  // namespace gennaker::server
