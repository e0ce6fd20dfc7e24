#include "stages/noop/noop.h"

namespace gennaker::stages {
namespace {

class Noop final : public engine::Stage {
 public:
  std::string_view type() const override { return "noop"; }
  /// What an operation changes is seen when it returns: there is no cache to refresh.
  std::vector<std::string_view> aliases() const override { return {"serverGroupForceCacheRefresh"}; }
  engine::Plan plan(const engine::StageView&) const override { return {}; }
};

}  // namespace

void add_noop(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<Noop>());
}

}  // namespace gennaker::stages
