#include "net/compression.h"

#include <zlib.h>

#include "base/error.h"

namespace gennaker::net {
namespace {

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool same_word(std::string_view a, std::string_view b) {
  const NameLess less;
  return !less(a, b) && !less(b, a);
}

/// "q=0", "q=0.0": the client forbids it.
bool forbidden(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const auto weight = trim(parameters.substr(q + 2));
  return weight.starts_with('0') && weight.find_first_of("123456789") == std::string_view::npos;
}

bool compressible(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("javascript") ||
         type.ends_with("xml") || type.ends_with("yaml");
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  for (std::size_t begin = 0; begin < accept_encoding.size();) {
    const auto comma = std::min(accept_encoding.find(',', begin), accept_encoding.size());
    const auto part = accept_encoding.substr(begin, comma - begin);
    begin = comma + 1;
    const auto semicolon = std::min(part.find(';'), part.size());
    const auto name = trim(part.substr(0, semicolon));
    if (same_word(name, "gzip") || name == "*") return !forbidden(part.substr(semicolon));
  }
  return false;
}

std::string gzip(std::string_view bytes) {
  // Level 1: on JSON it is some 4 times as fast as the default for a tenth more bytes.
  constexpr int level = 1, gzip_window = 15 + 16, memory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw base::Error(base::Kind::internal, "zlib cannot start: out of memory");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw base::Error(base::Kind::internal, "zlib did not finish");
  return packed;
}

void compress(const Request& request, Response& response, std::size_t from_bytes) {
  constexpr std::size_t zlib_limit = 0x7fff'ffff;  // its counters have 32 bits
  if (response.stream || response.body.size() < from_bytes || response.body.size() > zlib_limit) return;
  const auto type = response.headers.find("Content-Type");
  if (type == response.headers.end() || !compressible(type->second)) return;
  if (response.headers.contains("Content-Encoding")) return;
  auto& vary = response.headers["Vary"];
  vary += vary.empty() ? "Accept-Encoding" : ", Accept-Encoding";
  const auto accepted = request.headers.find("Accept-Encoding");
  if (accepted == request.headers.end() || !accepts_gzip(accepted->second)) return;
  response.body = gzip(response.body);
  response.headers["Content-Encoding"] = "gzip";
}

}  // namespace gennaker::net
