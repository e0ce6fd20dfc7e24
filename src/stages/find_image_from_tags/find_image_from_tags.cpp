#include "stages/find_image_from_tags/find_image_from_tags.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/fields.h"
#include "stages/images.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;
using runner::TaskResult;

const json::object& wanted_tags(const json::object& context) {
  static const json::object none;
  const auto* tags = base::find_object(context, "tags");
  return tags != nullptr ? *tags : none;
}

class FindImageFromTagsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "findImageFromTags"; }
  bool runs_dry(const engine::StageView&) const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (account_name(context).empty()) return engine::refuse("account", "the name of an account is needed");
    if (base::string_or(context, "packageName", "").empty() && wanted_tags(context).empty()) {
      return engine::refuse("packageName", "the name of a package is needed, or `tags`");
    }
    const auto* tags = base::find(context, "tags");
    if (tags != nullptr && !tags->is_null() && !tags->is_object()) {
      return engine::refuse("tags", "an object {name: value} is needed");
    }
    if (image_regions(stage.execution(), stage.stage()).empty()) {
      return engine::refuse("regions", "at least one region is needed, here or in a later deploy stage");
    }
    return engine::run_in_order({"findImageFromTags"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

  static std::string account_name(const json::object& context) {
    const std::string own = account_of(context);
    return own.empty() ? base::string_or(context, "imageOwnerAccount", "") : own;
  }
};

/// A build's tag `appversion` begins with the package's name and a hyphen before its version.
bool has_package(const model::Image& image, const std::string& package) {
  if (package.empty() || image.name == package) return true;
  const std::string version = base::string_or(image.tags, "appversion", "");
  return version.size() > package.size() + 1 && version.starts_with(package) &&
         version[package.size()] == '-' && version[package.size() + 1] >= '0' &&
         version[package.size() + 1] <= '9';
}

bool has_tags(const model::Image& image, const json::object& tags) {
  return std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
    const auto* own = image.tags.if_contains(tag.key());
    return own != nullptr && base::plain_text(*own) == base::plain_text(tag.value());
  });
}

class FindImageFromTags final : public runner::Task {
 public:
  explicit FindImageFromTags(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = FindImageFromTagsStage::account_name(own);
    const std::string provider = infrastructure_.clouds.account(account).provider;
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    const std::string package = base::string_or(own, "packageName", "");
    json::array details, artifacts;
    for (const std::string& region : image_regions(context.execution(), context.stage())) {
      const model::Image* newest = nullptr;
      for (const model::Image& image : snapshot->images) {
        if (!clusters::same_name(image.region, region) || !has_package(image, package)) continue;
        if (!has_tags(image, wanted_tags(own))) continue;
        if (newest == nullptr || newest->created_time < image.created_time) newest = &image;
      }
      if (newest == nullptr) {
        co_return runner::failed(
            context, fmt::format("could not find an image of package '{}' with tags {} in {}/{}", package,
                                 base::to_text(wanted_tags(own)), account, region));
      }
      json::object detail = image_details(context.stage(), *newest, provider);
      detail["tags"] = newest->tags;
      details.push_back(std::move(detail));
      artifacts.push_back(image_artifact(*newest, provider));
    }
    const json::object outputs = image_outputs(std::move(details), std::move(artifacts));
    co_return runner::succeeded(outputs, outputs);
  }

 private:
  const Infrastructure infrastructure_;
};

}  // namespace

void add_find_image_from_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<FindImageFromTagsStage>());
  catalogs.tasks.add("findImageFromTags", std::make_unique<FindImageFromTags>(infrastructure));
}

}  // namespace gennaker::stages
