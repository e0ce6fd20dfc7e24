#include "audit.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>

#include "base/ids.h"
#include "base/json.h"
#include "clusters/health.h"
#include "clusters/operations.h"

namespace gennaker::simulation {

using model::Status;

namespace {

/// Judgments take hours, and what is limited waits for others that wait for judgments.
constexpr std::chrono::hours patience{24};
/// What a red/black deployment leaves, and no failed one adds to.
constexpr std::size_t most_groups = 2;

constexpr std::string_view once = "3: an operation takes effect at most once for the work that asked for it";
constexpr std::string_view accepted = "7: nothing accepted is lost";
constexpr std::string_view as_left = "16: a cluster is as its last deployment left it";
constexpr std::string_view owned = "17: every server group has an owner";

bool runs(Status status) {
  return status == Status::running || status == Status::paused;
}

/// What whoever started it gave.
json::object parameters_in(const std::string& header) {
  const json::object row = base::parse_json_object(header, "a row", {.bytes = SIZE_MAX});
  const auto* trigger = base::find_object(row, "trigger");
  const auto* parameters = trigger == nullptr ? nullptr : base::find_object(*trigger, "parameters");
  return parameters == nullptr ? json::object() : *parameters;
}

}  // namespace

std::uint64_t Figures::deployments() const {
  return std::accumulate(by_fate.begin(), by_fate.end(), std::uint64_t{0});
}

void Figures::add(const Figures& other) {
  executions += other.executions;
  superseded += other.superseded;
  for (std::size_t i = 0; i < by_fate.size(); ++i) by_fate.at(i) += other.by_fate.at(i);
  stages += other.stages;
  operations += other.operations;
  steps += other.steps;
  removed += other.removed;
}

Audit::Audit(const Holdings& holdings, const base::VirtualClock& clock, const Clouds& clouds)
    : holdings_(holdings), clock_(clock), clouds_(clouds) {
  for (const Delivery& delivery : holdings.deliveries) {
    const std::size_t number = places_.size();
    delivery_of_id_[delivery.id] = number;
    place_of_cluster_[delivery.cluster] = number;
    Place place;
    for (const auto& cloud : clouds) {
      if (cloud->accounts().front().name == delivery.account) place.cloud = cloud.get();
    }
    for (const model::ServerGroup& group : place.cloud->now().server_groups) {
      if (group.moniker.cluster == delivery.cluster) place.groups.insert(place.serving = group.name);
    }
    places_.push_back(std::move(place));
  }
}

std::uint64_t Audit::effect_count() const {
  std::uint64_t count = 0;
  for (const auto& cloud : clouds_) count += cloud->effect_count();
  return count;
}

Fate Audit::fate_of(const std::string& execution_id) const {
  const auto found = entries_.find(execution_id);
  return found == entries_.end() ? Fate::serves : found->second.fate;
}

bool Audit::has_ended(const std::string& execution_id) const {
  const auto found = entries_.find(execution_id);
  return found == entries_.end() || found->second.ended;
}

// ---- What happens ----

void Audit::committed(const store::Changes& changes) {
  for (const store::ExecutionRow& row : changes.executions) {
    if (!entries_.contains(row.id)) accept(row);
    change(entries_.at(row.id), row);
  }
  for (const std::string& id : changes.removed_executions) remove(id);
}

void Audit::accept(const store::ExecutionRow& row) {
  const json::object parameters = parameters_in(row.header);
  Entry entry;
  entry.delivery = delivery_of_id_.at(row.pipeline_config_id);
  entry.fate = parse_fate(base::string_or(parameters, "fate", "")).value_or(Fate::serves);
  if (delivery(entry).takes_image) entry.image = base::string_or(parameters, "image", "");
  entry.accepted = clock_.now();
  ++places_[entry.delivery].unfinished;
  ++unfinished_;
  ++figures_.executions;
  entries_.emplace(row.id, std::move(entry));
}

void Audit::change(Entry& entry, const store::ExecutionRow& row) {
  Place& place = places_[entry.delivery];
  const Status before = std::exchange(entry.status, row.status);
  law(!model::is_complete(before) || row.status == before, "10: an ending is left by a restart alone", [&] {
    return fmt::format("execution {} was {} and is {}", row.id, to_string(before), to_string(row.status));
  });
  place.running += static_cast<int>(runs(row.status)) - static_cast<int>(runs(before));
  law(!delivery(entry).limited || place.running <= 1, "12: no more run at once than the pipeline allows",
      [&] { return fmt::format("execution {} of {} runs beside another", row.id, delivery(entry).id); });
  if (!row.active && model::is_complete(row.status) && !entry.ended) end(entry, row);
}

void Audit::end(Entry& entry, const store::ExecutionRow& row) {
  Place& place = places_[entry.delivery];
  entry.ended = true;
  entry.effects = {};
  --place.unfinished;
  --unfinished_;
  digest_.add(fmt::format("{} {} {}\n", base::to_millis(clock_.now()), row.id, to_string(row.status)));
  if (row.start_time) {
    ++figures_.by_fate.at(static_cast<std::size_t>(entry.fate));
  } else {
    ++figures_.superseded;
  }
  ends_as_it_must(entry, row);
  if (entry.status == Status::succeeded && entry.fate == Fate::serves) place.serving = entry.created;
  if (place.running == 0) is_as_the_last_deployment_left_it(entry.delivery);
}

void Audit::remove(const std::string& execution_id) {
  const auto found = entries_.find(execution_id);
  if (found == entries_.end()) return;  // whoever removes the same meanwhile does no harm
  law(found->second.ended, accepted,
      [&] { return fmt::format("execution {} is removed and has not ended", execution_id); });
  entries_.erase(found);
  ++figures_.removed;
}

void Audit::after_operation(const model::Operation& operation) {
  if (effect_count() == effects_before_) return;
  ++figures_.operations;
  digest_.add(fmt::format("{} {}\n", operation.kind, operation.key));
  const rehearsal::Asker by = rehearsal::asker_of(operation.key);
  const auto found = entries_.find(by.execution_id);
  const bool wanted = found != entries_.end() && !found->second.ended;
  law(wanted, once, [&] { return fmt::format("{} takes effect, and nobody asks for it", operation.key); });
  if (!wanted) return;
  takes_effect_once(found->second, operation);
  note_group(found->second, operation);
}

void Audit::note_group(Entry& entry, const model::Operation& operation) {
  Place& place = places_[entry.delivery];
  if (operation.kind == clusters::create_server_group_kind) {
    const model::ServerGroup& made = place.cloud->now().server_groups.back();
    law(made.moniker.cluster == delivery(entry).cluster &&
            (entry.image.empty() || made.image_id == entry.image),
        as_left, [&] {
          return fmt::format("{} was to deploy {} to {}, and made {} of {}", operation.key, entry.image,
                             delivery(entry).cluster, made.name, made.image_id);
        });
    entry.created = made.name;
    place.groups.insert(made.name);
  } else if (operation.kind == clusters::destroy_server_group_kind) {
    place.groups.erase(clusters::server_group_of(operation).name);
  }
}

void Audit::planned(const engine::StageView& stage) {
  ++figures_.stages;
  const std::string why = begins_too_early(stage.execution(), stage.stage());
  law(why.empty(), "2: a stage runs when what it requires has ended well", [&] { return why; });
}

void Audit::answered(const std::string& execution_id) {
  law(entries_.contains(execution_id), accepted, [&] {
    return fmt::format("the start of execution {} was answered, and it is not stored", execution_id);
  });
}

void Audit::day_ends() {
  ends_within(patience);
  for (const auto& cloud : clouds_) {
    for (const model::ServerGroup& group : cloud->now().server_groups) has_an_owner(group);
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto& groups = places_[i].groups;
    law(places_[i].unfinished > 0 || groups.size() <= most_groups, owned, [&] {
      return fmt::format("no deployment to {} removed {}", holdings_.deliveries[i].cluster,
                         fmt::join(groups, ", "));
    });
  }
}

void Audit::at_the_end(const std::vector<model::Execution>& stored) {
  ends_within(std::chrono::milliseconds(0));
  day_ends();
  for (std::size_t i = 0; i < places_.size(); ++i) is_as_the_last_deployment_left_it(i);
  keeps_what_was_accepted(stored);
  keeps_no_more_than_it_must(stored);
}

// ---- The laws ----

void Audit::ends_within(std::chrono::milliseconds longest) {
  if (unfinished_ == 0) return;
  for (const auto& [id, entry] : entries_) {
    law(entry.ended || clock_.now() - entry.accepted <= longest, "1: what was accepted ends",
        [&, &id = id, &entry = entry] {
          return fmt::format("execution {} does not end; it is {}", id, to_string(entry.status));
        });
  }
}

/// Who asked is told by the key's beginning; what it says besides hides nothing.
void Audit::takes_effect_once(Entry& entry, const model::Operation& operation) {
  const rehearsal::Asker by = rehearsal::asker_of(operation.key);
  const std::string work =
      fmt::format("{}/{} {} {}", by.stage_id, by.task_id, operation.kind, base::to_text(operation.what));
  law(entry.effects.insert(std::hash<std::string>()(work)).second, once,
      [&] { return fmt::format("{} took effect twice, the last as {}", work, operation.key); });
}

/// Whatever broke meanwhile: nothing of it is a reason to fail, or not to.
void Audit::ends_as_it_must(const Entry& entry, const store::ExecutionRow& row) {
  const bool superseded = row.status == Status::canceled && !row.start_time && entry.created.empty();
  const bool succeeds = entry.fate == Fate::serves || entry.fate == Fate::goes_back;
  law(superseded || row.status == (succeeds ? Status::succeeded : Status::terminal),
      "15: a deployment ends as its parameters say", [&] {
        return fmt::format("execution {} of {}, of which was to come '{}', is {}", row.id, row.name,
                           to_string(entry.fate), to_string(row.status));
      });
}

void Audit::is_as_the_last_deployment_left_it(std::size_t number) {
  const Place& place = places_[number];
  const std::string& cluster = holdings_.deliveries[number].cluster;
  std::string serving;
  for (const model::ServerGroup& group : place.cloud->now().server_groups) {
    if (group.moniker.cluster != cluster || group.disabled) continue;
    const bool is_whole = clusters::count_instances(group).up == instances_a_group;
    serving += serving.empty() && is_whole ? group.name : " and " + group.name;
  }
  law(serving == place.serving, as_left,
      [&] { return fmt::format("in {} serves {}, not {}", cluster, serving, place.serving); });
}

void Audit::has_an_owner(const model::ServerGroup& group) {
  const auto found = place_of_cluster_.find(group.moniker.cluster);
  const Place* place = found == place_of_cluster_.end() ? nullptr : &places_[found->second];
  // One that a running deployment has half made is nobody's yet.
  law(place != nullptr && (place->unfinished > 0 || place->groups.contains(group.name)), owned,
      [&] { return fmt::format("nobody made {}", group.name); });
}

void Audit::keeps_what_was_accepted(const std::vector<model::Execution>& stored) {
  for (const model::Execution& execution : stored) {
    const auto found = entries_.find(execution.id);
    law(found != entries_.end() && found->second.status == execution.status, accepted, [&] {
      return fmt::format("execution {} is stored as {}, which is not how it ended", execution.id,
                         to_string(execution.status));
    });
  }
  law(stored.size() == entries_.size(), accepted, [&] {
    return fmt::format("{} executions are stored, of {} that were not removed", stored.size(),
                       entries_.size());
  });
}

void Audit::keeps_no_more_than_it_must(const std::vector<model::Execution>& stored) {
  const std::size_t most = kept_executions().everywhere.per_pipeline.value();
  std::map<std::string, std::size_t> counts;
  for (const model::Execution& execution : stored) ++counts[execution.pipeline_config_id];
  for (const auto& [id, count] : counts) {
    law(count <= most, "18: what need not be kept is removed", [&, &id = id, count = count] {
      return fmt::format("{} has {} executions, of at most {}", id, count, most);
    });
  }
}

}  // namespace gennaker::simulation
