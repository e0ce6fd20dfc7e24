#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "clusters/cloud_provider.h"
#include "runner/task.h"

namespace gennaker::clusters {

/// All clouds together: who carries an operation out, and what every account holds.
///
/// Threads: every function may be called from any thread, and those that wait resume on the caller's
/// executor, but for `add`, `on_change` and the destructor: those belong to one thread, before `start` and
/// when the executor no longer runs.
class Clouds final : public runner::Operator {
 public:
  /// `executor`: one thread or strand, on which all providers live.
  explicit Clouds(boost::asio::any_io_executor executor);
  ~Clouds() override;

  /// Throws base::Error `invalid` for an account that another provider has already.
  void add(std::unique_ptr<CloudProvider> provider);
  /// `listener` hears of every new revision, on the providers' executor, after `snapshot` shows it.
  void on_change(std::function<void(const std::string& account, std::uint64_t revision)> listener);

  /// Starts the providers and reads every account once; then follows them.
  Async<void> start();
  /// Ends following. What is deployed goes on.
  Async<void> stop();

  std::vector<model::Account> accounts() const;
  /// Throws base::Error `invalid`, naming the nearest account that exists.
  const model::Account& account(const std::string& name) const;
  /// Throws base::Error `invalid`, naming the provider, if the account's cloud cannot carry out operations of
  /// this kind; as account() for an unknown account.
  void expect_can(const std::string& account, std::string_view kind) const;

  /// What the account holds, at most as old as the provider's last message.
  /// Throws base::Error `invalid` (unknown account), `unavailable` (not read yet).
  std::shared_ptr<const Snapshot> snapshot(const std::string& account) const;
  /// Asks the provider: for a decision that must not stand on old news. Throws as CloudProvider::watch.
  Async<std::shared_ptr<const Snapshot>> fresh_snapshot(std::string account);

  /// See runner::Operator. The snapshot shows the effect when this returns: whoever acted reads what it did.
  Async<json::object> perform(model::Operation operation) override;
  /// See CloudProvider::bake_inputs. Throws as `perform`.
  Async<json::object> bake_inputs(model::Operation operation);
  Async<std::string> console_output(std::string account, std::string id);
  Async<std::string> job_file(std::string account, std::string job_id, std::string name);

 private:
  struct Home;
  struct Shelf;

  const Home& home_of(const std::string& account) const;

  boost::asio::any_io_executor executor_;
  std::vector<std::unique_ptr<CloudProvider>> providers_;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace gennaker::clusters
