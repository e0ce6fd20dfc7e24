#include "base/random.h"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace gennaker::base {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
    if (errno != EINTR) std::abort();  // a kernel without getrandom(2) is not supported
  }
  return value;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace gennaker::base
