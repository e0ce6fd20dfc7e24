#include "model/stage_index.h"

namespace gennaker::model {
namespace {

template <class Map>
const Stage* find(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

template <class Lists>
const std::vector<const Stage*>& find_list(const Lists& lists, typename Lists::key_type key) {
  static const std::vector<const Stage*> none;
  const auto found = lists.find(key);
  return found == lists.end() ? none : found->second;
}

}  // namespace

StageIndex::StageIndex(const Execution& execution) {
  by_id_.reserve(execution.stages.size());
  by_ref_.reserve(execution.stages.size());
  for (const Stage& stage : execution.stages) {
    by_id_.emplace(stage.id, &stage);
    by_ref_.emplace(stage.ref_id, &stage);
    if (stage.synthetic()) children_[stage.parent_id].push_back(&stage);
    for (const std::string& required : stage.requisites) {
      auto& followers = followers_[required];
      if (followers.empty() || followers.back() != &stage) followers.push_back(&stage);
    }
  }
  for (const Stage& stage : execution.stages) {
    for (const std::string& ref_id : stage.requisites) {
      if (const Stage* required = by_ref(ref_id)) requisites_[&stage].push_back(required);
    }
  }
}

const Stage* StageIndex::by_id(std::string_view id) const {
  return find(by_id_, id);
}

const Stage* StageIndex::by_ref(std::string_view ref_id) const {
  return find(by_ref_, ref_id);
}

const std::vector<const Stage*>& StageIndex::requisites_of(const Stage& stage) const {
  return find_list(requisites_, &stage);
}

const std::vector<const Stage*>& StageIndex::followers_of(std::string_view ref_id) const {
  return find_list(followers_, ref_id);
}

const std::vector<const Stage*>& StageIndex::children_of(std::string_view id) const {
  return find_list(children_, id);
}

}  // namespace gennaker::model
