#include "stages/upsert_image_tags/upsert_image_tags.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
#include "stages/fields.h"
#include "stages/operation_list.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;

/// What a build says about itself; whoever changed it would change what was built.
constexpr std::string_view built_in[] = {"appversion", "base_ami_version", "build_host", "creation_time",
                                         "creator"};

class UpsertImageTagsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "upsertImageTags"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    const auto* tags = base::find_object(context, "tags");
    if (tags == nullptr || tags->empty()) {
      return engine::refuse("tags", "an object {name: value} is needed; null takes a tag away");
    }
    for (const std::string_view name : built_in) {
      if (tags->contains(name))
        return engine::refuse(fmt::format("tags.{}", name), "this tag is the build's own");
    }
    return engine::run_in_order({"upsertImageTags"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// By name, or by id.
struct Wanted {
  std::vector<std::string> names, regions;
};

void add_named(const json::object& details, Wanted& wanted) {
  for (const std::string_view key : {"imageId", "ami", "imageName"}) {
    const std::string found = base::string_or(details, key, "");
    if (found.empty()) continue;
    wanted.names.push_back(found);
    return;
  }
}

/// The stage's own images, else those of the nearest stage before that made or found some;
/// `consideredStages` says which stages may.
Wanted wanted_images(const TaskContext& context) {
  const json::object& own = context.stage().context;
  Wanted wanted{.names = base::string_list(own, "imageNames"), .regions = locations_of(own)};
  if (wanted.names.empty()) wanted.names = base::string_list(own, "imageIds");
  if (!wanted.names.empty()) return wanted;
  const auto considered = base::string_list(own, "consideredStages");
  for (const model::Stage* ancestor : engine::ancestors(context.execution(), context.stage())) {
    if (ancestor == &context.stage() || ancestor->id == context.stage().id) continue;
    const bool counts = considered.empty() ||
                        std::find(considered.begin(), considered.end(), ancestor->ref_id) != considered.end();
    const auto* details = base::find_array(ancestor->outputs, "amiDetails");
    if (!counts || details == nullptr) continue;
    for (const auto& entry : *details) {
      if (const auto* one = entry.if_object()) add_named(*one, wanted);
    }
    if (!wanted.names.empty()) return wanted;
  }
  throw base::Error(
      base::Kind::invalid,
      "imageNames: the name of an image is needed, or a bake or findImage stage before this one",
      {{"field", "imageNames"}});
}

class UpsertImageTags final : public OperationList {
 public:
  using OperationList::OperationList;

 protected:
  std::string_view kind() const override { return clusters::tag_image_kind; }

  Decision decide(const TaskContext& context, const clusters::Snapshot& snapshot) const override {
    const Wanted wanted = wanted_images(context);
    Decision decision;
    json::object originals;
    for (const std::string& name : wanted.names) {
      bool found = false;
      for (const model::Image& image : snapshot.images) {
        if (image.name != name && image.id != name) continue;
        if (!wanted.regions.empty() &&
            std::find(wanted.regions.begin(), wanted.regions.end(), image.region) == wanted.regions.end()) {
          continue;
        }
        found = true;
        decision.items.push_back(
            json::object{{"imageName", image.name}, {"imageId", image.id}, {"region", image.region}});
        originals[image.id] = image.tags;
      }
      if (!found) refuse_unknown(snapshot, context, name);
    }
    decision.context["originalTags"] = std::move(originals);
    return decision;
  }

  model::Operation operation(std::string key, const TaskContext& context,
                             const json::object& item) const override {
    const json::object& own = context.stage().context;
    const clusters::ImageRef image{.account = account_of(own),
                                   .region = base::string_or(item, "region", ""),
                                   .id = base::string_or(item, "imageId", "")};
    return clusters::tag_image(std::move(key), image, *base::find_object(own, "tags"));
  }

 private:
  [[noreturn]] static void refuse_unknown(const clusters::Snapshot& snapshot, const TaskContext& context,
                                          const std::string& name) {
    std::vector<std::string> known;
    for (const model::Image& image : snapshot.images) known.push_back(image.name);
    throw base::Error(
        base::Kind::not_found,
        fmt::format("imageNames: account '{}' has no image '{}'{}", account_of(context.stage().context), name,
                    clusters::suggestion(name, known)),
        {{"field", "imageNames"}});
  }
};

}  // namespace

void add_upsert_image_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<UpsertImageTagsStage>());
  catalogs.tasks.add("upsertImageTags", std::make_unique<UpsertImageTags>(infrastructure));
}

}  // namespace gennaker::stages
