#include <fmt/format.h>

#include "api/respond.h"
#include "clusters/capabilities.h"

namespace gennaker::api {
namespace {

json::object account_json(const model::Account& account, bool expand) {
  json::object entry{{"name", account.name},
                     {"accountId", account.name},
                     {"type", account.provider},
                     {"requiredGroupMembership", json::array{}},
                     {"permissions", json::object{{"READ", json::array{}}, {"WRITE", json::array{}}}},
                     {"authorized", true}};
  if (!expand) return entry;
  json::array regions;
  for (const std::string& region : account.regions) regions.push_back(json::object{{"name", region}});
  entry["cloudProvider"] = account.provider;
  entry["environment"] = account.environment;
  entry["accountType"] = account.name;
  entry["challengeDestructiveActions"] = false;
  entry["primaryAccount"] = false;
  entry["regions"] = std::move(regions);
  entry["capabilities"] = clusters::to_json(account.capabilities);
  return entry;
}

Async<Response> list(const Parts& parts, Request request) {
  const bool expand = request.query.flag("expand", false);
  json::array list;
  for (const model::Account& account : parts.clouds.accounts()) list.push_back(account_json(account, expand));
  co_return respond(list);
}

Async<Response> get(const Parts& parts, Request request) {
  for (const model::Account& account : parts.clouds.accounts()) {
    if (account.name == request.parameter("name")) co_return respond(account_json(account, true));
  }
  throw base::Error(base::Kind::not_found,
                    fmt::format("Account not found (name: {})", request.parameter("name")));
}

Async<Response> user(const Parts& parts, Request) {
  json::array accounts;
  for (const model::Account& account : parts.clouds.accounts()) accounts.push_back(json::value(account.name));
  co_return respond(json::object{{"email", "anonymous"},
                                 {"username", "anonymous"},
                                 {"firstName", nullptr},
                                 {"lastName", nullptr},
                                 {"roles", json::array{}},
                                 {"allowedAccounts", std::move(accounts)},
                                 {"authorities", json::array{}},
                                 {"accountNonExpired", true},
                                 {"accountNonLocked", true},
                                 {"credentialsNonExpired", true},
                                 {"enabled", true},
                                 {"isAdmin", false},
                                 {"canMintApiTokens", false}});
}

}  // namespace

void add_accounts(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/credentials", list);
  route(router, parts, "GET", "/credentials/{name}", get);
  route(router, parts, "GET", "/auth/user", user);
}

}  // namespace gennaker::api
