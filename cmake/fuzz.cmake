# The programs of tests/fuzz, built with clang, whose libFuzzer drives them. Only the pure rooms are in them, and of
# `base` what those lean on: clang 14 and GCC 12's <coroutine> do not understand each other.

find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

# Optimised, so that a second holds many runs; -g1 keeps the stacks readable.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -fno-omit-frame-pointer")
add_compile_options(-pthread -Wall -Wextra -Wno-missing-field-initializers
                    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
add_compile_definitions(BOOST_ALLOW_DEPRECATED_HEADERS)

file(GLOB rooms CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/base/*.cpp ${PROJECT_SOURCE_DIR}/src/model/*.cpp
     ${PROJECT_SOURCE_DIR}/src/expressions/*.cpp)
list(FILTER rooms EXCLUDE REGEX "(_test|/unix_socket|/resources)\\.cpp$")
add_library(fuzzed_rooms OBJECT ${rooms})
target_include_directories(fuzzed_rooms PUBLIC ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(fuzzed_rooms PUBLIC fmt::fmt spdlog::spdlog Boost::json OpenSSL::Crypto PkgConfig::RE2 yaml-cpp)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.cpp)
add_custom_target(fuzzers)
foreach(source ${sources})
  cmake_path(GET source STEM program)
  add_executable(${program} ${source})
  target_link_libraries(${program} PRIVATE fuzzed_rooms)
  target_link_options(${program} PRIVATE -fsanitize=fuzzer,address,undefined -pthread)
  add_dependencies(fuzzers ${program})
endforeach()
