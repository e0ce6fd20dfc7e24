#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "store/store.h"

namespace gennaker::triggers {

namespace json = boost::json;

struct PipelineTriggersParts {
  store::Store& store;
  pipelines::Configurations& configurations;
  pipelines::Starter& starter;
  const base::Clock& clock;
  base::asio::any_io_executor executor;  ///< one thread or a strand: everything happens there
};

/// Triggers of type `pipeline`: when an execution has ended, the pipelines start that wait for it with that
/// status, each once for each ending. See README.md. Threads: on_end from any; the rest on the executor.
class PipelineTriggers {
 public:
  explicit PipelineTriggers(PipelineTriggersParts parts);

  /// To be told of every execution that has come to rest. A start that is refused is logged; one that fails
  /// because the store does not answer is tried again until it does.
  void on_end(const model::Execution& execution);
  /// After a start of the server, or when it has taken over from another: looks at what ended last, so that
  /// an ending whose followers were not yet started is not lost.
  base::Async<void> recover();

 private:
  struct Follower {
    std::string config_id;
    json::object trigger;
  };
  using Followers = std::multimap<std::string, Follower>;

  base::Async<void> look_back();
  base::Async<void> fire(std::string execution_id, std::string config_id);
  base::Async<void> start_followers(std::string execution_id, std::string config_id);
  base::Async<void> start(std::shared_ptr<const model::Execution> ended, Follower follower);
  base::Async<std::vector<Follower>> followers_of(std::string config_id);

  PipelineTriggersParts parts_;
  /// By the configuration that is followed; made anew when configurations have changed.
  Followers followers_;
  std::uint64_t read_at_revision_ = 0;
  bool read_ = false;
};

}  // namespace gennaker::triggers
