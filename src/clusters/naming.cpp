#include "clusters/naming.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/error.h"

namespace gennaker::clusters {
namespace {

constexpr int sequences = 1000;

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool in_app(char c) {
  return letter_or_digit(c) || c == '.' || c == '_';
}
bool in_detail(char c) {
  return in_app(c) || c == '-' || c == '^' || c == '~';
}

template <class Allowed>
bool all(std::string_view text, Allowed allowed) {
  return std::all_of(text.begin(), text.end(), allowed);
}

/// Takes "-vNNN" (3 to 6 digits) off the end of `name`.
std::optional<int> take_sequence(std::string_view& name) {
  std::size_t digits = 0;
  while (digits < name.size() && std::isdigit(static_cast<unsigned char>(name[name.size() - 1 - digits])))
    ++digits;
  if (digits < 3 || digits > 6 || name.size() < digits + 2) return std::nullopt;
  const std::size_t mark = name.size() - digits - 2;
  if (name.substr(mark, 2) != "-v") return std::nullopt;
  const int sequence = std::stoi(std::string(name.substr(mark + 2)));
  name = name.substr(0, mark);
  return sequence;
}

std::string_view longest_part(const model::Moniker& moniker) {
  const auto most = std::max({moniker.app.size(), moniker.stack.size(), moniker.detail.size()});
  if (moniker.app.size() == most) return "application";
  return moniker.stack.size() == most ? "stack" : "freeFormDetails";
}

}  // namespace

std::string cluster_name(const model::Moniker& moniker) {
  if (!moniker.detail.empty()) return fmt::format("{}-{}-{}", moniker.app, moniker.stack, moniker.detail);
  if (!moniker.stack.empty()) return fmt::format("{}-{}", moniker.app, moniker.stack);
  return moniker.app;
}

std::string server_group_name(std::string_view cluster, int sequence) {
  return fmt::format("{}-v{:03d}", cluster, sequence);
}

model::Moniker parse_name(std::string_view name) {
  model::Moniker moniker;
  moniker.sequence = take_sequence(name);
  moniker.cluster = name;
  const auto first = name.find('-');
  moniker.app = name.substr(0, first);
  if (first != std::string_view::npos) {
    const std::string_view rest = name.substr(first + 1);
    const auto second = rest.find('-');
    moniker.stack = rest.substr(0, second);
    if (second != std::string_view::npos) moniker.detail = rest.substr(second + 1);
  }
  if (moniker.app.empty() || refuse_moniker(moniker)) return {};
  return moniker;
}

std::optional<std::string> refuse_moniker(const model::Moniker& moniker, std::size_t longest) {
  if (moniker.app.empty()) return "application: a name is needed";
  if (!all(moniker.app, in_app)) {
    return fmt::format("application: '{}' may hold letters, digits, '.' and '_' only", moniker.app);
  }
  if (!all(moniker.stack, in_app)) {
    return fmt::format("stack: '{}' may hold letters, digits, '.' and '_' only", moniker.stack);
  }
  if (!all(moniker.detail, in_detail)) {
    return fmt::format("freeFormDetails: '{}' may hold letters, digits and '._-^~' only", moniker.detail);
  }
  const std::size_t length = cluster_name(moniker).size();
  if (length > longest) {
    return fmt::format("{}: it makes the cluster's name {} characters long; {} is the most",
                       longest_part(moniker), length, longest);
  }
  return std::nullopt;
}

std::optional<int> next_sequence(const std::vector<TakenName>& taken) {
  if (taken.empty()) return 0;
  std::set<int> used;
  for (const TakenName& name : taken) used.insert(name.sequence);
  // The newest, not the largest: after 999 follows 000.
  const auto newest = std::max_element(
      taken.begin(), taken.end(),
      [](const TakenName& a, const TakenName& b) { return a.created_time < b.created_time; });
  int candidate = (std::max(newest->sequence, 0) + 1) % sequences;
  for (int tries = 0; tries < sequences; ++tries, candidate = (candidate + 1) % sequences) {
    if (!used.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

Successor next_server_group(const std::string& cluster, const std::vector<Sibling>& siblings,
                            base::TimePoint now) {
  Successor next;
  std::vector<TakenName> taken;
  base::TimePoint newest{};
  for (const Sibling& sibling : siblings) {
    taken.push_back(sibling.taken);
    if (sibling.gone || sibling.taken.created_time < newest) continue;
    newest = sibling.taken.created_time;
    next.ancestor = sibling.name;
  }
  next.created_time = std::max(now, newest + std::chrono::milliseconds(taken.empty() ? 0 : 1));
  const auto sequence = next_sequence(taken);
  if (!sequence)
    throw base::Error(base::Kind::conflict, fmt::format("all names of cluster '{}' are taken", cluster));
  next.sequence = *sequence;
  next.name = server_group_name(cluster, *sequence);
  return next;
}

}  // namespace gennaker::clusters
