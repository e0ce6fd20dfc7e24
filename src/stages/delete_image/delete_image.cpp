#include "stages/delete_image/delete_image.h"

#include "base/json.h"
#include "stages/fields.h"
#include "stages/operation_list.h"

namespace gennaker::stages {
namespace {

class DeleteImageStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "deleteImage"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (locations_of(context).size() != 1) return engine::refuse("region", "exactly one region is needed");
    if (base::string_list(context, "imageIds").empty()) {
      return engine::refuse("imageIds", "the id of an image is needed");
    }
    return engine::run_in_order({"deleteImage"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DeleteImage final : public OperationList {
 public:
  using OperationList::OperationList;

 protected:
  std::string_view kind() const override { return clusters::delete_image_kind; }
  Decision decide(const runner::TaskContext& context, const clusters::Snapshot&) const override {
    const json::object& own = context.stage().context;
    Decision decision;
    for (const std::string& id : base::string_list(own, "imageIds")) {
      decision.items.push_back(json::object{{"imageId", id}, {"region", locations_of(own).front()}});
    }
    return decision;
  }
  model::Operation operation(std::string key, const runner::TaskContext& context,
                             const json::object& item) const override {
    const clusters::ImageRef image{.account = account_of(context.stage().context),
                                   .region = base::string_or(item, "region", ""),
                                   .id = base::string_or(item, "imageId", "")};
    return clusters::delete_image(std::move(key), image);
  }
};

}  // namespace

void add_delete_image(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<DeleteImageStage>());
  catalogs.tasks.add("deleteImage", std::make_unique<DeleteImage>(infrastructure));
}

}  // namespace gennaker::stages
