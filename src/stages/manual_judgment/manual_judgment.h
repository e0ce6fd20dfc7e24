#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `manualJudgment` stage: see README.md.
/// The roles of a user; nullopt: this server does not ask who may judge.
using RolesOf = std::function<std::optional<std::vector<std::string>>(const std::string& user)>;

void add_manual_judgment(runner::Catalogs& catalogs, RolesOf roles_of = {});

}  // namespace gennaker::stages
