#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <thread>

#include "base/async.h"

/// For tests: an authority of their own that signs certificates, all in PEM files of a directory that goes
/// with it.
namespace gennaker::net::testing {

namespace asio = base::asio;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

class TestAuthority {
 public:
  TestAuthority() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gennaker-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = pattern;
    certificate_ = make("test authority", *key_, nullptr, "");
    write_certificate(ca_file(), *certificate_);
  }
  ~TestAuthority() { std::filesystem::remove_all(directory_); }
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// Writes <name>.pem and <name>.key, for 127.0.0.1.
  void issue(const std::string& name) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = make(name, *key, certificate_.get(), "IP:127.0.0.1");
    write_certificate(file(name + ".pem"), *certificate);
    const File out(file(name + ".key"));
    PEM_write_PrivateKey(out.handle, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }

  std::string ca_file() const { return file("ca.pem"); }
  std::string file(const std::string& name) const { return (directory_ / name).string(); }

 private:
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using Certificate = std::unique_ptr<X509, FreeCertificate>;
  struct File {
    explicit File(const std::string& path) : handle(fopen(path.c_str(), "w")) {
      if (handle == nullptr) throw std::runtime_error("cannot write " + path);
    }
    ~File() { fclose(handle); }
    FILE* handle;
  };

  static void write_certificate(const std::string& path, X509& certificate) {
    const File out(path);
    PEM_write_X509(out.handle, &certificate);
  }

  static void add(X509& certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, &certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  /// Without an issuer: an authority, signed by itself.
  Certificate make(const std::string& name, EVP_PKEY& key, X509* issuer, const std::string& host) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
    X509_set_pubkey(made.get(), &key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    if (issuer == nullptr) {
      add(*made, made.get(), NID_basic_constraints, "critical,CA:TRUE");
    } else {
      add(*made, issuer, NID_subject_alt_name, host);
    }
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  std::filesystem::path directory_;
  long serial_ = 0;
  Key key_{EVP_EC_gen("P-256")};
  Certificate certificate_;
};

/// Reads a request's head and writes an answer, once.
template <class Socket>
std::string answer_once(Socket& socket, const std::string& answer) {
  asio::streambuf buffer;
  boost::system::error_code error;
  const auto size = asio::read_until(socket, buffer, "\r\n\r\n", error);
  if (!error) asio::write(socket, asio::buffer(answer), error);
  return {asio::buffers_begin(buffer.data()), asio::buffers_begin(buffer.data()) + static_cast<long>(size)};
}

/// Takes one connection, only with a certificate of the authority, and answers one request. It has the
/// certificate "server", which must have been issued.
class TlsServer {
 public:
  TlsServer(const TestAuthority& authority, std::string answer) : answer_(std::move(answer)) {
    tls_.use_certificate_file(authority.file("server.pem"), asio::ssl::context::pem);
    tls_.use_private_key_file(authority.file("server.key"), asio::ssl::context::pem);
    tls_.load_verify_file(authority.ca_file());
    tls_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    thread_ = std::thread([this] {
      asio::ssl::stream<asio::ip::tcp::socket> stream(acceptor_.accept(), tls_);
      boost::system::error_code error;
      stream.handshake(asio::ssl::stream_base::server, error);
      if (!error) answer_once(stream, answer_);
    });
  }
  ~TlsServer() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string url() const { return fmt::format("https://127.0.0.1:{}/", port()); }

 private:
  std::string answer_;
  asio::io_context io_;
  asio::ssl::context tls_{asio::ssl::context::tls_server};
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

}  // namespace gennaker::net::testing
