#include "division.h"

#include <algorithm>

#include "base/json.h"
#include "base/retry.h"
#include "testing/run_async.h"

namespace gennaker::simulation {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// Monday, 1 January 2024.
constexpr std::int64_t first_day_ms = 1'704'067'200'000;
constexpr hours a_day{24}, between_prunings{6};
/// A cloud knows the keys of about two days again.
constexpr std::size_t remembered_keys = 300;

bool may_be_asked_again(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return base::worth_retrying(error);
  }
}

}  // namespace

class Division::Witness final : public ProcessWatcher {
 public:
  explicit Witness(Division& division) : division_(division) {}
  void looks(const runner::TaskContext& context) override {
    if (context.task().implementation == "waitForJudgment") division_.judge_later(context);
  }
  void lost_its_lease() override {}
  void planned(const engine::StageView& stage, engine::Plan&) override { division_.audit_.planned(stage); }

 private:
  Division& division_;
};

Division::Division(std::uint64_t seed, int number, double trouble)
    : clock_(base::from_millis(first_day_ms)),
      calendar_(clock_),
      dice_(Dice(seed).next() + static_cast<std::uint64_t>(number)),
      holdings_(found_division(number, dice_.next())),
      trouble_(trouble),
      clouds_([this] {
        Audit::Clouds clouds;
        for (const rehearsal::AccountState& account : holdings_.accounts) {
          clouds.push_back(
              std::make_unique<clusters::SimulatedCloud>(clock_, account.account, account.holds));
          clouds.back()->forget_effects();
          clouds.back()->remember_keys(remembered_keys);
        }
        return clouds;
      }()),
      web_(clock_, dice_),
      audit_(holdings_, clock_, clouds_),
      witness_(std::make_unique<Witness>(*this)) {
  cloud_watcher_.before = [this] { audit_.before_operation(); };
  cloud_watcher_.after = [this](const model::Operation& operation) { audit_.after_operation(operation); };
  vault_.store.drop_feed();
  vault_.committed = [this](const store::Changes& changes) {
    audit_.committed(changes);
    const bool mail = !changes.commands.empty() || !changes.answers.empty();
    if (mail && process_) process_->store().mail();
  };
  boot();
  set_up();
  faults_ = usual_faults(trouble_);
}

Division::~Division() = default;

Surroundings Division::surroundings() {
  return {clock_, calendar_, dice_,          faults_, troubles_,
          vault_, clouds_,   cloud_watcher_, web_,    kept_executions()};
}

void Division::set_up() {
  while (!is_up()) step();
  std::vector<json::object> configs;
  for (const Delivery& delivery : holdings_.deliveries) configs.push_back(delivery.config);
  bool saved = false;
  process_->ask(process_->save(holdings_.applications, std::move(configs)),
                [&](const std::exception_ptr& failure) {
                  if (failure) std::rethrow_exception(failure);
                  saved = true;
                });
  while (!saved) step();
}

// ---- The server and time ----

void Division::boot() {
  process_ = std::make_unique<ServerProcess>(surroundings(), *witness_, 0);
}

/// Whoever waited for an answer asks again, once the server is likely to be there.
void Division::crash(std::string_view how) {
  troubles_.note(how);
  process_.reset();
  to_be_judged_.clear();
  for (auto& [number, asked] : std::exchange(asked_, {})) {
    calendar_.note(seconds(60 + dice_.below(60)),
                   [this, asked = std::move(asked)] { start(asked.delivery, asked.trigger); });
  }
  calendar_.note(milliseconds(1'000 + dice_.below(60'000)), [this] { boot(); });
}

bool Division::work() {
  if (!process_ || !process_->step()) return false;
  if (process_->failed()) {
    crash("starts of the server that failed");
  } else if (steps_to_crash_ > 0 && --steps_to_crash_ == 0) {
    crash("crashes of the server");
  }
  return true;
}

bool Division::step() {
  ++audit_.figures().steps;
  if (work()) return true;
  if (calendar_.due()) {
    calendar_.let_happen();
  } else {
    const std::optional<base::TimePoint> next = next_moment(surroundings());
    if (!next) return false;
    clock_.advance_to(*next);
  }
  if (process_) process_->look_around();
  return true;
}

void Division::live_a_day() {
  begin_day();
  while (!day_is_over_ && !broken()) step();
  audit_.day_ends();
  ++day_;
}

