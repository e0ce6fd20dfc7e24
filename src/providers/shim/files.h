#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files that survive a crash. All functions block: call them on a pool. Throws base::Error `unavailable`
/// with the path and the system's words.
namespace gennaker::providers {

namespace json = boost::json;

/// Old or new content after a crash, never a part: a temporary file, fsync, rename, fsync of the directory.
void write_atomically(const std::string& path, std::string_view text);
/// nullopt: there is none.
std::optional<std::string> read_file(const std::string& path);
/// nullopt: there is none. Throws `internal` when it is not a JSON object, naming the path.
std::optional<json::object> read_json_file(const std::string& path);
/// The last `bytes` of a file; empty if there is none.
std::string read_end(const std::string& path, std::int64_t bytes);
void make_directories(const std::string& path);
/// Names in a directory, sorted; empty if there is none.
std::vector<std::string> names_in(const std::string& path);
/// Everything below, read-only directories too. Nothing there is fine.
void remove_tree(const std::string& path);
void sync_directory(const std::string& path);

}  // namespace gennaker::providers
