#include "store/postgres/membership.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/logging.h"

namespace gennaker::store::postgres {
namespace {

using base::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Less than a lease, so that a heartbeat that hangs is tried again before the lease is over.
constexpr milliseconds longest_heartbeat{2'000};
constexpr std::chrono::seconds between_tidyings{10};

Statement statement_with(std::string sql, std::int64_t number) {
  Statement statement(std::move(sql));
  statement.number(number);
  return statement;
}

std::vector<std::optional<std::int64_t>> numbers_in(const Result& found) {
  std::vector<std::optional<std::int64_t>> numbers;
  for (int row = 0; row < found.rows(); ++row) numbers.emplace_back(found.integer(row, 0));
  return numbers;
}

/// Joining, taking over and claiming look at who is there, and write what follows from it: one at a time.
Statement one_decides() {
  return Statement("SELECT holders FROM document_lock FOR UPDATE");
}

/// Holds the lease until the transaction ends. No row: it has run out.
Statement hold_lease(Lease lease) {
  // Taking over deletes the row, and waits for whoever holds its key; making oneself heard does not.
  return statement_with("SELECT id FROM replicas WHERE id = $1 FOR KEY SHARE",
                        static_cast<std::int64_t>(lease));
}

/// Not those who are just committing something: they have a moment left.
Statement remove_those_who_have_gone(Lease but) {
  return statement_with(
      "DELETE FROM replicas WHERE id IN (SELECT id FROM replicas WHERE alive_until < now() AND id <> $1"
      " FOR UPDATE SKIP LOCKED) RETURNING id",
      static_cast<std::int64_t>(but));
}

/// Executions of servers that are gone, and the number of the server that gets them. Of those that have ended
/// only the ones that somebody wants something of.
constexpr std::string_view take =
    "UPDATE executions SET owner = $1 WHERE (active OR id IN (SELECT execution_id FROM commands WHERE"
    " refusal IS NULL)) AND ";

std::vector<std::string> active_in(const Result& taken) {
  std::vector<std::string> ids;
  for (int row = 0; row < taken.rows(); ++row) {
    if (taken.truth(row, 1)) ids.emplace_back(taken.text(row, 0));
  }
  return ids;
}

}  // namespace

Statement notify(std::string_view what) {
  Statement statement("SELECT pg_notify('gennaker', $1)");
  statement.text(what);
  return statement;
}

Membership::Membership(const Address& address, PostgresOptions options)
    : address_(address), options_(options), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  connect();
  join();  // what it is given is found by whoever starts: Store::unfinished_executions
  thread_ = std::thread([this] { work(); });
}

Membership::~Membership() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
  close(wake_);
}

void Membership::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
}

