#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

/// An engine's errors as ours.
namespace gennaker::clients::docker {

/// Of an answer that is no good one. `what`: which engine was asked for what; `body`: as it came.
base::Error refusal(std::string_view what, int status, std::string_view body);

/// Of an error that came within a stream; `otherwise`: the kind where the words do not tell.
base::Error broken_off(std::string_view what, std::string_view message, base::Kind otherwise);

/// The same error, its message beginning with `what`.
base::Error with_context(std::string_view what, const base::Error& error);

}  // namespace gennaker::clients::docker
