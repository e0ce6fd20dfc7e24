#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "clients/docker/image.h"

namespace gennaker::clients::docker {

/// Adds up what an engine says of single layers.
class Transfer {
 public:
  /// One line of a pull or a push.
  void take(const boost::json::object& line);
  const TransferProgress& progress() const { return progress_; }

 private:
  struct Layer {
    std::int64_t bytes = 0, total_bytes = 0;
    bool done = false;
  };
  void take_layer(Layer& layer, std::string_view status, const boost::json::object& line);
  void add_up();

  std::map<std::string, Layer> layers_;
  TransferProgress progress_;
};

}  // namespace gennaker::clients::docker
