#pragma once

#include <vector>

#include "faults.h"
#include "random_pipelines.h"

namespace gennaker::simulation {

/// What a company has before its year begins: clouds, an application, pipelines. Drawn from a seed.
struct Company {
  rehearsal::AccountState account;
  json::object application;
  std::vector<json::object> pipelines;  ///< what is saved
  std::vector<std::string> started;     ///< ids of those that people start
};

Company found_company(std::uint64_t seed, Variety variety = Variety::usual);

}  // namespace gennaker::simulation
