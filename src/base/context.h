#pragma once

#include <boost/asio/io_context.hpp>

namespace gennaker::base {

/// An io_context whose end has two steps. What waits in it may hold executors of other contexts, which wait
/// for it in turn: so all of them let go of what waits before the first is destroyed.
class Context : public boost::asio::io_context {
 public:
  using io_context::io_context;

  /// Destroys what waits, and has not ended. Nothing may run it any more, and no other thread may post to it.
  void let_go() { shutdown(); }
};

}  // namespace gennaker::base
