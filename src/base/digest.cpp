#include "base/digest.h"

#include <array>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "base/error.h"

namespace gennaker::base {
namespace {

/// It fails when there is no memory, or when the machine's policy forbids SHA-256.
void expect(int done) {
  if (done != 1) throw Error(Kind::internal, "OpenSSL does not compute SHA-256 on this machine");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  expect(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::add(std::string_view bytes) {
  expect(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  expect(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size));
  return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

}  // namespace gennaker::base