void Membership::watch(Watcher watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

void Membership::on_news(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  on_news_ = std::move(listener);
}

void Membership::missing(Lease lease) {
  missing_ = lease;
  wake();
}

/// On the thread, as what follows.
void Membership::work() {
  auto next_beat = steady_clock::now();
  while (!ending()) {
    try {
      if (!connection_ || !connection_->alive()) connect();
      const Lease gone = missing_.exchange(0);
      if (gone != 0 && gone == lease_) rejoin(gone);
      if (steady_clock::now() >= next_beat) {
        next_beat = steady_clock::now() + options_.heartbeat;
        beat();
      }
      listen_until(next_beat);
    } catch (const Error& error) {
      base::log::warn("the other servers cannot be heard: {}", error.what());
      connection_.reset();
      wait(options_.heartbeat);
    }
  }
  leave();
}

bool Membership::ending() {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Membership::wait(milliseconds longest) {
  pollfd woken{.fd = wake_, .events = POLLIN, .revents = 0};
  poll(&woken, 1, static_cast<int>(longest.count()));
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_, &count, sizeof count);
}

void Membership::connect() {
  connection_.emplace(address_, std::min(options_.answer_patience, longest_heartbeat));
  listening_ = false;
  if (!connection_->direct()) return;
  try {
    connection_->run("LISTEN gennaker");
    listening_ = true;
  } catch (const Failure& failure) {
    if (failure.ends_connection()) throw;
    base::log::info("{} does not notify: it is asked every {} ms", connection_->shown(),
                    options_.look_for_news.count());
  }
}

void Membership::listen_until(steady_clock::time_point end) {
  const auto left = std::max(std::chrono::ceil<milliseconds>(end - steady_clock::now()), milliseconds(0));
  if (!listening_) {
    wait(std::min(left, options_.look_for_news));
    look_for_news();
    return;
  }
  for (const std::string& what : connection_->notifications(left, wake_)) hear(what);
  wait(milliseconds(0));
}

void Membership::beat() {
  if (!renew()) return rejoin(lease_);
  take_over();
  look_for_news();
  if (steady_clock::now() - last_tidied_ < between_tidyings) return;
  last_tidied_ = steady_clock::now();
  connection_->run(
      "DELETE FROM commands WHERE refusal IS NOT NULL AND answered_at < now() - interval '1 minute'");
}

/// What a notification did not tell, or nobody notified.
void Membership::look_for_news() {
  const Result head = connection_->run("SELECT sequence, mail FROM feed_head");
  if (news_seen_.exchange(head.integer(0, 0)) != head.integer(0, 0)) hear(news);
  if (mail_seen_.exchange(head.integer(0, 1)) != head.integer(0, 1)) hear(mail);
}

void Membership::hear(std::string_view what) {
  if (what == servers) return take_over();
  const std::lock_guard lock(mutex_);
  if (what == news && on_news_) on_news_();
  if (what == mail && watcher_.mail) watcher_.mail();
}

bool Membership::renew() {
  Statement statement(
      "UPDATE replicas SET alive_until = now() + $2 * interval '1 millisecond' WHERE id = $1");
  statement.number(static_cast<std::int64_t>(lease_.load()));
  statement.number(options_.lease.count());
  return connection_->run(statement).done() == "UPDATE 1";
}

Membership::Ids Membership::join() {
  const Rollback rollback(*connection_);
  connection_->run({Statement("BEGIN"), one_decides()});
  connection_->run(remove_those_who_have_gone(0));
  const Result joined = connection_->run(
      statement_with("INSERT INTO replicas(alive_until) VALUES(now() + $1 * interval '1 millisecond')"
                     " RETURNING id",
                     options_.lease.count()));
  // What belongs to nobody: of a server that left when no other was there, of a copy, or of a version that
  // knew of one server only.
  const Result taken = connection_->run(
      statement_with(std::string(take) + "NOT EXISTS (SELECT FROM replicas WHERE replicas.id = owner)"
                                         " RETURNING id, active",
                     joined.integer(0, 0)));
  if (listening_) connection_->run(notify(servers));
  connection_->run("COMMIT");
  lease_ = static_cast<Lease>(joined.integer(0, 0));
  return active_in(taken);
}

void Membership::take_over() {
  const Result others = connection_->run(
      statement_with("SELECT count(*), count(*) FILTER (WHERE alive_until < now()) FROM replicas"
                     " WHERE id <> $1",
                     static_cast<std::int64_t>(lease_.load())));
  alone_ = others.integer(0, 0) == 0;
  if (others.integer(0, 1) == 0) return;
  const Rollback rollback(*connection_);
  // Each statement sees what was committed before it: the last finds all that those who are gone have done.
  connection_->run({Statement("BEGIN"), one_decides()});
  if (connection_->run(hold_lease(lease_)).rows() == 0) return;  // the next heartbeat finds out, too
  const Result gone = connection_->run(remove_those_who_have_gone(lease_));
  Statement taking(std::string(take) + "owner = ANY($2) RETURNING id, active");
  taking.number(static_cast<std::int64_t>(lease_.load()));
  taking.numbers(numbers_in(gone));
  const Result taken = connection_->run(taking);
  connection_->run("COMMIT");
  if (gone.rows() == 0) return;
  Ids ids = active_in(taken);
  base::log::info("another server has gone: {} of its executions go on here", ids.size());
  // Also when there are none: it may have been about to do something because another execution had ended.
  tell_inherited(std::move(ids));
  hear(mail);  // what it was told and did not do
}

void Membership::rejoin(Lease lost) {
  base::log::warn("this server was out of touch for too long: others go on with its executions");
  {
    const std::lock_guard lock(mutex_);
    if (watcher_.lost) watcher_.lost(lost);
  }
  tell_inherited(join());
}

void Membership::tell_inherited(Ids ids) {
  const std::lock_guard lock(mutex_);
  if (watcher_.inherited) watcher_.inherited(std::move(ids));
}

void Membership::leave() {
  try {
    if (!connection_ || !connection_->alive()) connect();
    // Whoever is there takes over at once.
    connection_->run(statement_with("UPDATE replicas SET alive_until = '-infinity' WHERE id = $1",
                                    static_cast<std::int64_t>(lease_.load())));
    if (listening_) connection_->run(notify(servers));
  } catch (const Error&) {
    // Then its time runs out.
  }
}

std::optional<Lease> Membership::lease_on(Connection& connection, const std::string& execution_id) {
  const Lease mine = lease_;
  Statement asking(
      "SELECT owner, EXISTS (SELECT FROM replicas WHERE replicas.id = owner) FROM executions WHERE id = $1");
  asking.text(execution_id);
  const Result found = connection.run(asking);
  if (found.rows() == 0 || found.integer(0, 0) == static_cast<std::int64_t>(mine)) return mine;
  if (found.truth(0, 1)) return std::nullopt;
  const Rollback rollback(connection);
  connection.run({Statement("BEGIN"), one_decides()});
  if (connection.run(hold_lease(mine)).rows() == 0) throw LeaseLost();
  Statement claiming(
      "UPDATE executions SET owner = $1 WHERE id = $2"
      " AND NOT EXISTS (SELECT FROM replicas WHERE replicas.id = owner)");
  claiming.number(static_cast<std::int64_t>(mine));
  claiming.text(execution_id);
  const bool claimed = connection.run(claiming).done() == "UPDATE 1";
  connection.run("COMMIT");
  if (!claimed) return std::nullopt;
  return mine;
}

}  // namespace gennaker::store::postgres
