# Puts files into the binary, to be read through base/resources.h: the built page (ui/dist, when it is there)
# and the schema.json of each stage, provider, trigger and channel. They are bytes that the assembler includes
# as they are (.incbin), with a table of their names.

enable_language(ASM)

function(gennaker_resources target)
  set(page ${PROJECT_SOURCE_DIR}/ui/dist)
  file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${page}/*)
  file(GLOB schemas CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/src/stages/*/schema.json ${PROJECT_SOURCE_DIR}/src/providers/*/schema.json
       ${PROJECT_SOURCE_DIR}/src/triggers/*/schema.json ${PROJECT_SOURCE_DIR}/src/notifications/*/schema.json)
  set(names)
  foreach(file ${page_files})
    file(RELATIVE_PATH name ${page} ${file})
    list(APPEND names "ui/${name}")
  endforeach()
  foreach(file ${schemas})
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/src ${file})
    list(APPEND names ${name})
  endforeach()
  # By path, which the look-up relies on.
  list(SORT names)

  set(assembly "  .section .note.GNU-stack,\"\",@progbits\n  .section .rodata\n")
  set(declarations "")
  set(rows "")
  set(number 0)
  foreach(name ${names})
    string(REGEX REPLACE "^ui/" "ui/dist/" file ${name})
    if(NOT name MATCHES "^ui/")
      set(file src/${name})
    endif()
    set(symbol gennaker_resource_${number})
    string(APPEND assembly "  .global ${symbol}, ${symbol}_end\n${symbol}:\n"
                           "  .incbin \"${PROJECT_SOURCE_DIR}/${file}\"\n${symbol}_end:\n  .byte 0\n")
    string(APPEND declarations "extern const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", std::string_view(${symbol}, ${symbol}_end - ${symbol})},\n")
    math(EXPR number "${number} + 1")
  endforeach()

  set(folder ${CMAKE_BINARY_DIR}/resources)
  # file(CONFIGURE) leaves a file alone whose content is the same.
  file(CONFIGURE OUTPUT ${folder}/bytes.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${folder}/table.cpp @ONLY CONTENT "// Made by cmake/resources.cmake.
#include <vector>

#include \"base/resources.h\"

extern \"C\" {
${declarations}}

namespace gennaker::base {

std::span<const Resource> resources() {
  static const std::vector<Resource> table{
${rows}  };
  return table;
}

}  // namespace gennaker::base
")
  target_sources(${target} PRIVATE ${folder}/bytes.S ${folder}/table.cpp)
  set_source_files_properties(${folder}/bytes.S PROPERTIES OBJECT_DEPENDS "${page_files};${schemas}"
                              COMPILE_OPTIONS "" SKIP_PRECOMPILE_HEADERS ON)
  set_source_files_properties(${folder}/table.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
