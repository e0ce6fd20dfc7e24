#include "store/postgres/connection.h"

#include <algorithm>
#include <charconv>
#include <libpq-fe.h>
#include <poll.h>

#include "store/postgres/utf8.h"

namespace gennaker::store::postgres {
namespace {

using base::Error;
using base::Kind;
using Cause = Failure::Cause;

// From PostgreSQL's catalog, where they never change.
constexpr unsigned oid_of_bigint = 20, oid_of_text = 25, oid_of_texts = 1009, oid_of_bigints = 1016;

/// What holds when neither the URL nor the environment says otherwise. Seconds, but for the last.
struct Default {
  std::string_view name, value;
};
constexpr Default defaults[] = {
    {"connect_timeout", "5"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"}  // milliseconds
};

struct Options {
  PQconninfoOption* first;
  explicit Options(PQconninfoOption* options) : first(options) {}
  ~Options() { PQconninfoFree(first); }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  std::string value(std::string_view name) const {
    for (const auto* option = first; option && option->keyword; ++option) {
      if (name == option->keyword) return option->val ? option->val : "";
    }
    return {};
  }
};

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
  for (int shift = int(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::make_unsigned_t<Integer>>(value) >> shift);
  }
}

/// The beginning of an array in the binary format: one dimension, which counts from 1.
std::string array_of(unsigned type, std::size_t size, bool with_nulls) {
  std::string bytes;
  append_big_endian(bytes, std::int32_t{size > 0});
  append_big_endian(bytes, std::int32_t{with_nulls});
  append_big_endian(bytes, static_cast<std::int32_t>(type));
  if (size == 0) return bytes;
  append_big_endian(bytes, static_cast<std::int32_t>(size));
  append_big_endian(bytes, std::int32_t{1});
  return bytes;
}

/// libpq's messages end with a line's end, and may have several lines.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space || !line.ends_with(' ')) line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

/// How long an attempt to connect may have taken for a second one to be worth while: what has timed out was
/// refused by nobody.
constexpr std::chrono::seconds quick{4};

/// The SQLSTATE of a refusal to connect: "FATAL:  28P01: password ...". libpq tells it only in such a text.
std::string_view state_in(std::string_view verbose) {
  constexpr std::string_view digits = "0123456789", letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", around = ": ";
  const auto is_state = [&](std::string_view word) {
    return word.find_first_of(digits) != std::string_view::npos &&  // FATAL has none
           word.find_first_not_of(std::string(digits) + std::string(letters)) == std::string_view::npos;
  };
  for (auto at = verbose.find(around); at != std::string_view::npos; at = verbose.find(around, at + 1)) {
    const auto state = verbose.substr(at + around.size(), 5);
    const bool ends = verbose.substr(at + around.size()).substr(0, 7).ends_with(around);
    if (ends && is_state(state)) return state;
  }
  return {};
}

bool begins_with_any(std::string_view state, std::initializer_list<std::string_view> classes) {
  return std::any_of(classes.begin(), classes.end(),
                     [&](std::string_view c) { return state.starts_with(c); });
}

/// `state`: the SQLSTATE, of which the first two characters are the class.
Failure failure_of(std::string_view state, const std::string& shown, const std::string& message) {
  if (begins_with_any(state, {"08", "57P"})) {
    return {Cause::lost, Kind::unavailable, fmt::format("{} has ended the connection: {}", shown, message)};
  }
  if (begins_with_any(state, {"40", "55P03", "57014"})) {
    return {Cause::busy, Kind::unavailable, fmt::format("{} is busy: {}: try again", shown, message)};
  }
  if (begins_with_any(state, {"53", "58"})) {
    return {Cause::busy, Kind::unavailable,
            fmt::format("{} lacks something: {}: see its log, its disk and its limits", shown, message)};
  }
  if (state == "25006") {
    return {Cause::lost, Kind::unavailable,
            fmt::format("{} can only be read: {}: name the primary, or several hosts with"
                        " target_session_attrs=read-write",
                        shown, message)};
  }
  if (begins_with_any(state, {"22", "23"})) {
    return {Cause::refused, Kind::invalid, fmt::format("{} refuses the change: {}", shown, message)};
  }
  if (state == "42P07" || state == "42710") {
    return {Cause::taken, Kind::invalid,
            fmt::format("{} holds tables of another program: {}: name a database of Gennaker's own", shown,
                        message)};
  }
  if (state == "42501") {
    return {
        Cause::unwelcome, Kind::unavailable,
        fmt::format("{}: {}: make this user the database's owner, or grant it the right", shown, message)};
  }
  return {Cause::misfitting, Kind::internal,
          fmt::format("PostgreSQL on {}: {} (SQLSTATE {})", shown, message, state)};
}

Failure failure_to_connect(std::string_view state, const std::string& shown, const std::string& message) {
  const std::string what = fmt::format("cannot connect to {}: {}", shown, message);
  if (state.starts_with("28")) {
    return {Cause::unwelcome, Kind::unavailable,
            what +
                ": check user and password (in the URL, in PGPASSWORD or in ~/.pgpass), and the server's "
                "pg_hba.conf"};
  }
  if (state == "3D000") {
    return {Cause::unwelcome, Kind::unavailable, what + ": create it, owned by this user, or name another"};
  }
  if (state == "42501") {
    return {Cause::unwelcome, Kind::unavailable, what + ": grant this user the right to connect"};
  }
  if (state == "53300") {
    return {Cause::lost, Kind::unavailable,
            what + ": end other sessions, raise max_connections, or put PgBouncer before it"};
  }
  return {Cause::lost, Kind::unavailable, what};
}

/// Whether a part is where it belongs. A special character that was not escaped in a password
/// (user:p@ss@host, user:pa/ss@host) moves parts of it to places that are shown.
bool is_plausible(const Options& given) {
  const std::string port = given.value("port");
  return given.value("host").find('@') == std::string::npos &&
         given.value("dbname").find('@') == std::string::npos &&
         port.find_first_not_of("0123456789,") == std::string::npos;
}

std::string shown_address(const Options& given) {
  const std::string user = given.value("user"), port = given.value("port");
  std::string host = given.value("host").empty() ? given.value("hostaddr") : given.value("host");
  std::string socket;
  if (host.starts_with('/')) socket = "?host=" + std::exchange(host, {});
  return fmt::format("postgresql://{}{}{}/{}{}", user.empty() ? user : user + "@", host,
                     port.empty() ? port : ":" + port, given.value("dbname"), socket);
}

}  // namespace

Address::Address(const std::string& url, const std::string& program) {
  char* complaint = nullptr;
  const Options given(PQconninfoParse(url.c_str(), &complaint));
  PQfreemem(complaint);  // it repeats what it was given
  const bool ours = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (given.first == nullptr || !ours || !is_plausible(given)) {
    throw Error(Kind::invalid,
                "the store's URL is not one of PostgreSQL's: it must look like"
                " postgresql://user:password@host:port/database, with what is special in a password written"
                " as in any URL: %40 for @, %2F for /, %25 for %");
  }
  const Options around(PQconndefaults());
  for (const auto* option = given.first; option->keyword; ++option) {
    if (option->val) options_.push_back({option->keyword, option->val});
  }
  for (const Default& usual : defaults) {
    if (given.value(usual.name).empty() && around.value(usual.name).empty())
      options_.push_back({std::string(usual.name), std::string(usual.value)});
  }
  // Of several hosts it is the primary that is meant.
  if (given.value("host").find(',') != std::string::npos && given.value("target_session_attrs").empty())
    options_.push_back({"target_session_attrs", "read-write"});
  options_.push_back({"client_encoding", "UTF8"});
  options_.push_back({"fallback_application_name", program});
  shown_ = shown_address(given);
}

std::string Statement::add(unsigned type, std::string bytes) {
  parameters_.push_back({type, std::move(bytes)});
  return fmt::format("${}", parameters_.size());
}

std::string Statement::text(std::string_view value) {
  std::string bytes;
  append_utf8(bytes, value);
  return add(oid_of_text, std::move(bytes));
}

std::string Statement::number(std::int64_t value) {
  std::string bytes;
  append_big_endian(bytes, value);
  return add(oid_of_bigint, std::move(bytes));
}

template <class Texts>
void Statement::add_texts(const Texts& values, bool with_nulls) {
  std::string bytes = array_of(oid_of_text, values.size(), with_nulls);
  std::size_t size = 0;
  for (const std::optional<std::string_view> value : values) size += (value ? value->size() : 0) + 4;
  bytes.reserve(bytes.size() + size);
  for (const std::optional<std::string_view> value : values) {
    const std::size_t length_at = bytes.size();
    append_big_endian(bytes, std::int32_t{-1});
    if (!value) continue;
    append_utf8(bytes, *value);
    std::string length;
    append_big_endian(length, static_cast<std::int32_t>(bytes.size() - length_at - 4));
    bytes.replace(length_at, 4, length);
  }
  add(oid_of_texts, std::move(bytes));
}

void Statement::texts(const std::vector<std::string_view>& values) {
  add_texts(values, false);
}

void Statement::nullable_texts(const std::vector<std::optional<std::string_view>>& values) {
  add_texts(values, std::any_of(values.begin(), values.end(), [](const auto& value) { return !value; }));
}

void Statement::numbers(const std::vector<std::optional<std::int64_t>>& values) {
  const bool with_nulls = std::any_of(values.begin(), values.end(), [](const auto& value) { return !value; });
  std::string bytes = array_of(oid_of_bigint, values.size(), with_nulls);
  for (const auto& value : values) {
    append_big_endian(bytes, value ? std::int32_t{sizeof *value} : std::int32_t{-1});
    if (value) append_big_endian(bytes, *value);
  }
  add(oid_of_bigints, std::move(bytes));
}

Statement Statement::after(std::string_view prefix) const {
  Statement copy = *this;
  copy.sql_.insert(0, prefix);
  return copy;
}

Result::Result(pg_result* handle) : handle_(handle) {}

void Result::Clear::operator()(pg_result* handle) const {
  PQclear(handle);
}

int Result::rows() const {
  return PQntuples(handle_.get());
}

bool Result::is_null(int row, int column) const {
  return PQgetisnull(handle_.get(), row, column) == 1;
}

std::string_view Result::text(int row, int column) const {
  return {PQgetvalue(handle_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(handle_.get(), row, column))};
}

std::int64_t Result::integer(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t number = 0;  // what NULL is read as
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool Result::truth(int row, int column) const {
  return text(row, column) == "t";
}

std::string_view Result::done() const {
  return PQcmdStatus(handle_.get());
}

void Connection::Close::operator()(pg_conn* handle) const {
  PQfinish(handle);
}

Connection::Connection(const Address& address, std::chrono::milliseconds patience)
    : patience_(patience), shown_(address.shown()) {
  std::vector<const char*> names, values;
  for (const Address::Option& option : address.options()) {
    names.push_back(option.name.c_str());
    values.push_back(option.value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const auto begin = std::chrono::steady_clock::now();
  handle_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(handle_.get()) != CONNECTION_OK) connect_again(begin + quick);
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  PQsetnonblocking(handle_.get(), 1);
}

void Connection::connect_again(Deadline until) {
  const std::string message = one_line(PQerrorMessage(handle_.get()));
  // Then it is libpq itself that has given up.
  if (PQconnectionNeedsPassword(handle_.get()) == 1) throw failure_to_connect("28P01", shown_, message);
  std::string verbose;
  if (std::chrono::steady_clock::now() < until) {
    PQsetErrorVerbosity(handle_.get(), PQERRORS_VERBOSE);
    PQreset(handle_.get());
    if (PQstatus(handle_.get()) == CONNECTION_OK) {
      PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
      return;
    }
    verbose = one_line(PQerrorMessage(handle_.get()));
  }
  throw failure_to_connect(state_in(verbose), shown_, message);
}

void Connection::lose(std::string_view why, Cause cause) {
  const Failure failure(cause, Kind::unavailable,
                        fmt::format("the connection to {} was lost: {}", shown_, one_line(why)));
  // Whatever the server still does, nobody listens to it any more.
  handle_.reset();
  throw failure;
}

void Connection::wait_for(short events, Deadline until) {
  pollfd socket{.fd = PQsocket(handle_.get()), .events = events, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int ready = left.count() > 0 ? poll(&socket, 1, static_cast<int>(left.count())) : 0;
    if (ready > 0) break;
    if (ready < 0 && errno == EINTR) continue;
    lose(fmt::format("no answer within {} ms", patience_.count()), Cause::late);
  }
  if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(handle_.get()) == 0)
    lose(PQerrorMessage(handle_.get()));
}

void Connection::flush(Deadline until) {
  while (true) {
    const int left = PQflush(handle_.get());
    if (left == 0) return;
    // What it wrote before it ended says more than that it ended.
    if (left < 0) lose(PQerrorMessage(handle_.get()));
    wait_for(POLLIN | POLLOUT, until);
  }
}

pg_result* Connection::next(Deadline until) {
  while (PQisBusy(handle_.get()) == 1) wait_for(POLLIN, until);
  return PQgetResult(handle_.get());
}

std::optional<Failure> Connection::failure_in(const pg_result* result) const {
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE) return std::nullopt;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) {
    return Failure(
        Cause::lost, Kind::unavailable,
        fmt::format("the connection to {} was lost: {}", shown_, one_line(PQresultErrorMessage(result))));
  }
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string message = primary ? primary : "no reason given";
  // A key that is missing, and nothing else of what was stored.
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  if (detail && std::string_view(state).starts_with("23")) message += fmt::format(" ({})", detail);
  return failure_of(state, shown_, one_line(message));
}

