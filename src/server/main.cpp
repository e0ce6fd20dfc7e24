#include <string_view>

#include "providers/local/shim.h"

int main(int argc, char** argv) {
  // First of all: a shim must stay small, and there is one for each instance.
  if (argc > 1 && std::string_view(argv[1]) == "shim")
    return gennaker::providers::local::run_shim(argc, argv);
  return 0;
}
