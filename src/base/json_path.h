#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

namespace gennaker::base {

/// What a JSON path leads to.
struct PathResult {
  std::vector<const boost::json::value*> values;  ///< in document order; they live as long as the document
  /// The path can lead to one value only: no `*`, `..`, slice, list or filter in it.
  bool definite = true;
};

/// Follows a path such as `$.a.b[0]['c d']`, `$..id`, `$.jobs[*].status`, `$.list[-1]`, `$.list[0:2]`,
/// `$.list[?(@.name == 'x' && @.size >= 3)].status`. `a.b` is taken for `$.a.b`. Filters know == != < <= > >=
/// && || ! and parentheses, and compare members with texts, numbers, true, false and null; `[?(@.x)]` asks
/// whether there is such a member. Throws base::Error `invalid`: a path that is not of this form (names the
/// column), or one that leads to more than 100,000 places.
PathResult follow_path(const boost::json::value& document, std::string_view path);

}  // namespace gennaker::base
