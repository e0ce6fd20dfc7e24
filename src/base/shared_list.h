#pragma once

#include <boost/iterator/indirect_iterator.hpp>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace gennaker::base {

/// A list whose copies share its elements: a copy costs a pointer an element, and what one of them changes
/// the others do not see. Threads: as a vector's; copies may live on different threads.
template <class T>
class SharedList {
  using Items = std::vector<std::shared_ptr<const T>>;

 public:
  using value_type = T;
  using const_iterator = boost::indirect_iterator<typename Items::const_iterator>;
  using iterator = const_iterator;

  SharedList() = default;
  SharedList(std::initializer_list<T> items) {
    for (const T& item : items) push_back(item);
  }

  const_iterator begin() const { return const_iterator(items_.begin()); }
  const_iterator end() const { return const_iterator(items_.end()); }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const T& operator[](std::size_t position) const { return *items_[position]; }
  const T& at(std::size_t position) const { return *items_.at(position); }
  const T& back() const { return *items_.back(); }

  void push_back(T item) { items_.push_back(std::make_shared<const T>(std::move(item))); }
  /// A copy of the element takes its place, to be changed before anything else is done with the list.
  T& edit(std::size_t position) {
    auto copy = std::make_shared<T>(*items_[position]);
    items_[position] = copy;
    return *copy;
  }
  template <class Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(items_, [&](const std::shared_ptr<const T>& item) { return predicate(*item); });
  }

 private:
  Items items_;
};

}  // namespace gennaker::base
