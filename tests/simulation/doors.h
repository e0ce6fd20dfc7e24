#pragma once

#include <functional>
#include <string>
#include <vector>

#include "clusters/simulated_cloud.h"
#include "courier.h"
#include "faults.h"
#include "net/client.h"
#include "testing/shared_memory.h"
#include "web.h"

/// How a server process reaches what survives it: the store, the clouds, the web. Calls take time, fail, and
/// are cut off when the process crashes.
namespace gennaker::simulation {

/// What the doors share: who carries the calls, and what goes wrong.
struct Roads {
  Courier& courier;
  base::VirtualClock& clock;
  Calendar& calendar;
  Dice& dice;
  const Faults& faults;
  Tally& tally;

  /// Throws dice for `what`, and counts it.
  bool happens(double chance, std::string_view what) const {
    if (!dice.happens(chance)) return false;
    tally.note(what);
    return true;
  }
};

/// The store as it is, and who hears of what took effect in it.
struct Vault {
  gennaker::testing::SharedMemory store;
  boost::asio::io_context io{1};
  std::function<void(const store::Changes&)> committed;
};

class StoreDoor final : public store::Store {
 public:
  /// `lease`: 0 for a server that is alone with its store.
  StoreDoor(Vault& vault, Roads roads, store::Lease lease) : vault_(vault), roads_(roads), lease_(lease) {}

  Async<void> commit(store::Changes changes) override;
  Async<std::optional<model::Execution>> execution(std::string id) override;
  Async<std::vector<model::Execution>> executions(store::ExecutionQuery query, model::Detail detail) override;
  Async<std::vector<std::string>> unfinished_executions() override;
  Async<std::optional<store::Document>> document(std::string kind, std::string id) override;
  Async<std::vector<store::Document>> documents(std::string kind, std::optional<std::string> scope) override;
  Async<std::vector<store::Document>> history(std::string kind, std::string id, std::size_t limit) override;
  Async<std::vector<store::FeedEntry>> feed(std::uint64_t after, std::size_t limit) override;
  Async<FeedRange> feed_range() override;
  /// Nobody follows it in a server process without streams.
  void on_feed(std::function<void(const std::vector<store::FeedEntry>&)>) override {}

  store::Lease lease() const override { return lease_; }
  Async<std::optional<store::Lease>> lease_on(std::string execution_id) override;
  void watch(store::Watcher watcher) override { watcher_ = std::move(watcher); }
  Async<std::vector<store::Command>> commands() override;
  Async<std::vector<std::string>> starting(std::string pipeline_config_id) override;
  Async<std::vector<store::Answer>> answers(std::vector<std::string> command_ids) override;
  Async<std::string> holder(std::string name) override;
  Async<std::vector<store::Claim>> claims(std::string prefix) override;

  // What a store's own thread would see or do.

  /// Commands or answers were stored, by whomever.
  void mail();
  void inherit(std::vector<std::string> execution_ids);
  /// Looks whether the lease still holds; if not, the server comes anew.
  void check_lease();
  void on_lost(std::function<void()> listener) { on_lost_ = std::move(listener); }
  void cut_off(bool is_cut_off);
  bool is_cut_off() const { return cut_off_; }

  /// When a call last failed, by VirtualClock::passed(): whoever made it may be about to try again.
  base::TimePoint last_failure() const { return last_failure_; }

 private:
  template <class T, class Question>
  Async<T> read(Question question);
  std::chrono::milliseconds some_time();
  int take(const store::Changes& changes);

  Vault& vault_;
  Roads roads_;
  store::Lease lease_;
  store::Watcher watcher_;
  std::function<void()> on_lost_;
  bool cut_off_ = false;
  base::TimePoint last_failure_{};
};

/// Who hears of an operation before and after it reached the cloud.
struct CloudWatcher {
  std::function<void()> before;
  std::function<void(const model::Operation&)> after;
};

class CloudDoor final : public clusters::CloudProvider {
 public:
  CloudDoor(clusters::SimulatedCloud& cloud, const CloudWatcher& watcher, Roads roads)
      : cloud_(cloud), watcher_(watcher), roads_(roads) {}

  std::string_view name() const override { return cloud_.name(); }
  std::vector<model::Account> accounts() const override { return cloud_.accounts(); }
  model::Capabilities capabilities() const override { return cloud_.capabilities(); }
  Async<void> start() override { co_return; }
  Async<void> stop() override { co_return; }
  Async<clusters::Snapshot> watch(std::string account, std::uint64_t known) override;
  Async<json::object> perform(model::Operation operation) override;
  Async<std::string> console_output(std::string account, std::string instance_id) override;

  /// Wakes those who watch, if there is news.
  void look();

 private:
  json::object arrive(const model::Operation& operation, clusters::SimulatedCloud::HowFar how_far) const;

  clusters::SimulatedCloud& cloud_;
  const CloudWatcher& watcher_;
  Roads roads_;
  std::uint64_t seen_ = 0;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;
};

class WebDoor final : public net::HttpClient {
 public:
  WebDoor(Web& web, Roads roads) : web_(web), roads_(roads) {}
  Async<net::ClientResponse> send(net::ClientRequest request) override;

 private:
  Web& web_;
  Roads roads_;
};

}  // namespace gennaker::simulation