void Connection::send(const Statement& statement) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (const Statement::Parameter& parameter : statement.parameters()) {
    types.push_back(parameter.type);
    values.push_back(parameter.bytes.data());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
    formats.push_back(1);
  }
  if (PQsendQueryParams(handle_.get(), statement.sql().c_str(), static_cast<int>(types.size()), types.data(),
                        values.data(), lengths.data(), formats.data(), 0) == 0) {
    lose(PQerrorMessage(handle_.get()));
  }
}

std::vector<Result> Connection::run(const std::vector<Statement>& statements) {
  if (!alive() || PQenterPipelineMode(handle_.get()) == 0) lose("it has ended");
  const Deadline until = deadline();
  for (const Statement& statement : statements) send(statement);
  if (PQpipelineSync(handle_.get()) == 0) lose(PQerrorMessage(handle_.get()));
  flush(until);
  std::vector<Result> results;
  std::optional<Failure> first;
  // Each statement has one result and an end; then comes that of all.
  for (std::size_t at = 0; at <= statements.size(); ++at) {
    while (pg_result* handle = next(until)) {
      Result result(handle);
      const bool last = PQresultStatus(handle) == PGRES_PIPELINE_SYNC;
      if (!first) first = failure_in(handle);
      if (PQstatus(handle_.get()) != CONNECTION_OK) break;
      if (last) break;
      results.push_back(std::move(result));
    }
    if (PQstatus(handle_.get()) != CONNECTION_OK) break;
  }
  end_with(first);
  PQexitPipelineMode(handle_.get());
  if (first) throw *first;
  return results;
}

