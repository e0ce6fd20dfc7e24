#include "pipelines/validation.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::pipelines {
namespace {

[[noreturn]] void refuse(std::size_t position, std::string_view field, const std::string& why) {
  const std::string path = fmt::format("stages[{}].{}", position, field);
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", path, why), {{"field", path}});
}

std::string ref_id_of(const json::object& stage) {
  const auto* ref_id = stage.if_contains("refId");
  return ref_id == nullptr || ref_id->is_null() ? "" : base::plain_text(*ref_id);
}

struct Node {
  std::size_t position;
  std::vector<std::string> requisites;
  enum class Mark { unseen, open, closed } mark = Node::Mark::unseen;
};
using Graph = std::map<std::string, Node, std::less<>>;

Graph read_graph(const json::array& stages) {
  Graph graph;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const json::object& stage = stages[i].get_object();
    const std::string ref_id = ref_id_of(stage);
    if (ref_id.empty()) refuse(i, "refId", "is missing; give every stage one, or none of them");
    const auto [found, added] =
        graph.emplace(ref_id, Node{i, base::string_list(stage, "requisiteStageRefIds")});
    if (!added)
      refuse(i, "refId", fmt::format("'{}' is also the refId of stages[{}]", ref_id, found->second.position));
  }
  return graph;
}

/// Walks against the arrows with a stack of its own: 5,000 stages in a row must not exhaust the thread's.
void find_cycle(Graph& graph, const std::string& start) {
  struct Frame {
    std::string ref_id;
    std::size_t next = 0;
  };
  std::vector<Frame> path{{start}};
  graph.find(start)->second.mark = Node::Mark::open;
  while (!path.empty()) {
    Frame& frame = path.back();
    Node& node = graph.find(frame.ref_id)->second;
    if (frame.next == node.requisites.size()) {
      node.mark = Node::Mark::closed;
      path.pop_back();
      continue;
    }
    const std::string required = node.requisites[frame.next++];
    Node& other = graph.find(required)->second;
    if (other.mark == Node::Mark::open) {
      refuse(node.position, "requisiteStageRefIds",
             fmt::format("stage '{}' and stage '{}' wait for each other: the graph has a cycle", frame.ref_id,
                         required));
    }
    if (other.mark == Node::Mark::closed) continue;
    other.mark = Node::Mark::open;
    path.push_back({required});
  }
}

}  // namespace

void check_graph(const json::object& config) {
  const auto* member = config.if_contains("stages");
  if (member == nullptr || member->is_null()) return;
  if (!member->is_array())
    throw base::Error(base::Kind::invalid, "stages: must be a list", {{"field", "stages"}});
  const json::array& stages = member->get_array();
  if (stages.size() > most_stages) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("stages: {} are too many; the limit is {}", stages.size(), most_stages),
                      {{"field", "stages"}});
  }
  bool any_ref = false;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto* stage = stages[i].if_object();
    if (stage == nullptr) {
      throw base::Error(base::Kind::invalid, fmt::format("stages[{}]: must be an object", i),
                        {{"field", fmt::format("stages[{}]", i)}});
    }
    if (base::string_or(*stage, "type", "").empty()) refuse(i, "type", "is missing");
    any_ref |= !ref_id_of(*stage).empty();
  }
  if (!any_ref) return;  // run one after another

  Graph graph = read_graph(stages);
  for (const auto& [ref_id, node] : graph) {
    for (const std::string& required : node.requisites) {
      if (required == ref_id)
        refuse(node.position, "requisiteStageRefIds", fmt::format("stage '{}' waits for itself", ref_id));
      if (!graph.contains(required)) {
        refuse(node.position, "requisiteStageRefIds",
               fmt::format("there is no stage with refId '{}'", required));
      }
    }
  }
  for (const auto& [ref_id, node] : graph) {
    if (node.mark == Node::Mark::unseen) find_cycle(graph, ref_id);
  }
}

bool knows_type_of(const json::object& stage, const engine::StageCatalog& catalog) {
  return catalog.find(base::string_or(stage, "type", "")) != nullptr ||
         catalog.find(base::string_or(stage, "alias", "")) != nullptr;
}

void check_types(const json::object& config, const engine::StageCatalog& catalog) {
  const auto* stages = base::find_array(config, "stages");
  if (stages == nullptr) return;
  for (std::size_t i = 0; i < stages->size(); ++i) {
    const json::object& stage = (*stages)[i].get_object();
    if (knows_type_of(stage, catalog)) continue;
    const std::string type = base::string_or(stage, "type", "");
    refuse(i, "type", fmt::format("stage '{}': type '{}' is unknown to this server", ref_id_of(stage), type));
  }
}

}  // namespace gennaker::pipelines
