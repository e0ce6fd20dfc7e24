#pragma once

#include <filesystem>

#include "rehearsal/fields.h"
#include "rehearsal/pipeline_test.h"

namespace gennaker::rehearsal {

/// Reads what is there before a test begins: pipelines, application, clouds. Throws as Fields.
class SceneReader {
 public:
  explicit SceneReader(std::filesystem::path file) : path_(std::move(file)), file_(path_.string()) {}

  /// A file beside the test file, or the mapping itself.
  json::object pipeline(const Located& given, const std::string& path);
  std::vector<AccountState> cloud(const Located* given, const std::string& path);

 private:
  json::object pipeline_file(const Located& given, const std::string& path);
  void read_image(const Located& item, const std::string& path, std::vector<AccountState>& accounts);
  void read_load_balancer(const Located& item, const std::string& path, std::vector<AccountState>& accounts);
  void read_server_group(const Located& item, const std::string& path, std::vector<AccountState>& accounts);
  AccountState& account_of(const Fields& fields, std::vector<AccountState>& accounts);
  std::string region_of(const Fields& fields, const AccountState& account);

  std::filesystem::path path_;
  std::string file_;
};

/// A server group's created_time is written as its age, counted back from 0, until a test gives the moment.
void date_from(base::TimePoint start, std::vector<AccountState>& accounts);

}  // namespace gennaker::rehearsal
