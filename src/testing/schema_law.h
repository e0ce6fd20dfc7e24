#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace gennaker::testing {

/// What a schema asks of those who write rows into it.
struct Schema {
  struct Column {
    std::string type;
    bool must_be_given = false;  ///< neither NULL nor a default will do
  };
  std::map<std::string, std::map<std::string, Column>> tables;
  /// Of each table: unique indexes, foreign keys, checks, triggers, as the database writes them.
  std::map<std::string, std::set<std::string>> constraints;
};

/// Why a server that knows `before` could not go on with `after`, which a newer one has made of it while both
/// run; empty: it can. Tables, and columns that need not be given, may come; nothing else may change.
std::vector<std::string> breaks_between(const Schema& before, const Schema& after);

}  // namespace gennaker::testing
