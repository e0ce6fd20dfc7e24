#include <boost/assert.hpp>

#include "net/server.h"

namespace gennaker::net {
namespace {

struct Route {
  std::vector<std::string> names;  ///< of the placeholders, in the pattern's order
  Handler handler;
};
using Routes = std::map<std::string, Route, std::less<>>;  // by method

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin < pattern.size();) {
    const auto end = std::min(pattern.find('/', begin), pattern.size());
    if (end > begin) parts.push_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool placeholder(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;  ///< {name}
  Routes here;                ///< the path ends at this node
  Routes rest;                ///< {name...} follows this node
};

namespace {

/// One look-up: walks the tree, remembers what the placeholders stood for.
template <class Node>
class Search {
 public:
  Search(const std::vector<std::string>& path, std::string_view method) : path_(path), method_(method) {}

  const Route* at(const Node& node, std::size_t depth) {
    if (depth == path_.size()) {
      if (const Route* route = choose(node.here)) return route;
    } else {
      const std::string& segment = path_[depth];
      const auto literal = node.literals.find(segment);
      if (literal != node.literals.end()) {
        if (const Route* route = at(*literal->second, depth + 1)) return route;
      }
      if (node.any && !segment.empty()) {
        values_.push_back(&segment);
        if (const Route* route = at(*node.any, depth + 1)) return route;
        values_.pop_back();
      }
    }
    const Route* route = choose(node.rest);
    if (route) rest_from_ = depth;
    return route;
  }

  void fill(const Route& route, std::map<std::string, std::string, std::less<>>& parameters) const {
    for (std::size_t i = 0; i < values_.size(); ++i) parameters.emplace(route.names[i], *values_[i]);
    if (values_.size() == route.names.size()) return;
    std::string rest;
    for (std::size_t i = rest_from_; i < path_.size(); ++i) {
      if (i > rest_from_) rest += '/';
      rest += path_[i];
    }
    parameters.emplace(route.names.back(), std::move(rest));
  }

  std::vector<std::string> other_methods() const { return {others_.begin(), others_.end()}; }

 private:
  const Route* choose(const Routes& routes) {
    auto found = routes.find(method_);
    if (found == routes.end() && method_ == "HEAD") found = routes.find("GET");
    if (found != routes.end()) return &found->second;
    for (const auto& [method, route] : routes) {
      others_.insert(method);
      if (method == "GET") others_.insert("HEAD");
    }
    return nullptr;
  }

  const std::vector<std::string>& path_;
  std::string_view method_;
  std::vector<const std::string*> values_;
  std::size_t rest_from_ = 0;
  std::set<std::string> others_;
};

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  Node* node = root_.get();
  Route route{.names = {}, .handler = std::move(handler)};
  bool rest = false;
  for (const auto part : split(pattern)) {
    BOOST_ASSERT_MSG(!rest, "{name...} must be the last part of a pattern");
    if (!placeholder(part)) {
      auto& child = node->literals[std::string(part)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    auto name = part.substr(1, part.size() - 2);
    rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    route.names.emplace_back(name);
    if (rest) continue;
    if (!node->any) node->any = std::make_unique<Node>();
    node = node->any.get();
  }
  auto& routes = rest ? node->rest : node->here;
  [[maybe_unused]] const bool added = routes.emplace(method, std::move(route)).second;
  BOOST_ASSERT_MSG(added, "two handlers for one method and pattern");
}

const Handler* Router::find(Request& request, std::vector<std::string>* other_methods) const {
  Search<Node> search(request.path, request.method);
  const Route* route = search.at(*root_, 0);
  if (!route) {
    if (other_methods) *other_methods = search.other_methods();
    return nullptr;
  }
  request.parameters.clear();
  search.fill(*route, request.parameters);
  return &route->handler;
}

}  // namespace gennaker::net
