#include "expressions/failure.h"

#include <array>
#include <utility>

namespace gennaker::expressions {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 27> packages{{
    {"SpelEvaluationException", "org.springframework.expression.spel"},
    {"SpelParseException", "org.springframework.expression.spel"},
    {"TemplateParseException", "org.springframework.expression"},
    {"ConverterNotFoundException", "org.springframework.core.convert"},
    {"SpelHelperFunctionException", "com.netflix.spinnaker.kork.expressions"},
    {"PatternSyntaxException", "java.util.regex"},
    {"ParseException", "java.text"},
    {"IllegalFormatConversionException", "java.util"},
    {"MissingFormatArgumentException", "java.util"},
    {"UnknownFormatConversionException", "java.util"},
    {"IllegalFormatPrecisionException", "java.util"},
    {"IllegalFormatFlagsException", "java.util"},
    {"MissingFormatWidthException", "java.util"},
    {"DuplicateFormatFlagsException", "java.util"},
    {"FormatFlagsConversionMismatchException", "java.util"},
    {"IllegalFormatCodePointException", "java.util"},
    {"UnsupportedEncodingException", "java.io"},
    {"IOException", "java.io"},
    {"DateTimeException", "java.time"},
    {"DateTimeParseException", "java.time.format"},
    {"UnsupportedTemporalTypeException", "java.time.temporal"},
    {"MismatchedInputException", "com.fasterxml.jackson.databind.exc"},
    {"JsonParseException", "com.fasterxml.jackson.core"},
    {"JsonEOFException", "com.fasterxml.jackson.core.io"},
    {"ParserException", "org.yaml.snakeyaml.parser"},
    {"ScannerException", "org.yaml.snakeyaml.scanner"},
    {"YAMLException", "org.yaml.snakeyaml.error"},
}};

}  // namespace

Failure Failure::within(std::string_view code) const {
  std::string_view message = what();
  if (!code_.empty() && message.starts_with(code_ + ": ")) message.remove_prefix(code_.size() + 2);
  Failure outer(kind_, code, std::string(code) + ": " + std::string(message));
  outer.position_ = position_;
  return outer;
}

std::string Failure::java_class() const {
  for (const auto& [kind, package] : packages) {
    if (kind != kind_) continue;
    // Two packages have an exception of this name.
    const bool of_template = kind == "TemplateParseException";
    return std::string(package) + "." + (of_template ? "ParseException" : kind_);
  }
  return "java.lang." + kind_;
}

Failure spel(std::string_view code, const std::string& message) {
  return {"SpelEvaluationException", code, std::string(code) + ": " + message};
}

Failure syntax(std::string_view code, const std::string& message, std::size_t position) {
  Failure failure("SpelParseException", code, std::string(code) + ": " + message);
  failure.set_position(position);
  return failure;
}

Failure java(std::string_view kind, const std::string& message) {
  return {kind, "", message};
}

Failure refused_by_function(const std::string& message) {
  return {"SpelHelperFunctionException", "", message};
}

}  // namespace gennaker::expressions
