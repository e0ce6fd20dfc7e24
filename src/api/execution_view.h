#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace gennaker::api {

namespace json = boost::json;
using base::Async;

/// An execution as clients see it: its trigger's parent is joined in, which is stored by reference.
Async<std::optional<json::object>> execution_view(store::Store& store, std::string id);

/// The same for those that were read already: the text of a list. `outline`: stages and parents' stages
/// without their contents.
Async<std::string> execution_list(store::Store& store, std::vector<model::Execution> executions,
                                  model::Detail detail);

}  // namespace gennaker::api
