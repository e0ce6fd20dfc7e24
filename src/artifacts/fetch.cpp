#include "artifacts/fetch.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/error.h"

namespace gennaker::artifacts {
namespace {

[[noreturn]] void refuse(base::Kind kind, const model::Artifact& artifact, std::string_view why) {
  throw base::Error(kind, fmt::format("artifact '{}' ({}): {}", artifact.name.value_or("unnamed"),
                                      artifact.type.value_or("no type"), why));
}

}  // namespace

net::Async<std::string> fetch(net::HttpClient& client, std::shared_ptr<const net::UrlFence> fence,
                              model::Artifact artifact) {
  const std::string type = artifact.type.value_or("");
  const std::string reference = artifact.reference.value_or("");
  if (reference.empty()) refuse(base::Kind::invalid, artifact, "it has no reference");
  if (type == "embedded/base64") {
    const auto bytes = base::from_base64(reference);
    if (!bytes) refuse(base::Kind::invalid, artifact, "its reference is no base64");
    co_return *bytes;
  }
  if (type != "http/file") {
    refuse(base::Kind::invalid, artifact, "this type cannot be fetched; embedded/base64 and http/file can");
  }
  net::ClientRequest request{.url = reference};
  auto sending = net::send_within(client, std::move(fence), std::move(request));
  net::ClientResponse response = co_await std::move(sending);
  if (response.status == 404) refuse(base::Kind::not_found, artifact, "its URL answered with status 404");
  if (response.status < 200 || response.status > 299) {
    const auto kind =
        response.status >= 500 || response.status == 429 ? base::Kind::unavailable : base::Kind::invalid;
    refuse(kind, artifact, fmt::format("its URL answered with status {}", response.status));
  }
  co_return std::move(response.body);
}

}  // namespace gennaker::artifacts
