#include "bakery/bakes.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cctype>
#include <fmt/format.h>

#include "base/digest.h"
#include "base/ids.h"
#include "base/json.h"

namespace gennaker::bakery {
namespace {

namespace json = boost::json;

constexpr std::string_view document_kind = "bake";
constexpr std::size_t digest_length = 10;
constexpr std::size_t longest_id = 120;

json::object body_of(const FinishedBake& bake) {
  return {{"id", bake.id},
          {"account", bake.account},
          {"region", bake.region},
          {"imageId", bake.image_id},
          {"imageName", bake.image_name},
          {"version", bake.version},
          {"inputs", json::array(bake.inputs.begin(), bake.inputs.end())},
          {"executionId", bake.execution_id},
          {"at", base::to_millis(bake.at)}};
}

FinishedBake bake_of(const std::string& key, const json::object& body) {
  FinishedBake bake{.key = key,
                    .id = base::string_or(body, "id", ""),
                    .account = base::string_or(body, "account", ""),
                    .region = base::string_or(body, "region", ""),
                    .image_id = base::string_or(body, "imageId", ""),
                    .image_name = base::string_or(body, "imageName", ""),
                    .version = base::string_or(body, "version", ""),
                    .execution_id = base::string_or(body, "executionId", ""),
                    .at = base::from_millis(base::whole_number(body, "at").value_or(0))};
  if (const auto* inputs = base::find_array(body, "inputs")) {
    for (const auto& input : *inputs) bake.inputs.push_back(base::plain_text(input));
  }
  return bake;
}

}  // namespace

std::string bake_id(std::string_view operation_key) {
  const std::string_view execution_id = operation_key.substr(0, operation_key.find('/'));
  return fmt::format("{}-{}", execution_id, base::sha256_hex(operation_key).substr(0, digest_length));
}

std::optional<std::string> execution_of_bake(std::string_view id) {
  const bool fine = id.size() <= longest_id && std::all_of(id.begin(), id.end(), [](char c) {
                      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
                    });
  const auto dash = id.rfind('-');
  if (!fine || dash == std::string_view::npos || dash == 0) return std::nullopt;
  if (id.size() - dash - 1 != digest_length) return std::nullopt;
  return std::string(id.substr(0, dash));
}

Async<std::optional<FinishedBake>> Bakes::find(std::string key) const {
  auto reading = store_.document(std::string(document_kind), key);
  const std::optional<store::Document> document = co_await std::move(reading);
  if (!document) co_return std::nullopt;
  co_return bake_of(key, document->body);
}

Async<void> Bakes::keep(FinishedBake bake) const {
  auto looking = find(bake.key);
  const std::optional<FinishedBake> known = co_await std::move(looking);
  if (known && known->id == bake.id && known->image_id == bake.image_id) co_return;
  bake.at = clock_.now();
  store::Changes changes;
  changes.documents.push_back(
      {.kind = std::string(document_kind), .id = bake.key, .updated_at = bake.at, .body = body_of(bake)});
  auto committing = store_.commit(std::move(changes));
  co_await std::move(committing);
}

Async<std::optional<runner::ClaimHolder>> Bakes::acquire(std::string key, runner::Claimant claimant) const {
  auto claiming = claims_.acquire(std::move(key), std::move(claimant));
  co_return co_await std::move(claiming);
}

}  // namespace gennaker::bakery
