#pragma once

#include <string>
#include <vector>

#include "net/http.h"

namespace gennaker::api {

/// Which web pages may speak to this server from a browser: its own, and those that the operator lists.
/// Nobody signs in yet, so a page of a stranger must not be able to start a pipeline on its visitor's
/// machine.
class Origins {
 public:
  /// `allowed`: "https://deck.example.com", "http://10.0.0.7:9000".
  explicit Origins(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}

  /// The request's Origin is one of `allowed`: its page may read answers.
  bool lists(const net::Request& request) const;
  /// Throws base::Error `forbidden` for a request that changes something and comes from a stranger's page. A
  /// request without an Origin comes from no page. Our own page's Origin is an address or localhost, as in
  /// Host: a name could have been pointed at us by a stranger.
  void check(const net::Request& request) const;

 private:
  std::vector<std::string> allowed_;
};

}  // namespace gennaker::api
