#include <cstdio>
#include <exception>
#include <string_view>

#include "server/options.h"

int main(int argc, char** argv) {
  using namespace gennaker;
  try {
    server::Options options;
    for (int i = 1; i + 1 < argc; ++i) {
      if (std::string_view(argv[i]) == "--data") options.data = argv[i + 1];
      if (std::string_view(argv[i]) == "--port")
        options.port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    }
    return server::serve(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gennaker: %s\n", error.what());
    return 1;
  }
}
