#pragma once

#include <string>
#include <vector>

#include "rehearsal/located.h"

/// Compares what is with what was expected.
namespace gennaker::rehearsal {

/// What did not hold, for people.
struct Difference {
  Place place;
  std::string what;              ///< "stages.Deploy.status", or a whole sentence
  std::string expected, actual;  ///< both empty: `what` says it all
};

/// An expected value is a scalar; a list, of as many values; a mapping, whose members must be there among
/// others maybe; the bare words `absent` and `present`; or one of
///   {matches: REGEX}, {contains: VALUE}, {atLeast: N}, {atMost: N}, {anyOf: [VALUE, ...]},
///   {exactly: VALUE} (no other members, nothing in it is a matcher).
/// `actual`: nullptr if there is none. Adds what differs to `differences`, named from `path` on.
void compare(const Located& expected, const json::value* actual, const std::string& file,
             const std::string& path, std::vector<Difference>& differences);
bool agrees(const Located& expected, const json::value* actual);

/// nullopt, or what is wrong with a matcher (a bad regular expression, no number), and on which line.
struct BadMatcher {
  int line;
  std::string why;
};
std::optional<BadMatcher> bad_matcher(const Located& expected);

/// Whether `text` is like `pattern`, in which `*` stands for anything.
bool like(std::string_view pattern, std::string_view text);
/// A value as one line of at most 300 characters.
std::string shown(const json::value& value);
std::string shown(const Located& value);

}  // namespace gennaker::rehearsal
