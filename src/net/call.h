#pragma once

#include <array>
#include <curl/curl.h>
#include <exception>
#include <functional>
#include <memory>

#include "net/client.h"
#include "net/outgoing.h"

/// One call through libcurl, for client.cpp and call_loop.cpp alone.
namespace gennaker::net {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What became of a piece of an answer.
enum class Taken { yes, not_yet, enough };

/// Made by the caller, then the loop's thread's alone until `done` has been called.
struct Call {
  ClientRequest request;
  std::string no_proxy;
  ClientResponse response;
  bool streaming = false;
  /// `not_yet`: the piece comes again after CallLoop::resume.
  std::function<Taken(std::string_view)> on_bytes;
  std::function<bool(const ClientResponse&)> on_head;
  std::function<void(std::exception_ptr)> done;  ///< called once
  std::shared_ptr<Outgoing> outgoing;            ///< set: the body, in place of the request's

  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> headers;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::string refused_address;  ///< that may_connect said no to
  bool head_told = false, ended_by_caller = false, too_big = false, too_silent = false;
  bool paused = false;           ///< it waits for its caller, to read or to write
  std::exception_ptr thrown;     ///< by on_bytes, on_head or the body's source
  curl_off_t last_progress = 0;  ///< microseconds since the call began
};

/// For messages: the method, and of the URL what a person may see.
std::string describe(const Call& call);
/// Throws base::Error `internal` when there is no memory.
void prepare(Call& call);
/// Once: false when the caller has seen enough.
bool tell_head(Call& call);
/// What to throw for a call that libcurl ended with `code`.
std::exception_ptr failure(const Call& call, CURLcode code);

}  // namespace gennaker::net
