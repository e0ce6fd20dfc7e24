#include "doors.h"

#include <boost/asio/redirect_error.hpp>

#include "base/error.h"
#include "testing/run_async.h"

namespace gennaker::simulation {

namespace asio = boost::asio;
using base::Kind;
using std::chrono::milliseconds;
using HowFar = clusters::SimulatedCloud::HowFar;

namespace {

std::exception_ptr failure(Kind kind, const std::string& message, json::object details = {}) {
  return std::make_exception_ptr(base::Error(kind, message, std::move(details)));
}

}  // namespace

// ---- The store ----

milliseconds StoreDoor::some_time() {
  if (roads_.happens(roads_.faults.store_slow, "slow answers of the store"))
    return milliseconds(roads_.dice.below(20'000));
  return milliseconds(roads_.dice.below(3));
}

int StoreDoor::take(const store::Changes& changes) {
  if (cut_off_) throw base::Error(Kind::unavailable, "simulated: the store cannot be reached");
  vault_.store.commit(changes);
  vault_.committed(changes);
  return 0;
}

Async<void> StoreDoor::commit(store::Changes changes) {
  Travel travel{.there = some_time(), .back = some_time()};
  if (roads_.happens(roads_.faults.store_fails_before, "commits that failed")) {
    travel.lost_before = failure(Kind::unavailable, "simulated: the store did not take it");
  } else if (roads_.happens(roads_.faults.store_fails_after, "commits that took effect and seemed to fail")) {
    travel.lost_after = failure(Kind::unavailable, "simulated: the store took it and did not say so");
  }
  std::function<int()> effect = [this, changes = std::move(changes)] { return take(changes); };
  std::exception_ptr failed;
  bool lost = false;
  try {
    auto calling = roads_.courier.call(std::move(travel), std::move(effect));
    co_await std::move(calling);
  } catch (const store::LeaseLost&) {
    lost = true;
    failed = std::current_exception();
  } catch (...) {
    failed = std::current_exception();
  }
  if (lost) check_lease();
  if (!failed) co_return;
  last_failure_ = roads_.clock.passed();
  std::rethrow_exception(failed);
}

void StoreDoor::mail() {
  if (watcher_.mail && !cut_off_) watcher_.mail();
}

void StoreDoor::inherit(std::vector<std::string> execution_ids) {
  if (watcher_.inherited) watcher_.inherited(std::move(execution_ids));
  mail();
}

void StoreDoor::check_lease() {
  if (cut_off_ || vault_.store.is_there(lease_)) return;
  roads_.tally.note("leases that ran out");
  if (watcher_.lost) watcher_.lost(lease_);
  on_lost_();
  lease_ = vault_.store.join();
  inherit(vault_.store.unfinished(lease_));
}

void StoreDoor::cut_off(bool is_cut_off) {
  cut_off_ = is_cut_off;
  if (cut_off_) return;
  check_lease();
  mail();
}

template <class T, class Question>
Async<T> StoreDoor::read(Question question) {
  Travel travel{.there = some_time(), .back = some_time()};
  if (roads_.happens(roads_.faults.store_read_fails, "reads of the store that failed"))
    travel.lost_before = failure(Kind::unavailable, "simulated: the store did not answer");
  std::function<T()> effect = [this, question = std::move(question)] {
    if (cut_off_) throw base::Error(Kind::unavailable, "simulated: the store cannot be reached");
    if constexpr (std::is_same_v<std::invoke_result_t<Question, store::Store&>, T>) {
      return question(vault_.store.store());
    } else {
      Async<T> asking = question(vault_.store.store());
      return gennaker::testing::run_async(vault_.io, std::move(asking));
    }
  };
  std::exception_ptr failed;
  try {
    auto calling = roads_.courier.call(std::move(travel), std::move(effect));
    co_return co_await std::move(calling);
  } catch (...) {
    failed = std::current_exception();
  }
  last_failure_ = roads_.clock.passed();
  std::rethrow_exception(failed);
}

Async<std::optional<model::Execution>> StoreDoor::execution(std::string id) {
  auto question = [id](store::Store& store) { return store.execution(id); };
  auto reading = read<std::optional<model::Execution>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<model::Execution>> StoreDoor::executions(store::ExecutionQuery query,
                                                           model::Detail detail) {
  auto question = [query, detail](store::Store& store) { return store.executions(query, detail); };
  auto reading = read<std::vector<model::Execution>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<std::string>> StoreDoor::unfinished_executions() {
  auto question = [this](store::Store&) { return vault_.store.unfinished(lease_); };
  auto reading = read<std::vector<std::string>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::optional<store::Document>> StoreDoor::document(std::string kind, std::string id) {
  auto question = [kind, id](store::Store& store) { return store.document(kind, id); };
  auto reading = read<std::optional<store::Document>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::Document>> StoreDoor::documents(std::string kind, std::optional<std::string> scope) {
  auto question = [kind, scope](store::Store& store) { return store.documents(kind, scope); };
  auto reading = read<std::vector<store::Document>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::Document>> StoreDoor::history(std::string kind, std::string id, std::size_t limit) {
  auto question = [kind, id, limit](store::Store& store) { return store.history(kind, id, limit); };
  auto reading = read<std::vector<store::Document>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::FeedEntry>> StoreDoor::feed(std::uint64_t after, std::size_t limit) {
  auto question = [after, limit](store::Store& store) { return store.feed(after, limit); };
  auto reading = read<std::vector<store::FeedEntry>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<store::Store::FeedRange> StoreDoor::feed_range() {
  auto question = [](store::Store& store) { return store.feed_range(); };
  auto reading = read<FeedRange>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::optional<store::Lease>> StoreDoor::lease_on(std::string execution_id) {
  if (lease_ == 0) co_return lease_;
  auto question = [this, execution_id](store::Store&) { return vault_.store.lease_on(lease_, execution_id); };
  auto reading = read<std::optional<store::Lease>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::Command>> StoreDoor::commands() {
  auto question = [this](store::Store&) { return vault_.store.commands(lease_); };
  auto reading = read<std::vector<store::Command>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<std::string>> StoreDoor::starting(std::string pipeline_config_id) {
  auto question = [pipeline_config_id](store::Store& store) { return store.starting(pipeline_config_id); };
  auto reading = read<std::vector<std::string>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::Answer>> StoreDoor::answers(std::vector<std::string> command_ids) {
  auto question = [command_ids](store::Store& store) { return store.answers(command_ids); };
  auto reading = read<std::vector<store::Answer>>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::string> StoreDoor::holder(std::string name) {
  auto question = [name](store::Store& store) { return store.holder(name); };
  auto reading = read<std::string>(std::move(question));
  co_return co_await std::move(reading);
}

Async<std::vector<store::Claim>> StoreDoor::claims(std::string prefix) {
  auto question = [prefix](store::Store& store) { return store.claims(prefix); };
  auto reading = read<std::vector<store::Claim>>(std::move(question));
  co_return co_await std::move(reading);
}

// ---- A cloud ----

json::object CloudDoor::arrive(const model::Operation& operation, HowFar how_far) const {
  watcher_.before();
  json::object answer = cloud_.carry_out(operation, how_far);
  watcher_.after(operation);
  return answer;
}

Async<json::object> CloudDoor::perform(model::Operation operation) {
  const Faults& faults = roads_.faults;
  Dice& dice = roads_.dice;
  Travel travel{.there = milliseconds(dice.below(200)), .back = milliseconds(dice.below(200))};
  if (roads_.happens(faults.cloud_slow, "slow operations")) {
    travel.there = milliseconds(dice.below(120'000));
    travel.back = milliseconds(dice.below(120'000));
  }
  HowFar how_far = HowFar::whole;
  bool twice = false;
  if (roads_.happens(faults.cloud_fails, "operations that failed")) {
    travel.lost_before = failure(Kind::unavailable, "simulated: the cloud did not answer");
  } else if (roads_.happens(faults.cloud_half_done, "operations that stopped half way")) {
    how_far = HowFar::half;
    travel.lost_after = failure(Kind::unavailable, "simulated: the cloud stopped half way");
  } else {
    if (roads_.happens(faults.cloud_answer_lost, "operations whose answer was lost"))
      travel.lost_after =
          failure(dice.below(2) == 0 ? Kind::unavailable : Kind::timeout, "simulated: the answer was lost");
    twice = roads_.happens(faults.cloud_doubled, "operations that arrived twice");
  }
  const milliseconds behind(dice.below(60'000));
  std::function<json::object()> effect = [=, this] {
    json::object answer = arrive(operation, how_far);
    // The copy comes when the process may be gone.
    if (twice) {
      roads_.calendar.note(behind, [operation, &cloud = cloud_, &watcher = watcher_] {
        watcher.before();
        cloud.carry_out(operation);
        watcher.after(operation);
      });
    }
    return answer;
  };
  auto calling = roads_.courier.call(std::move(travel), std::move(effect));
  co_return co_await std::move(calling);
}

Async<clusters::Snapshot> CloudDoor::watch(std::string, std::uint64_t known) {
  if (known == 0) {
    Travel travel{.there = milliseconds(roads_.dice.below(50)), .back = milliseconds(roads_.dice.below(50))};
    if (roads_.happens(roads_.faults.cloud_read_fails, "looks at a cloud that failed"))
      travel.lost_before = failure(Kind::unavailable, "simulated: the cloud does not show what it holds");
    std::function<clusters::Snapshot()> effect = [this] { return cloud_.now(); };
    auto calling = roads_.courier.call(std::move(travel), std::move(effect));
    co_return co_await std::move(calling);
  }
  if (known == cloud_.now().revision) {
    auto executor = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    waiters_.push_back(waiter);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await waiter->async_wait(token);
    std::erase(waiters_, waiter);
  }
  co_return cloud_.now();
}

Async<std::string> CloudDoor::console_output(std::string, std::string) {
  co_return "";
}

void CloudDoor::look() {
  const std::uint64_t revision = cloud_.now().revision;
  if (std::exchange(seen_, revision) == revision) return;
  for (const auto& waiter : waiters_) waiter->cancel();
}

// ---- The web ----

Async<net::ClientResponse> WebDoor::send(net::ClientRequest request) {
  const Faults& faults = roads_.faults;
  Dice& dice = roads_.dice;
  const auto patience = request.timeout.count() > 0 ? request.timeout : milliseconds(20'000);
  Travel travel{.there = milliseconds(dice.below(100)), .back = milliseconds(dice.below(400))};
  if (roads_.happens(faults.web_slow, "slow answers of the web"))
    travel.back = milliseconds(dice.below(static_cast<int>(patience.count())));
  if (roads_.happens(faults.web_unreachable, "calls to the web that did not arrive")) {
    travel.lost_before = failure(Kind::unavailable, "simulated: connection refused", {{"sent", false}});
  } else if (roads_.happens(faults.web_answer_lost, "calls to the web whose answer was lost")) {
    travel.back = patience;
    travel.lost_after = failure(Kind::timeout, "simulated: no answer in time", {{"sent", true}});
  }
  const bool error = roads_.happens(faults.web_error, "errors of the web");
  const int which = dice.below(4);
  std::function<net::ClientResponse()> effect = [this, request = std::move(request), error, which] {
    constexpr std::array<int, 4> statuses{500, 503, 429, 404};
    if (error) return net::ClientResponse{.status = statuses.at(static_cast<std::size_t>(which))};
    return web_.answer(request);
  };
  auto calling = roads_.courier.call(std::move(travel), std::move(effect));
  co_return co_await std::move(calling);
}

}  // namespace gennaker::simulation
