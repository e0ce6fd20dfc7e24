#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/async.h"
#include "base/virtual_clock.h"

namespace gennaker::simulation {

using base::Async;

/// What happens later in the world, whatever becomes of the server: in the order of the times, of equal ones
/// in the order in which they were noted.
class Calendar {
 public:
  explicit Calendar(base::VirtualClock& clock) : clock_(clock) {}

  void note(std::chrono::milliseconds after, std::function<void()> happening) {
    happenings_.emplace(std::pair(clock_.passed() + after, ++last_number_), std::move(happening));
  }
  bool due() const { return !happenings_.empty() && happenings_.begin()->first.first <= clock_.passed(); }
  /// Lets the first happen. Call when one is due.
  void let_happen() {
    auto first = happenings_.extract(happenings_.begin());
    first.mapped()();
  }
  base::TimePoint passed() const { return clock_.passed(); }
  /// By the clock as it is set.
  std::optional<base::TimePoint> next() const {
    if (happenings_.empty()) return std::nullopt;
    return happenings_.begin()->first.first + (clock_.now() - clock_.passed());
  }

 private:
  base::VirtualClock& clock_;
  std::uint64_t last_number_ = 0;
  std::map<std::pair<base::TimePoint, std::uint64_t>, std::function<void()>> happenings_;
};

/// How a call fares.
struct Travel {
  std::chrono::milliseconds there{0}, back{0};
  /// Set: it never arrives, and the caller gets this.
  std::exception_ptr lost_before = {};
  /// Set: it takes effect, and the caller gets this.
  std::exception_ptr lost_after = {};
};

/// Carries the calls of one server process to what survives it, and the answers back. Goes with the process:
/// no answer reaches the next one. What is on its way there then either still arrives at once or never.
class Courier {
 public:
  explicit Courier(Calendar& calendar) : calendar_(calendar), home_(std::make_shared<Courier*>(this)) {}
  ~Courier() { *home_ = nullptr; }
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  /// `effect` runs there; what it returns or throws is the answer.
  template <class T>
  Async<T> call(Travel travel, std::function<T()> effect) {
    auto start = [this, travel = std::move(travel), effect = std::move(effect)](auto answer) mutable {
      send(std::move(travel), std::move(effect), std::move(answer));
    };
    auto waiting = base::await_answer<T>(std::move(start));
    co_return co_await std::move(waiting);
  }

  /// When an answer last told of a failure, by the time that has passed.
  base::TimePoint last_failure() const { return last_failure_; }
  bool idle() const { return on_their_way_.empty() && answers_.empty(); }
  /// Forgets who waits. `arrives` says of each call that is on its way whether it still does.
  void cut(const std::function<bool()>& arrives) {
    answers_.clear();
    auto calls = std::exchange(on_their_way_, {});
    for (const auto& [number, call] : calls) {
      if (arrives()) call();
    }
  }

 private:
  using Delivery = std::function<void()>;

  // What travels may be large, and is moved.
  template <class T, class Answer>
  void send(Travel travel, std::function<T()> effect, Answer answer) {
    const auto there = travel.there, back = travel.back;
    post(there, back,
         [this, travel = std::move(travel), effect = std::move(effect),
          answer = std::move(answer)]() mutable -> Delivery {
           std::exception_ptr failure = travel.lost_before;
           T value{};
           try {
             if (!failure) value = effect();
           } catch (...) {
             failure = std::current_exception();
           }
           if (travel.lost_after) failure = travel.lost_after;
           return [this, answer = std::move(answer), failure, value = std::move(value)]() mutable {
             if (failure) last_failure_ = calendar_.passed();
             answer(failure, std::move(value));
           };
         });
  }

  void post(std::chrono::milliseconds there, std::chrono::milliseconds back,
            std::function<Delivery()> arrive) {
    const std::uint64_t number = ++last_number_;
    on_their_way_.emplace(number, std::move(arrive));
    calendar_.note(there, [home = home_, number, back] {
      if (*home != nullptr) (*home)->arrive(number, back);
    });
  }

  void arrive(std::uint64_t number, std::chrono::milliseconds back) {
    const auto found = on_their_way_.find(number);
    if (found == on_their_way_.end()) return;
    auto call = std::move(found->second);
    on_their_way_.erase(found);
    answers_.emplace(number, call());
    calendar_.note(back, [home = home_, number] {
      if (*home != nullptr) (*home)->deliver(number);
    });
  }

  void deliver(std::uint64_t number) {
    const auto found = answers_.find(number);
    if (found == answers_.end()) return;
    Delivery delivery = std::move(found->second);
    answers_.erase(found);
    delivery();
  }

  Calendar& calendar_;
  base::TimePoint last_failure_{};
  std::shared_ptr<Courier*> home_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::function<Delivery()>> on_their_way_;
  std::map<std::uint64_t, Delivery> answers_;
};

}  // namespace gennaker::simulation
