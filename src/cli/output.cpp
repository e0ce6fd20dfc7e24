#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/json.h"
#include "cli/commands.h"

namespace gennaker::cli {

base::Error usage_error(const std::string& message) {
  return {base::Kind::invalid, message, {{"usage", true}}};
}

void say(const Context& context, const std::string& line) {
  if (!context.quiet && context.format == Format::table) context.out() << line << '\n' << std::flush;
}

void print_json(const Context& context, const json::value& value) {
  auto text = base::to_pretty_text(value);
  if (!text.ends_with('\n')) text += '\n';
  context.out() << text << std::flush;
}

void print_list(const Context& context, const json::array& list, const Table& table,
                const std::vector<std::string>& names) {
  if (context.quiet) {
    for (const auto& name : names) context.out() << printable(name) << '\n';
  } else if (context.format == Format::json) {
    print_json(context, list);
  } else {
    context.out() << table.text(context.colours);
  }
}

json::object read_object(const Context& context, const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(context.around.in), {});
  } else {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw usage_error(fmt::format("cannot read the file '{}'", file));
    text.assign(std::istreambuf_iterator<char>(stream), {});
    if (stream.bad()) throw usage_error(fmt::format("cannot read the file '{}'", file));
  }
  try {
    return base::parse_json_object(text, file == "-" ? "standard input" : fmt::format("the file '{}'", file));
  } catch (const base::Error& error) {
    throw usage_error(error.what());
  }
}

std::string page_url(const Context& context, const std::string& application,
                     const std::string& execution_id) {
  return context.gate.shown_url(path({"/ui/applications/", application, "/executions/", execution_id}));
}

}  // namespace gennaker::cli
