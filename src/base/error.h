#pragma once

#include <boost/json/object.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gennaker::base {

/// What sort of failure it is. One place maps kinds to HTTP statuses (api/), one to stage exceptions
/// (runner/).
enum class Kind { invalid, not_found, conflict, forbidden, unauthenticated, unavailable, timeout, internal };

std::string_view to_string(Kind kind);

/// A failure that crosses I/O or a request. `message` is for the person who can mend it: where, which, what
/// is wrong, what would be right. `details` is for programs (`field`, `stage`, `account`, ...).
class Error : public std::runtime_error {
 public:
  Error(Kind kind, const std::string& message, boost::json::object details = {})
      : std::runtime_error(message), kind_(kind), details_(std::move(details)) {}

  Kind kind() const { return kind_; }
  const boost::json::object& details() const { return details_; }
  /// Whether the same call may succeed later without anybody changing anything.
  bool worth_retrying() const { return kind_ == Kind::unavailable || kind_ == Kind::timeout; }

 private:
  Kind kind_;
  boost::json::object details_;
};

}  // namespace gennaker::base
