#include "databases.h"

#include <cctype>
#include <cstdlib>
#include <memory>

namespace gennaker::store {
namespace {

constexpr const char* folder_variable = "GENNAKER_TEST_POSTGRES";

struct Databases {
  Databases() {
    if (const char* given = std::getenv(folder_variable)) {
      folder = given;
      return;
    }
    server = std::make_unique<testing::PostgresServer>(testing::PostgresServer::Sync::off);
    folder = server->folder();
    setenv(folder_variable, folder.c_str(), 1);
  }
  std::unique_ptr<testing::PostgresServer> server;
  std::filesystem::path folder;
};

Databases& databases() {
  static Databases databases;
  return databases;
}

}  // namespace

testing::PostgresServer* own_server() {
  return databases().server.get();
}

const std::filesystem::path& server_folder() {
  return databases().folder;
}

std::string database_of(const std::filesystem::path& place) {
  // Capitals are told apart from small letters, which PostgreSQL does not do by itself.
  std::string name;
  for (const char c : place.filename().string()) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isupper(letter)) name += '_';
    name += std::isalnum(letter) ? static_cast<char>(std::tolower(letter)) : '_';
  }
  testing::need_database(server_folder(), name);
  return name;
}

std::string url_of(const std::filesystem::path& place) {
  return testing::postgres_url(server_folder(), database_of(place));
}

std::string pooled_url_of(const std::filesystem::path& place) {
  static testing::PgBouncer* bouncer = nullptr;
  if (own_server() != nullptr && bouncer == nullptr) {
    static testing::PgBouncer started(server_folder());
    bouncer = &started;
  }
  return testing::postgres_url(server_folder(), database_of(place), testing::Way::pooled);
}

}  // namespace gennaker::store
