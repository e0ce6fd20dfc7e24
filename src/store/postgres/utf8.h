#pragma once

#include <string>
#include <string_view>

namespace gennaker::store::postgres {

/// Appends `text` as PostgreSQL takes it: what is not UTF-8 in it, and the zero byte, becomes U+FFFD. Outputs
/// of programs may be anything, and an execution must not fail to be stored because of them.
void append_utf8(std::string& out, std::string_view text);

}  // namespace gennaker::store::postgres
