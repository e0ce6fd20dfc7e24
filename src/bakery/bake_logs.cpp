#include "bakery/bake_logs.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bakery/bakes.h"

namespace gennaker::bakery {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::string_view extension = ".log";
constexpr std::size_t most_last_lines = 20;
constexpr std::size_t longest_last_line = 500;
constexpr std::size_t most_ends = 256;
/// Removed at a time: nobody waits for it, but the disk is others' too.
constexpr std::size_t pruned_at_once = 20;

/// -1: it is not there.
int open_to_read(const fs::path& file) {
  return ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
}

BakeLogPart part_of(int fd, std::uint64_t from, std::size_t most) {
  BakeLogPart part{.end = from};
  part.text.resize(most);
  const ssize_t count = pread(fd, part.text.data(), most, static_cast<off_t>(from));
  part.text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  part.at_end = part.text.size() < most;
  // A line is not cut, nor a letter in its middle, unless it is longer than all that was asked for.
  const auto last = part.text.rfind('\n');
  if (!part.at_end && last != std::string::npos) part.text.resize(last + 1);
  part.end += part.text.size();
  return part;
}

}  // namespace

/// Its timer belongs to the reader's executor.
struct BakeLogs::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
};

BakeLogs::BakeLogs(BakeLogOptions options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

BakeLogs::~BakeLogs() {
  pool_.join();
}

fs::path BakeLogs::file_of(const std::string& id) const {
  return options_.folder / fmt::format("{}{}", id, extension);
}

void BakeLogs::open(const std::string& id) {
  if (!execution_of_bake(id)) return;
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = open_.try_emplace(id);
  if (!is_new) return;
  std::error_code ignored;
  fs::create_directories(options_.folder, ignored);
  const auto bytes = fs::file_size(file_of(id), ignored);
  if (!ignored) place->second.bytes = bytes;
  wake(id);
}

void BakeLogs::append(const std::string& id, Open& log, std::string_view text) {
  const int fd = ::open(file_of(id).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return;
  const ssize_t count = ::write(fd, text.data(), text.size());
  if (count > 0) log.bytes += static_cast<std::size_t>(count);
  ::close(fd);
}

void BakeLogs::add(const std::string& id, Open& log, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  log.last_lines.emplace_back(line.substr(0, longest_last_line));
  if (log.last_lines.size() > most_last_lines) log.last_lines.pop_front();
  if (log.left_out > 0 || log.bytes + line.size() + 1 > options_.most_bytes) {
    ++log.left_out;
    return;
  }
  append(id, log, fmt::format("{}\n", line));
}

void BakeLogs::write(std::string_view operation_key, std::string_view lines) {
  const std::string id = bake_id(operation_key);
  const std::lock_guard lock(mutex_);
  const auto log = open_.find(id);
  if (log == open_.end()) return;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    add(id, log->second, lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  wake(id);
}

void BakeLogs::close(const std::string& id, BakeEnd end) {
  {
    const std::lock_guard lock(mutex_);
    const auto log = open_.find(id);
    if (log == open_.end()) return;
    if (const std::size_t left_out = log->second.left_out; left_out > 0) {
      const std::deque<std::string> last = log->second.last_lines;
      append(id, log->second,
             fmt::format("[{} lines are left out: a log holds at most {} bytes. The last ones:]\n{}\n",
                         left_out, options_.most_bytes, fmt::join(last, "\n")));
    }
    open_.erase(log);
    ends_.emplace_back(id, std::move(end));
    if (ends_.size() > most_ends) ends_.pop_front();
    wake(id);
  }
  asio::post(pool_, [this] { prune(); });
}

std::vector<std::string> BakeLogs::last_lines(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto log = open_.find(id);
  if (log == open_.end()) return {};
  return {log->second.last_lines.begin(), log->second.last_lines.end()};
}

std::optional<BakeEnd> BakeLogs::end_of(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(ends_.rbegin(), ends_.rend(), [&](const auto& one) { return one.first == id; });
  if (found == ends_.rend() || open_.contains(id)) return std::nullopt;
  return found->second;
}

Async<std::optional<BakeLogPart>> BakeLogs::read(std::string id, std::uint64_t from, std::size_t most) {
  if (!execution_of_bake(id)) co_return std::nullopt;
  bool is_open = false;
  {
    // Before the file is read: what is written meanwhile is either read or waited for.
    const std::lock_guard lock(mutex_);
    is_open = open_.contains(id);
  }
  auto work = [file = file_of(id), from, most]() -> std::optional<BakeLogPart> {
    const int fd = open_to_read(file);
    if (fd < 0) return std::nullopt;
    BakeLogPart part = part_of(fd, from, most);
    ::close(fd);
    return part;
  };
  auto reading = base::run_blocking(pool_, std::move(work));
  std::optional<BakeLogPart> part = co_await std::move(reading);
  if (!part && is_open) part = BakeLogPart{.end = from, .at_end = true};
  if (part) part->open = is_open;
  co_return part;
}

Async<void> BakeLogs::wait(std::string id, BakeLogPart part, std::chrono::milliseconds longest) {
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor);
  waiter->timer.expires_after(longest);
  {
    const std::lock_guard lock(mutex_);
    const auto log = open_.find(id);
    const bool is_open = log != open_.end();
    if (is_open != part.open || (is_open && log->second.bytes > part.end)) co_return;
    waiting_.emplace(id, waiter);
  }
  boost::system::error_code ended;
  auto token = asio::redirect_error(asio::use_awaitable, ended);
  co_await waiter->timer.async_wait(token);
  const std::lock_guard lock(mutex_);
  const auto [first, last] = waiting_.equal_range(id);
  const auto ours = std::find_if(first, last, [&](const auto& one) { return one.second == waiter; });
  if (ours == last) co_return;  // woken
  waiting_.erase(ours);
  if (ended) throw boost::system::system_error(ended);
}

/// With the mutex held.
void BakeLogs::wake(const std::string& id) {
  const auto [first, last] = waiting_.equal_range(id);
  for (auto one = first; one != last; ++one) {
    const auto& waiter = one->second;
    asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
  }
  waiting_.erase(first, last);
}

void BakeLogs::prune() {
  struct Old {
    base::TimePoint changed;
    fs::path file;
  };
  std::vector<Old> logs;
  std::error_code error;
  for (fs::directory_iterator entry(options_.folder, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (entry->path().extension() != extension || stat(entry->path().c_str(), &status) != 0) continue;
    logs.push_back({base::from_millis(std::int64_t{status.st_mtime} * 1000), entry->path()});
  }
  std::sort(logs.begin(), logs.end(), [](const Old& a, const Old& b) { return a.changed < b.changed; });
  const std::size_t too_many = logs.size() > options_.most_logs ? logs.size() - options_.most_logs : 0;
  for (std::size_t i = 0; i < std::min(logs.size(), pruned_at_once); ++i) {
    if (i >= too_many && clock_.now() - logs[i].changed <= options_.kept) break;
    const std::lock_guard lock(mutex_);
    if (!open_.contains(logs[i].file.stem().string())) fs::remove(logs[i].file, error);
  }
}

}  // namespace gennaker::bakery
