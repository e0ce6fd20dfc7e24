#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::clients::docker {

/// Makes JSON objects, one a line, of bytes as they arrive, cut anywhere. Empty lines are skipped.
/// Throws base::Error `invalid` for a line that is no object, or over 4 MiB.
class JsonLines {
 public:
  explicit JsonLines(std::string what) : what_(std::move(what)) {}
  /// The objects that `bytes` completes.
  std::vector<boost::json::object> feed(std::string_view bytes);
  /// At the end: the last line may lack its line feed.
  std::vector<boost::json::object> finish();

 private:
  std::string what_;
  std::string rest_;
};

}  // namespace gennaker::clients::docker
