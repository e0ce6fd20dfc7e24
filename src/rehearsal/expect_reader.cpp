#include "rehearsal/expect_reader.h"

#include <fmt/format.h>

#include "rehearsal/matching.h"
#include "rehearsal/test_shapes.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

void check_matchers(const std::string& file, const std::string& path, const Located& given) {
  if (const auto bad = bad_matcher(given)) refuse_value(file, bad->line, path, bad->why);
}

std::optional<Wanted> wanted(const Fields& fields, std::string_view key) {
  const Located* given = fields.find(key);
  if (given == nullptr) return std::nullopt;
  check_matchers(fields.file(), fields.path_of(key), *given);
  return Wanted{fields.path_of(key), *given};
}

/// A mapping that is compared with an object: a text in its place would never agree.
std::optional<Wanted> wanted_object(const Fields& fields, std::string_view key) {
  const Located* given = fields.find(key);
  if (given != nullptr && !given->is_mapping()) fields.refuse(key, "a mapping is needed");
  return wanted(fields, key);
}

std::optional<StatusWanted> wanted_status(const Fields& fields) {
  if (!fields.has("status")) return std::nullopt;
  const std::string word = fields.text("status");
  const auto status = model::parse_status(word);
  if (!status)
    fields.refuse("status", fmt::format("'{}' is no status; SUCCEEDED, TERMINAL, CANCELED, ... are", word));
  return StatusWanted{fields.place_of("status"), *status};
}

std::optional<DurationRange> wanted_duration(const Fields& fields, std::string_view key) {
  const Located* given = fields.find(key);
  if (given == nullptr) return std::nullopt;
  DurationRange range{.place = fields.place_of(key)};
  if (!given->is_mapping()) {
    range.least = range.most = duration_of(fields.file(), fields.path_of(key), *given);
    return range;
  }
  const Fields bounds(fields.file(), fields.path_of(key), *given, shapes::range);
  range.least = bounds.duration("atLeast").value_or(milliseconds(0));
  range.most = bounds.duration("atMost").value_or(milliseconds::max());
  return range;
}

StageWanted read_stage(const std::string& file, const Located::Member& member, const std::string& path) {
  StageWanted stage{.place = {file, member.line}, .name = member.key, .path = path};
  if (member.value.is_word("absent")) {
    stage.absent = true;
    return stage;
  }
  Located short_form;  // `Deploy: SUCCEEDED` stands for `Deploy: {status: SUCCEEDED}`
  if (member.value.is_text()) {
    short_form = {.sort = Located::Sort::mapping, .line = member.line};
    short_form.members.push_back({"status", member.line, member.value});
  }
  const Fields fields(file, path, short_form.is_mapping() ? short_form : member.value, shapes::stage);
  stage.status = wanted_status(fields);
  stage.type = wanted(fields, "type");
  stage.context = wanted_object(fields, "context");
  stage.outputs = wanted_object(fields, "outputs");
  stage.error = wanted(fields, "error");
  stage.tasks = wanted_object(fields, "tasks");
  stage.started = wanted_duration(fields, "started");
  stage.elapsed = wanted_duration(fields, "elapsed");
  if (fields.has("runsAfter"))
    stage.runs_after = StageWanted::After{fields.place_of("runsAfter"), fields.texts("runsAfter")};
  return stage;
}

std::vector<StageWanted> read_stages(const Fields& fields) {
  std::vector<StageWanted> stages;
  fields.each_member("stages", [&](const Located::Member& member, const std::string& path) {
    stages.push_back(read_stage(fields.file(), member, path));
  });
  return stages;
}

void check_item(const std::string& file, const std::string& path, const Located& item, const Shape& shape) {
  const Fields checked(file, path, item, shape);
  check_matchers(file, path, item);
}

std::optional<ListWanted> read_list(const Fields& fields, std::string_view key, const Shape& shape) {
  const Located* given = fields.find(key);
  if (given == nullptr) return std::nullopt;
  ListWanted list{.place = fields.place_of(key), .path = fields.path_of(key)};
  const auto take = [&](const Located& item, const std::string& path) {
    check_item(fields.file(), path, item, shape);
    list.items.push_back(item);
  };
  if (!given->is_mapping()) {
    fields.each_item(key, take);
    list.exactly = list.items.empty();  // an empty list says: none
    return list;
  }
  const Fields inner(fields.file(), fields.path_of(key), *given, shapes::list_form);
  if (inner.has("exactly") == inner.has("anyOrder"))
    inner.refuse_all("one of exactly and anyOrder is needed");
  list.exactly = inner.has("exactly");
  list.any_order = !list.exactly;
  inner.each_item(list.exactly ? "exactly" : "anyOrder", take);
  return list;
}

std::optional<std::vector<ChildWanted>> read_children(const Fields& fields) {
  if (!fields.has("children")) return std::nullopt;
  std::vector<ChildWanted> children;
  fields.each_item("children", [&](const Located& item, const std::string& path) {
    const Fields child(fields.file(), path, item, shapes::child);
    children.push_back({.place = child.place(),
                        .path = path,
                        .pipeline = child.text("pipeline"),
                        .status = wanted_status(child),
                        .parameters = wanted_object(child, "parameters"),
                        .stages = read_stages(child)});
  });
  return children;
}

std::vector<ThingWanted> read_things(const Fields& fields) {
  std::vector<ThingWanted> things;
  const Located* given = fields.find("cloud");
  if (given == nullptr) return things;
  const Fields cloud(fields.file(), fields.path_of("cloud"), *given, shapes::things);
  for (const std::string_view kind : shapes::things.keys) {
    cloud.each_member(kind, [&](const Located::Member& member, const std::string& path) {
      check_matchers(fields.file(), path, member.value);
      ThingWanted thing{
          .place = {fields.file(), member.line}, .path = path, .kind = std::string(kind), .name = member.key};
      thing.absent = member.value.is_word("absent");
      if (!thing.absent && !member.value.is_word("present")) thing.like = Wanted{path, member.value};
      things.push_back(std::move(thing));
    });
  }
  return things;
}

}  // namespace

Expectations read_expectations(const std::string& file, const std::string& path, const Located& given) {
  const Fields fields(file, path, given, shapes::expect);
  Expectations expect;
  expect.refused = wanted(fields, "refused");
  expect.status = wanted_status(fields);
  expect.message = wanted(fields, "message");
  expect.elapsed = wanted_duration(fields, "elapsed");
  expect.stages = read_stages(fields);
  if (fields.has("order")) expect.order = OrderWanted{fields.place_of("order"), fields.texts("order")};
  expect.operations = read_list(fields, "operations", shapes::operation);
  expect.calls = read_list(fields, "calls", shapes::call);
  expect.children = read_children(fields);
  expect.children_place = fields.place_of("children");
  expect.things = read_things(fields);
  if (expect.refused && given.members.size() > 1)
    fields.refuse("refused", "a start that is refused leaves nothing else to expect");
  return expect;
}

}  // namespace gennaker::rehearsal
