#include "runner/back_off.h"

#include <algorithm>

#include "base/json.h"

namespace gennaker::runner {
namespace {

using std::chrono::milliseconds;

milliseconds period(const BackOff::Periods& periods, const json::object& context, std::string_view field) {
  const auto found = periods.find(base::string_or(context, field, ""));
  return found == periods.end() ? milliseconds(0) : found->second;
}

}  // namespace

void lengthen(const BackOff& back_off, const model::Stage& stage, Again& wish) {
  if (wish.after <= milliseconds(0)) return;
  wish.after =
      std::max({wish.after, back_off.everywhere, period(back_off.of_provider, stage.context, "cloudProvider"),
                period(back_off.of_account, stage.context, "credentials"),
                period(back_off.of_account, stage.context, "account")});
  const auto own = base::whole_number(stage.context, "backoffPeriodMs");
  if (!own || *own <= 0) return;
  wish.after = std::max(wish.after, base::bounded_millis(*own));
  wish.wake_on.clear();
}

}  // namespace gennaker::runner
