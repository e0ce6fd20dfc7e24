#include <fmt/format.h>

#include "api/respond.h"

namespace gennaker::api {
namespace {

std::string_view content_type(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".json", "application/json"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".map", "application/json"}};
  for (const auto& [ending, type] : types) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

/// A file of the page; paths that are views of it answer with its index, whose script reads the path.
Async<Response> page(const Parts& parts, Request request) {
  std::string path = "ui";
  for (std::size_t i = 1; i < request.path.size(); ++i) path += "/" + request.path[i];
  std::optional<std::string_view> file = path == "ui" ? std::nullopt : parts.resource(path);
  const bool is_view = !file && path.find("/assets/") == std::string::npos;
  if (is_view) {
    path = "ui/index.html";
    file = parts.resource(path);
  }
  if (!file) throw base::Error(base::Kind::not_found, fmt::format("the page has no file {}", request.target));
  Response response;
  response.headers["Content-Type"] = content_type(path);
  // Names of assets hold a digest of their content; the index names the assets.
  response.headers["Cache-Control"] =
      path.find("/assets/") != std::string::npos ? "public, max-age=31536000, immutable" : "no-cache";
  response.body = *file;
  co_return response;
}

Async<Response> to_page(const Parts&, Request) {
  Response response;
  response.status = 302;
  response.headers["Location"] = "/ui/";
  co_return response;
}

}  // namespace

void add_page(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/", to_page);
  route(router, parts, "GET", "/ui", page);
  route(router, parts, "GET", "/ui/{path...}", page);
}

}  // namespace gennaker::api
