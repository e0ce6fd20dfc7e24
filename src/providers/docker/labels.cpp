#include "providers/docker/labels.h"

#include <fmt/format.h>

namespace gennaker::providers::docker {
namespace {

std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    switch (c) {
      case '.':
        text += "_d";
        break;
      case '_':
        text += "__";
        break;
      case '^':
        text += "_c";
        break;
      case '~':
        text += "_t";
        break;
      default:
        text += c;
    }
  }
  return text;
}

}  // namespace

std::string instance_container(std::string_view account, std::string_view group, int index) {
  return fmt::format("{}.{}.{}", escaped(account), escaped(group), index);
}

std::string record_container(std::string_view account, std::string_view group, std::uint64_t revision) {
  return fmt::format("{}.{}.record.{}", escaped(account), escaped(group), revision);
}

std::string job_container(std::string_view account, std::string_view id) {
  return fmt::format("{}.job.{}", escaped(account), escaped(id));
}

std::string labelled(std::string_view label, std::string_view value) {
  return fmt::format("{}={}", label, value);
}

}  // namespace gennaker::providers::docker
