#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "store/store.h"

namespace gennaker::pipelines {

namespace json = boost::json;
using base::Async;

/// Saved pipelines. Every function throws base::Error: `invalid` (the message names the field), `not_found`,
/// `conflict`, `unavailable`. Threads: any executor.
class Configurations {
 public:
  Configurations(store::Store& store, const base::Clock& clock, base::Random& random)
      : store_(store), clock_(clock), random_(random) {}

  enum class StaleCheck { no, yes };
  /// Creates or replaces; unknown members are kept. Returns what was stored.
  /// Source: Gate's save: docs/compatibility.md.
  Async<json::object> save(json::object config, std::string user, StaleCheck stale_check);

  /// Of an application (any case of its name), in display order, with `index` 0..n-1.
  Async<std::vector<json::object>> list(std::string application);
  Async<std::vector<json::object>> list_all();
  /// What a path of the API names: in `application` (any case), by exact name, then by id. `index` may be
  /// another than in the list.
  Async<std::optional<json::object>> find(std::string application, std::string name_or_id);
  Async<std::optional<json::object>> find_by_id(std::string id);
  /// What a pipeline stage refers to: by its id, whatever application it is of, since ids are never given
  /// twice; else by its exact name in `application`. A name of one pipeline that is the id of another means
  /// the other.
  Async<std::optional<json::object>> find_referenced(std::string application, std::string id_or_name);
  /// Newest first; the first is the current one.
  Async<std::vector<json::object>> history(std::string id, std::size_t limit);
  /// By name, trimmed, ignoring case. One that is not there is fine.
  Async<void> remove(std::string application, std::string name, std::string user);
  /// Sets the display order: {id: index}.
  Async<void> reorder(std::string application, json::object ids_to_indices, std::string user);

  /// Grows with every change that was made through this object, or is known to it.
  std::uint64_t revision() const { return revision_; }
  /// Somebody else has changed something.
  void note_change() { ++revision_; }

 private:
  Async<std::optional<json::object>> find_as_before(std::string scope, std::string name);
  void remember(const std::string& scope, const std::string& name, const json::object& config);

  std::atomic<std::uint64_t> revision_ = 0;
  std::mutex mutex_;  // guards the ids
  /// By scope and name: where the pipeline of a name was last time. One that is found again costs its own
  /// reading, not that of all pipelines of its application.
  std::map<std::pair<std::string, std::string>, std::string> ids_;
  store::Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
};

/// Whose pipeline a pipeline stage names: `pipelineApplication`, else `application`, else `own`, the one that
/// the stage itself is of.
std::string referenced_application(const json::object& stage_fields, const std::string& own);

/// The feed's word for a configuration that was changed or removed.
store::FeedEntry document_entry(const store::Document& document);

}  // namespace gennaker::pipelines
