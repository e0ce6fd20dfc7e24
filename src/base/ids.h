#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace gennaker::base {

/// A ULID: 26 characters of Crockford's base 32, sortable by time.
/// Source: https://github.com/ulid/spec
std::string new_ulid(TimePoint now, Random& random);

/// ULIDs that sort in the order in which they were asked for, also within a millisecond, where each is one
/// more than the one before. Source: "Monotonicity" of the same. Threads: any.
class UlidSequence {
 public:
  explicit UlidSequence(Random& random) : random_(random) {}
  std::string next(TimePoint now);

 private:
  Random& random_;
  std::mutex mutex_;
  std::optional<TimePoint> last_;  ///< when the last one was made
  std::uint16_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// A ULID that depends on `name` alone besides the time: the same name gives the same id, so that a step that
/// is repeated after a crash names the same thing.
std::string derived_ulid(TimePoint at, std::string_view name);

/// A random UUID (version 4).
std::string new_uuid(Random& random);

/// The first 64 bits of SHA-256, in order: for ids and keys, not for secrets.
std::uint64_t digest64(std::string_view text);

/// SHA-256 in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace gennaker::base
