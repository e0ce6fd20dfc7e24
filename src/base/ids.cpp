#include "base/ids.h"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace gennaker::base {
namespace {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes) {
  Digest digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return digest;
}

std::string ulid(std::uint64_t millis, std::uint16_t high, std::uint64_t low) {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  for (int i = 9; i >= 0; --i, millis >>= 5) text[i] = alphabet[millis & 31];
  // 80 random bits, 5 at a time from the lowest.
  for (int i = 25; i >= 10; --i) {
    text[i] = alphabet[low & 31];
    low = (low >> 5) | (static_cast<std::uint64_t>(high & 31) << 59);
    high >>= 5;
  }
  return text;
}

std::uint64_t big_endian(const unsigned char* bytes, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = (value << 8) | bytes[i];
  return value;
}

}  // namespace

std::string new_ulid(TimePoint now, Random& random) {
  const std::uint64_t high = random.next();
  return ulid(static_cast<std::uint64_t>(to_millis(now)), static_cast<std::uint16_t>(high), random.next());
}

std::string UlidSequence::next(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (last_ == now) {
    if (++low_ == 0) ++high_;
  } else {
    high_ = static_cast<std::uint16_t>(random_.next());
    low_ = random_.next();
    last_ = now;
  }
  return ulid(static_cast<std::uint64_t>(to_millis(now)), high_, low_);
}

std::string derived_ulid(TimePoint at, std::string_view name) {
  const Digest digest = sha256(name);
  return ulid(static_cast<std::uint64_t>(to_millis(at)),
              static_cast<std::uint16_t>(big_endian(digest.data(), 2)), big_endian(digest.data() + 2, 8));
}

std::string new_uuid(Random& random) {
  const std::uint64_t a = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t b = (random.next() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff, b >> 48,
                     b & 0xffffffffffffULL);
}

std::uint64_t digest64(std::string_view text) {
  return big_endian(sha256(text).data(), 8);
}

std::string sha256_hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : sha256(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace gennaker::base
