#pragma once

#include <string>

#include "rehearsal/world.h"

namespace gennaker::testing {

/// An account of a cloud that can do it all, with what the documentation's examples speak of: three
/// generations of the cluster demo-main, of which the last serves, a demo-test, images "demo" and
/// "ami-12345678", load balancers "demo-main", which they use, "demo-old" and "shop", a firewall "demo".
rehearsal::AccountState demo_account(const std::string& name, const std::string& provider,
                                     const std::string& region);

/// "local" with the region "local", and "prod" with "eu-west-1", as they are at the beginning of a rehearsal.
rehearsal::Setting demo_setting();

}  // namespace gennaker::testing
