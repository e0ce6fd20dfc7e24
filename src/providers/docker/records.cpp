#include "providers/docker/records.h"

#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "providers/docker/labels.h"

namespace gennaker::providers::docker {
namespace {

std::string label(const engine::ContainerSummary& container, std::string_view name) {
  const auto found = container.labels.find(std::string(name));
  return found == container.labels.end() ? "" : found->second;
}

/// 0: it is no record.
std::uint64_t revision_of(const engine::ContainerSummary& container) {
  const std::string text = label(container, revision_label);
  std::uint64_t revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  return error == std::errc() && end == text.data() + text.size() ? revision : 0;
}

Group group_in(const engine::ContainerSummary& container) {
  const json::object document = base::parse_json_object(label(container, record_label), "the record");
  Group group = group_of(document);
  const std::string labelled = label(container, group_label);
  if (group.name != labelled) {
    throw base::Error(base::Kind::internal,
                      fmt::format("the record of '{}' says that it is '{}'", labelled, group.name));
  }
  group.revision = revision_of(container);
  return group;
}

void take(std::map<std::string, FoundGroup>& groups, const std::string& host,
          const engine::ContainerSummary& container) {
  const std::string name = label(container, group_label);
  const auto known = groups.find(name);
  const std::uint64_t revision = revision_of(container);
  if (known != groups.end() && known->second.group.revision == revision) {
    known->second.hosts.push_back(host);
    return;
  }
  if (known != groups.end() && known->second.group.revision > revision) return;
  groups[name] = {.group = group_in(container), .hosts = {host}};
}

}  // namespace

std::map<std::string, FoundGroup> read_records(const std::vector<HostContainers>& hosts,
                                               std::vector<std::string>& complaints) {
  std::map<std::string, FoundGroup> groups;
  for (const HostContainers& host : hosts) {
    for (const engine::ContainerSummary& container : host.containers) {
      if (revision_of(container) == 0) continue;
      try {
        take(groups, host.host, container);
      } catch (const base::Error& error) {
        complaints.push_back(fmt::format("host '{}': {}", host.host, error.what()));
      }
    }
  }
  return groups;
}

std::vector<std::string> outdated_records(const std::vector<engine::ContainerSummary>& containers,
                                          const std::string& group, std::uint64_t revision) {
  std::vector<std::string> outdated;
  for (const engine::ContainerSummary& container : containers) {
    const std::uint64_t its = revision_of(container);
    if (its == 0 || its >= revision || label(container, group_label) != group) continue;
    outdated.push_back(container.id);
  }
  return outdated;
}

engine::ContainerSpec record_spec(const std::string& account, const Group& group) {
  engine::ContainerSpec spec;
  spec.image = group.image_id;
  // Podman wants one where the image has none, although it never runs.
  spec.command = {"record"};
  spec.network = "none";
  spec.labels = {{std::string(account_label), account},
                 {std::string(group_label), group.name},
                 {std::string(revision_label), std::to_string(group.revision)},
                 {std::string(record_label), base::to_text(to_json(group))}};
  return spec;
}

}  // namespace gennaker::providers::docker
