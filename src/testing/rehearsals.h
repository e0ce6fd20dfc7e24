#pragma once

#include <string>

#include "rehearsal/world.h"

namespace gennaker::testing {

/// Every stage that the server knows, with its usual options.
pipelines::AddStages builtin_stages();

std::shared_ptr<const net::UrlFence> usual_fence();

/// Answers every call with 200 and an empty object; lets everything else be.
class Agreeable : public rehearsal::Outside {
 public:
  CallAnswer on_call(const net::ClientRequest&) override {
    return {.response = {.status = 200, .body = "{}"}};
  }
};

/// A world at noon with the account "local", region "here": an image "shop", a load balancer "shop", and the
/// cluster "shop-main" with one server group.
rehearsal::Setting small_shop();

/// A pipeline of the application "shop": {"name": name, "stages": stages}.
pipelines::StartRequest start_of(const std::string& name, const std::string& stages,
                                 const std::string& more = "{}");

}  // namespace gennaker::testing
