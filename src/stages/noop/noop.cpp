#include "stages/noop/noop.h"

namespace gennaker::stages {
namespace {

class Noop final : public engine::Stage {
 public:
  std::string_view type() const override { return "noop"; }
  engine::Plan plan(const engine::StageView&) const override { return {}; }
};

}  // namespace

void add_noop(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<Noop>());
}

}  // namespace gennaker::stages
