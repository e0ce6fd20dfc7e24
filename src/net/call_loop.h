#pragma once

#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "net/call.h"

namespace gennaker::net {

/// The thread on which libcurl's multi interface carries out calls; it starts with the first one. All but
/// perform() can be called from any thread.
class CallLoop {
 public:
  ~CallLoop() { stop(); }

  /// Hands the call to the thread and waits for it. The call's `done` runs on the caller's executor.
  static Async<void> perform(std::shared_ptr<CallLoop> self, std::shared_ptr<Call> call);
  /// From here on the call is the thread's, which calls its `done`.
  void submit(std::shared_ptr<Call> call);
  /// It ends with `operation_aborted`, unless it has ended before.
  void cancel(std::shared_ptr<Call> call);
  /// One that waits for its caller goes on.
  void resume(std::shared_ptr<Call> call);
  /// Calls under way end with `unavailable`.
  void stop();

 private:
  void begin();
  void run();
  int poll_patience() const;
  bool take_orders();
  void add(std::shared_ptr<Call> call);
  void drop(Call& call);
  void go_on(Call& call);
  std::shared_ptr<Call> remove(Call& call);
  void collect();
  void conclude(Call& call, CURLcode code);

  std::mutex mutex_;
  std::deque<std::shared_ptr<Call>> added_, cancelled_, resumed_;  ///< guarded by mutex_
  bool stopping_ = false;                                          ///< guarded by mutex_
  CURLM* multi_ = nullptr;
  std::thread thread_;
  std::unordered_map<Call*, std::shared_ptr<Call>> active_;  ///< the thread's
};

}  // namespace gennaker::net
