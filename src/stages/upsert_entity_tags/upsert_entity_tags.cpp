#include "stages/upsert_entity_tags/upsert_entity_tags.h"

#include <fmt/format.h>

#include "base/json.h"
#include "pipelines/entity_tags.h"
#include "stages/fields.h"

namespace gennaker::stages {

using pipelines::EntityTags;
using runner::TaskContext;
using runner::TaskResult;

namespace {

/// Each {entityRef, tags}: the members of `entityTags`, or the stage itself.
std::vector<json::object> entries_of(const json::object& context) {
  const auto* list = base::find_array(context, "entityTags");
  if (list == nullptr) return {context};
  std::vector<json::object> entries;
  for (const auto& entry : *list) {
    if (const auto* object = entry.if_object()) entries.push_back(*object);
  }
  return entries;
}

class UpsertEntityTagsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "upsertEntityTags"; }
  std::vector<std::string_view> aliases() const override { return {"bulkUpsertEntityTags"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const auto entries = entries_of(stage.context());
    if (entries.empty()) return engine::refuse("entityTags", "a list of {entityRef, tags} is needed");
    for (const json::object& entry : entries) {
      if (base::find_object(entry, "entityRef") == nullptr) {
        return engine::refuse("entityRef",
                              "an object {cloudProvider, entityType, entityId, account, region} is needed");
      }
      if (base::find_array(entry, "tags") == nullptr)
        return engine::refuse("tags", "a list of {name, value} is needed");
    }
    return engine::run_in_order({"upsertEntityTags"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DeleteEntityTagsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "deleteEntityTags"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (base::string_or(context, "id", "").empty())
      return engine::refuse("id", "the id of entity tags is needed");
    if (!base::bool_or(context, "deleteAll", false) && base::string_list(context, "tags").empty()) {
      return engine::refuse("tags", "the names of tags are needed, or deleteAll");
    }
    return engine::run_in_order({"deleteEntityTags"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// To set a tag again does nothing new: a repeated attempt needs no mark.
class UpsertEntityTags final : public runner::Task {
 public:
  explicit UpsertEntityTags(store::Store& store) : tags_(store) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    const auto others =
        base::bool_or(own, "isPartial", true) ? EntityTags::Others::keep : EntityTags::Others::replace;
    json::array ids;
    for (const json::object& entry : entries_of(own)) {
      EntityTags::By by{context.user(), context.now()};
      auto writing = tags_.upsert(*base::find_object(entry, "entityRef"), *base::find_array(entry, "tags"),
                                  others, std::move(by));
      const json::object written = co_await std::move(writing);
      ids.push_back(written.at("id"));
    }
    json::object result{{"notification.type", "upsertentitytags"}, {"entityTagIds", std::move(ids)}};
    json::object outputs{{"entityTagIds", result["entityTagIds"]}};
    co_return runner::succeeded(std::move(result), std::move(outputs));
  }

 private:
  EntityTags tags_;
};

class DeleteEntityTags final : public runner::Task {
 public:
  explicit DeleteEntityTags(store::Store& store) : tags_(store) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    std::vector<std::string> names;
    if (!base::bool_or(own, "deleteAll", false)) names = base::string_list(own, "tags");
    EntityTags::By by{context.user(), context.now()};
    auto removing = tags_.remove(base::string_or(own, "id", ""), std::move(names), std::move(by));
    co_await std::move(removing);
    co_return runner::succeeded({{"notification.type", "deleteentitytags"}});
  }

 private:
  EntityTags tags_;
};

}  // namespace

void add_upsert_entity_tags(runner::Catalogs& catalogs, store::Store& store) {
  catalogs.stages.add(std::make_unique<UpsertEntityTagsStage>());
  catalogs.stages.add(std::make_unique<DeleteEntityTagsStage>());
  catalogs.tasks.add("upsertEntityTags", std::make_unique<UpsertEntityTags>(store));
  catalogs.tasks.add("deleteEntityTags", std::make_unique<DeleteEntityTags>(store));
}

}  // namespace gennaker::stages