void Division::begin_day() {
  day_is_over_ = false;
  calendar_.note(a_day, [this] { day_is_over_ = true; });
  for (const milliseconds at : deployments_of(day_, dice_)) calendar_.note(at, [this] { deploy(); });
  for (milliseconds at = between_prunings; at <= a_day; at += between_prunings)
    calendar_.note(at, [this] { prune(); });
  const int crashes = static_cast<int>(crashes_a_day * trouble_);
  for (int i = 0; i < crashes; ++i) {
    const milliseconds at(dice_.next() % static_cast<std::uint64_t>(milliseconds(a_day).count()));
    calendar_.note(at, [this] { steps_to_crash_ = 1 + dice_.below(300); });
  }
}

void Division::come_to_rest() {
  faults_ = {};
  steps_to_crash_ = 0;
  const base::TimePoint latest = clock_.now() + 2 * a_day;
  const auto quiet = [&] { return audit_.unfinished() == 0 && asked_.empty(); };
  while (!quiet() && !broken() && clock_.now() < latest && step()) {
  }
  bool over = false;
  calendar_.note(a_day, [this] { prune(); });  // what was about to be asked again is, too
  calendar_.note(a_day + minutes(10), [&] { over = true; });
  while (!over && !broken()) step();
  if (broken()) return;
  auto reading = vault_.store.store().executions({.limit = SIZE_MAX}, model::Detail::outline);
  audit_.at_the_end(gennaker::testing::run_async(vault_.io, std::move(reading)));
}

void Division::prune() {
  if (!is_up()) return;
  // What fails now is done next time.
  process_->ask(process_->prune(), [](const std::exception_ptr&) {});
}

// ---- People ----

bool Division::is_busy(std::size_t delivery) const {
  return audit_.is_busy(delivery) || std::any_of(asked_.begin(), asked_.end(), [&](const auto& one) {
           return one.second.delivery == delivery;
         });
}

/// Who starts a pipeline that is not limited sees whether it runs.
void Division::deploy() {
  const auto count = static_cast<int>(holdings_.deliveries.size());
  for (int attempt = 0; attempt < count; ++attempt) {
    const auto chosen = static_cast<std::size_t>(dice_.below(count));
    const Delivery& delivery = holdings_.deliveries[chosen];
    if (!delivery.limited && is_busy(chosen)) continue;
    return start(chosen, draw_trigger(delivery, dice_));
  }
  calendar_.note(minutes(5), [this] { deploy(); });
}

void Division::start(std::size_t delivery, json::object trigger) {
  const Delivery& what = holdings_.deliveries[delivery];
  if (!what.limited && is_busy(delivery)) return;
  const auto try_again = [this, delivery, trigger] {
    calendar_.note(seconds(20 + dice_.below(20)), [this, delivery, trigger] { start(delivery, trigger); });
  };
  if (!is_up()) return try_again();
  const std::uint64_t number = ++last_asked_;
  asked_.emplace(number, Asked{delivery, trigger});
  pipelines::StartRequest request{.config = what.config, .trigger = std::move(trigger)};
  request.user = "ann";
  auto starting = process_->starter().start_pipeline(std::move(request));
  process_->ask<std::string>(std::move(starting), [this, number, try_again](const std::exception_ptr& failure,
                                                                            const std::string& id) {
    asked_.erase(number);
    if (!failure) return audit_.answered(id);
    troubles_.note("starts that were refused");
    if (may_be_asked_again(failure)) try_again();
  });
}

void Division::judge_later(const runner::TaskContext& context) {
  if (!base::string_or(context.stage().context, "judgmentStatus", "").empty()) return;
  const std::string execution_id = context.execution().id, stage_id = context.stage().id;
  if (!to_be_judged_.insert(stage_id).second) return;
  const std::string_view word = audit_.fate_of(execution_id) == Fate::is_refused ? "stop" : "continue";
  calendar_.note(minutes(1 + dice_.below(120)),
                 [this, execution_id, stage_id, word] { judge(execution_id, stage_id, word); });
}

void Division::judge(const std::string& execution_id, const std::string& stage_id, std::string_view word) {
  to_be_judged_.erase(stage_id);
  if (audit_.has_ended(execution_id)) return;
  const auto try_again = [this, execution_id, stage_id, word] {
    if (!to_be_judged_.insert(stage_id).second) return;
    calendar_.note(minutes(1), [this, execution_id, stage_id, word] { judge(execution_id, stage_id, word); });
  };
  if (!is_up()) return try_again();
  auto telling =
      process_->runner().tell(execution_id, engine::PatchStage{stage_id, {{"judgmentStatus", word}}, "bob"});
  process_->ask(std::move(telling), [try_again](const std::exception_ptr& failure) {
    if (failure && may_be_asked_again(failure)) try_again();
  });
}

}  // namespace gennaker::simulation
