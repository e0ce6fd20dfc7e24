#include "base/error.h"

namespace gennaker::base {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return "invalid";
    case Kind::not_found:
      return "not_found";
    case Kind::conflict:
      return "conflict";
    case Kind::forbidden:
      return "forbidden";
    case Kind::unauthenticated:
      return "unauthenticated";
    case Kind::unavailable:
      return "unavailable";
    case Kind::timeout:
      return "timeout";
    case Kind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace gennaker::base
