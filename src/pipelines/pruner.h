#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace gennaker::pipelines {

using base::Async;

/// How long executions are kept that have ended and come to rest.
struct Retention {
  std::optional<std::chrono::days> age = {};     ///< since they were started; nullopt: for ever
  std::optional<std::size_t> per_pipeline = {};  ///< the newest so many of a pipeline; nullopt: all
  std::size_t at_least = 5;                      ///< of a pipeline, the newest, whatever their age
};

struct RetentionRules {
  Retention everywhere;
  std::map<std::string, Retention> of_application = {};  ///< by name, in lower case; in place of `everywhere`

  const Retention& of(const std::string& application) const;
  /// The shortest of all ages; nullopt: nobody's executions go by age.
  std::optional<std::chrono::days> shortest_age() const;
  /// Whether anybody's go by number.
  bool count() const;
};

/// Removes executions that need not be kept, a few at a time, so that nobody who writes has to wait for it.
/// By age all are looked at, once an hour; by number a pipeline's are when one of its runs has ended, and
/// those of all saved pipelines once at the start: the rules may be others than before, and what a server
/// was about to remove when it went is not written down.
/// Whoever removes the same meanwhile does no harm. Threads: `step` on one executor, `on_end` on any.
class Pruner {
 public:
  Pruner(store::Store& store, const base::Clock& clock, RetentionRules rules)
      : store_(store), clock_(clock), rules_(std::move(rules)) {}

  /// An execution has come to rest: there may be one too many of its pipeline.
  void on_end(const model::Execution& execution);
  /// Removes a few, and returns how long nothing needs to be done then.
  Async<std::chrono::milliseconds> step();
  /// Steps for ever.
  Async<void> run();

 private:
  struct Pipeline {
    std::string application, config_id;
    auto operator<=>(const Pipeline&) const = default;
  };

  void may_be_crowded(Pipeline pipeline);
  Async<void> suspect_all();
  std::optional<Pipeline> take_crowded();
  /// What came of a few of a pipeline's executions.
  struct Removal {
    bool any, more;
  };
  Async<Removal> prune_by_number(Pipeline pipeline);
  /// False: all that is old enough was looked at.
  Async<bool> prune_by_age();
  bool is_old(const model::Execution& execution) const;
  /// Whether it is one of the newest of its pipeline, which are kept whatever their age.
  Async<bool> is_kept_anyway(const model::Execution& execution);
  Async<void> remove(std::vector<std::string> ids);

  store::Store& store_;
  const base::Clock& clock_;
  const RetentionRules rules_;
  std::mutex mutex_;            ///< of crowded_
  std::set<Pipeline> crowded_;  ///< perhaps
  bool suspected_all_ = false;
  // Of the sweep by age that is under way.
  base::TimePoint next_sweep_{};
  std::size_t passed_ = 0;                               ///< old ones that are kept
  std::map<std::string, std::set<std::string>> newest_;  ///< by configuration, those that are kept anyway
};

}  // namespace gennaker::pipelines
