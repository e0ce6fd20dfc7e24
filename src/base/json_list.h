#pragma once

#include <string>
#include <vector>

namespace gennaker::base {

/// Appends a JSON list, of which `append(out, item)` writes each item's text.
template <class Item, class Append>
void append_list(std::string& out, const std::vector<Item>& items, Append append) {
  out += '[';
  for (const Item& item : items) {
    if (&item != items.data()) out += ',';
    append(out, item);
  }
  out += ']';
}

}  // namespace gennaker::base
