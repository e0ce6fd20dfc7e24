#include "pipelines/parameters.h"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::pipelines {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& message) {
  throw base::Error(base::Kind::invalid, message, {{"field", "parameters." + name}});
}

void check_options(const json::object& declared, const std::string& name, const json::value& value) {
  const auto* options = base::find_array(declared, "options");
  if (!base::bool_or(declared, "hasOptions", false) || options == nullptr || options->empty()) return;
  const std::string given = base::plain_text(value);
  std::string allowed;
  for (const auto& option : *options) {
    const std::string text = option.is_object() ? base::plain_text(option.get_object().contains("value")
                                                                       ? option.get_object().at("value")
                                                                       : json::value(""))
                                                : base::plain_text(option);
    if (text == given) return;
    allowed += (allowed.empty() ? "" : ", ") + text;
  }
  refuse(name, fmt::format("parameter {}: '{}' is not one of its options: {}", name, given, allowed));
}

}  // namespace

json::object resolve_parameters(const json::object& config, const json::object& given, StartedBy by) {
  json::object resolved = given;
  const auto* declarations = base::find_array(config, "parameterConfig");
  if (declarations == nullptr) return resolved;
  for (const auto& declaration : *declarations) {
    const auto* declared = declaration.if_object();
    if (declared == nullptr) continue;
    const std::string name = base::string_or(*declared, "name", "");
    if (name.empty()) continue;
    if (!resolved.contains(name)) {
      const auto* fallback = declared->if_contains("default");
      const bool has_default = fallback != nullptr && !fallback->is_null();
      if (!has_default && by == StartedBy::somebody && base::bool_or(*declared, "required", false)) {
        refuse(name, fmt::format("Required parameter {} is missing", name));
      }
      if (fallback != nullptr) resolved[name] = *fallback;
    } else if (by == StartedBy::somebody) {
      check_options(*declared, name, resolved[name]);
    }
  }
  return resolved;
}

}  // namespace gennaker::pipelines
