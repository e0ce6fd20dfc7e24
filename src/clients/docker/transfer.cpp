#include "clients/docker/transfer.h"

#include <algorithm>

#include "base/json.h"

namespace gennaker::clients::docker {
namespace {

constexpr std::size_t most_layers = 10'000;

bool is_transfer(std::string_view status) {
  return status == "Downloading" || status == "Pushing";
}

/// Docker still unpacks a layer that it has, and says so with other words; Podman does not.
bool is_done(std::string_view status) {
  return status == "Download complete" || status == "Pull complete" || status == "Already exists" ||
         status == "Pushed" || status == "Layer already exists" || status.starts_with("Mounted from");
}

}  // namespace

void Transfer::take_layer(Layer& layer, std::string_view status, const boost::json::object& line) {
  layer.done = is_done(status);
  const auto* detail = base::find_object(line, "progressDetail");
  if (detail != nullptr && is_transfer(status)) {
    layer.bytes = std::max<std::int64_t>(0, base::whole_number(*detail, "current").value_or(layer.bytes));
    layer.total_bytes = base::whole_number(*detail, "total").value_or(layer.total_bytes);
  }
  // The size is not always told, and the last step not either.
  layer.total_bytes = std::max(layer.total_bytes, layer.bytes);
  if (layer.done) layer.bytes = layer.total_bytes;
}

void Transfer::add_up() {
  progress_.layers = static_cast<int>(layers_.size());
  progress_.layers_done = 0;
  progress_.bytes = progress_.total_bytes = 0;
  for (const auto& [id, layer] : layers_) {
    progress_.layers_done += layer.done ? 1 : 0;
    progress_.bytes += layer.bytes;
    progress_.total_bytes += layer.total_bytes;
  }
}

void Transfer::take(const boost::json::object& line) {
  const std::string id = base::string_or(line, "id", "");
  std::string status = base::string_or(line, "status", "");
  // "Pulling from team/web" has the tag for an id.
  const bool of_layer = !id.empty() && !status.empty() && !status.starts_with("Pulling from");
  if (of_layer && (layers_.contains(id) || layers_.size() < most_layers)) {
    take_layer(layers_[id], status, line);
    add_up();
  }
  if (!status.empty()) progress_.status = std::move(status);
}

}  // namespace gennaker::clients::docker
