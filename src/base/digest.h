#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace gennaker::base {

/// SHA-256 of bytes that come in pieces: where one ends and the next begins makes no difference.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// Of all that was added, in lower case hexadecimal digits. Call once, as the last thing.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace gennaker::base
