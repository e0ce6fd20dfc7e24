#include "configs.h"

#include <string>

#include "base/json.h"

namespace gennaker::simulation {

json::array list_of(std::string_view one) {
  return json::array{json::value(one)};
}

json::object stage(std::string_view type, json::object fields) {
  json::object stage{{"type", type}};
  base::merge_into(stage, fields);
  return stage;
}

json::array in_order(std::vector<json::object> stages) {
  json::array chain;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    stages[i]["refId"] = std::to_string(i + 1);
    stages[i]["requisiteStageRefIds"] = i == 0 ? json::array{} : list_of(std::to_string(i));
    chain.push_back(std::move(stages[i]));
  }
  return chain;
}

}  // namespace gennaker::simulation