Result Connection::run(const Statement& statement) {
  auto results = run(std::vector{statement});
  return std::move(results.front());
}

void Connection::run_script(const std::string& sql) {
  if (!alive() || PQsendQuery(handle_.get(), sql.c_str()) == 0) lose("it has ended");
  const Deadline until = deadline();
  flush(until);
  std::optional<Failure> first;
  while (pg_result* handle = next(until)) {
    const Result result(handle);
    if (!first) first = failure_in(handle);
    if (PQstatus(handle_.get()) != CONNECTION_OK) break;
  }
  end_with(first);
  if (first) throw *first;
}

void Connection::end_with(const std::optional<Failure>& failure) {
  if (failure && failure->ends_connection()) {
    handle_.reset();
    throw *failure;
  }
  if (PQstatus(handle_.get()) != CONNECTION_OK) lose(PQerrorMessage(handle_.get()));
}

bool Connection::direct() {
  // A pooler has made a number of its own up for the session that it plays.
  return run("SELECT pg_backend_pid()::bigint").integer(0, 0) == PQbackendPID(handle_.get());
}

std::vector<std::string> Connection::notifications(std::chrono::milliseconds patience, int wake) {
  std::vector<std::string> payloads;
  const auto take = [&] {
    while (PGnotify* notification = PQnotifies(handle_.get())) {
      payloads.emplace_back(notification->extra);
      PQfreemem(notification);
    }
  };
  if (!alive()) lose("it has ended");
  take();
  if (!payloads.empty()) return payloads;
  pollfd either[]{{.fd = PQsocket(handle_.get()), .events = POLLIN, .revents = 0},
                  {.fd = wake, .events = POLLIN, .revents = 0}};
  poll(either, 2, static_cast<int>(patience.count()));
  if (!alive()) lose("it has ended");
  take();
  return payloads;
}

bool Connection::alive() {
  // Between two calls nothing is expected but the news that the connection ends.
  while (handle_ && PQstatus(handle_.get()) == CONNECTION_OK) {
    pollfd socket{.fd = PQsocket(handle_.get()), .events = POLLIN, .revents = 0};
    if (poll(&socket, 1, 0) <= 0) return true;
    if (PQconsumeInput(handle_.get()) == 0) return false;
    PQisBusy(handle_.get());  // reads what has come
  }
  return false;
}

bool Connection::in_transaction() const {
  return handle_ && PQstatus(handle_.get()) == CONNECTION_OK &&
         PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

std::string Connection::server_setting(const char* name) const {
  const char* value = PQparameterStatus(handle_.get(), name);
  return value ? value : "";
}

Rollback::~Rollback() {
  if (!connection_.in_transaction()) return;
  try {
    connection_.run("ROLLBACK");
  } catch (const Error&) {
    // Then the connection has ended, and the transaction with it.
  }
}

}  // namespace gennaker::store::postgres
