#pragma once

#include <memory>
#include <string>

#include "model/artifact.h"
#include "net/url_fence.h"

namespace gennaker::artifacts {

/// The bytes that an artifact stands for: of `embedded/base64` what its reference holds, of `http/file` what
/// its reference, a URL within the fence, answers. Throws base::Error: `invalid` (another type, no reference,
/// no base64, more than 10 MB, the fence refuses), `not_found`, `unavailable`, `timeout`. `client` must
/// outlive the call.
net::Async<std::string> fetch(net::HttpClient& client, std::shared_ptr<const net::UrlFence> fence,
                              model::Artifact artifact);

}  // namespace gennaker::artifacts
