#include "base/error.h"
#include "base/json.h"
#include "clusters/operations.h"
#include "clusters/tags.h"
#include "providers/local/account.h"
#include "providers/local/image_tags.h"

namespace gennaker::providers::local {

using base::Error;
using base::Kind;

Async<json::object> Account::tag_image(model::Operation operation) {
  const std::string id = clusters::image_of(operation).id;
  auto taking = operation_turns_.take("image " + id);  // what is set beside it must not get lost
  const auto turn = co_await std::move(taking);
  json::object tags = expect_image(id).tags;
  clusters::set_tags(tags, operation);
  auto work = [directory = images_directory_, id, tags] { save_image_tags(directory, id, tags); };
  co_await on_pool(std::move(work));
  const auto image = images_.find(id);
  if (image != images_.end()) image->second.tags = std::move(tags);
  changed();
  co_return json::object{{"imageId", id}};
}

Async<json::object> Account::delete_image(model::Operation operation) {
  const std::string id = clusters::image_of(operation).id;
  auto taking = operation_turns_.take("image " + id);
  const auto turn = co_await std::move(taking);
  refuse_used_image(id);
  images_.erase(id);  // first: nobody may start it any more
  auto work = [directory = images_directory_, id] { remove_image(directory, id); };
  co_await on_pool(std::move(work));
  changed();
  co_return json::object{{"imageId", id}};
}

void Account::refuse_used_image(const std::string& id) const {
  for (const auto& [name, running] : groups_) {
    if (running->group.image_id != id) continue;
    throw Error(Kind::conflict, fmt::format("image '{}' is used by server group '{}'", id, name));
  }
  for (const auto& [name, job] : jobs_) {
    if (job->image_id != id || job->job.completed_time) continue;
    throw Error(Kind::conflict, fmt::format("image '{}' is used by job '{}'", id, name));
  }
}

}  // namespace gennaker::providers::local
