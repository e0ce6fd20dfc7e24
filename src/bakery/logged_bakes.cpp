#include "bakery/logged_bakes.h"

#include <fmt/format.h>

#include "bakery/bakes.h"
#include "base/error.h"
#include "base/json.h"

namespace gennaker::bakery {
namespace {

/// As clusters/operations.h has it, which is a neighbour's.
constexpr std::string_view bake_kind = "bake";
constexpr std::size_t lines_in_message = 10;

std::string begin_of(const model::Operation& operation) {
  return fmt::format("Bakes {} {} in {}/{}", base::string_or(operation.what, "name", ""),
                     base::string_or(operation.what, "version", ""), operation.account,
                     base::string_or(operation.what, "region", ""));
}

std::string end_of(const json::object& answer) {
  const bool known = base::bool_or(answer, "previouslyBaked", false);
  return fmt::format("{} {}", known ? "The image was there already:" : "The image is made:",
                     base::string_or(answer, "imageId", ""));
}

}  // namespace

Async<json::object> LoggedBakes::perform(model::Operation operation) {
  if (operation.kind != bake_kind) return clouds_.perform(std::move(operation));
  return bake(std::move(operation));
}

Async<json::object> LoggedBakes::bake(model::Operation operation) {
  const std::string key = operation.key, id = bake_id(operation.key);
  logs_.open(id);
  logs_.write(key, begin_of(operation));
  json::object answer;
  std::optional<base::Error> failure;
  try {
    auto performing = clouds_.perform(std::move(operation));
    answer = co_await std::move(performing);
  } catch (const base::Error& error) {
    failure = error;
  }
  if (!failure) {
    logs_.write(key, end_of(answer));
    BakeEnd end{.succeeded = true,
                .image_id = base::string_or(answer, "imageId", ""),
                .image_name = base::string_or(answer, "imageName", "")};
    logs_.close(id, std::move(end));
    co_return answer;
  }
  if (failure->worth_retrying()) {
    logs_.write(key, fmt::format("Tries again: {}", failure->what()));
    throw *failure;
  }
  throw conclude(key, *failure);
}

/// Its log ends with why, and what was said before that says more than a message can.
base::Error LoggedBakes::conclude(const std::string& key, const base::Error& error) {
  const std::string id = bake_id(key);
  std::vector<std::string> lines = logs_.last_lines(id);
  logs_.write(key, fmt::format("Failed: {}", error.what()));
  logs_.close(id, BakeEnd{});
  if (lines.size() > lines_in_message) lines.erase(lines.begin(), lines.end() - lines_in_message);
  if (lines.size() < 2) return error;  // nobody said anything after the begin
  return {error.kind(), fmt::format("{}\nIts log ({}) ends:\n{}", error.what(), id, fmt::join(lines, "\n")),
          error.details()};
}

}  // namespace gennaker::bakery
