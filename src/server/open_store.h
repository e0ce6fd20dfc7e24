#pragma once

#include <memory>
#include <string>

#include "server/options.h"
#include "store/store.h"

namespace gennaker::server {

/// Opens what `options.store` names: "postgresql://user:password@host:port/database" or "sqlite:FILE"; empty:
/// gennaker.db in the data folder.
/// Throws base::Error as the stores do; `invalid` for what is neither. No message repeats a password.
std::unique_ptr<store::Store> open_store(const Options& options);

/// The same for the log: without a password. Throws as open_store does for what is neither.
std::string shown_store(const Options& options);

}  // namespace gennaker::server
