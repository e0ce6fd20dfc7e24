#pragma once

#include <filesystem>
#include <string>

#include "testing/postgres_server.h"

/// The PostgreSQL of this program, which starts with the first test that asks for it. Its folder is in the
/// environment, for the children that the tests start.
namespace gennaker::store {

/// nullptr in such a child.
testing::PostgresServer* own_server();
const std::filesystem::path& server_folder();

/// The database that belongs to a directory: same directory, same database. It is made when it is missing.
std::string database_of(const std::filesystem::path& place);
std::string url_of(const std::filesystem::path& place);
/// The same through a PgBouncer in transaction mode: as many clients as there are tests share three sessions.
std::string pooled_url_of(const std::filesystem::path& place);

}  // namespace gennaker::store
