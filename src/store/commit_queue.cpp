#include "store/commit_queue.h"

namespace gennaker::store {
namespace {

// Bounds how long one commit takes, and with it how long the first of a batch waits.
constexpr std::size_t batch_requests = 4096;
constexpr std::size_t batch_bytes = 8 * 1024 * 1024;

std::size_t size_of(const Changes& changes) {
  std::size_t bytes = 0;
  for (const auto& row : changes.executions) bytes += row.header.size();
  for (const auto& row : changes.stages) bytes += row.outline.size() + row.details.size();
  for (const auto& entry : changes.feed) bytes += entry.body.size();
  return bytes;
}

}  // namespace

CommitQueue::CommitQueue(Write write) : write_(std::move(write)), thread_([this] { work(); }) {}

CommitQueue::~CommitQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CommitQueue::commit(Changes changes, Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(changes), std::move(answer)});
  }
  changed_.notify_one();
}

void CommitQueue::add_listener(Listener listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void CommitQueue::on_mail(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  on_mail_ = std::move(listener);
}

void CommitQueue::poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  changed_.notify_one();
}

void CommitQueue::work() {
  while (std::optional<std::vector<Request>> batch = take_batch()) {
    std::vector<FeedEntry> fresh;
    std::string failure;
    try {
      fresh = write_(*batch);
    } catch (const std::exception& error) {
      // Nothing of the batch is known to be on disk: nobody may be told so.
      for (Request& request : *batch) request.refusal = std::current_exception();
      failure = error.what();
    }
    if (!batch->empty()) note_end(std::move(failure));
    tell(*batch, fresh);
  }
}

void CommitQueue::tell(std::vector<Request>& batch, const std::vector<FeedEntry>& fresh) {
  // Listeners first: who has its answer finds its change in the feed's tail.
  if (!fresh.empty()) {
    for (const Listener& listener : listeners_) listener(fresh);
  }
  bool mail = false;
  for (Request& request : batch) {
    mail = mail || !request.changes.commands.empty() || !request.changes.answers.empty();
    request.answer(request.refusal, true);
  }
  const std::lock_guard lock(mutex_);  // whoever takes the listener away is not told any more
  if (mail && on_mail_) on_mail_();
}

/// nullopt: it ends.
std::optional<std::vector<CommitQueue::Request>> CommitQueue::take_batch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || poked_ || !queue_.empty(); });
  if (ending_ && queue_.empty()) return std::nullopt;
  poked_ = false;
  std::vector<Request> batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < batch_requests && bytes < batch_bytes) {
    bytes += size_of(queue_.front().changes);
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (!batch.empty()) writing_since_ = std::chrono::steady_clock::now();
  return batch;
}

void CommitQueue::note_end(std::string failure) {
  const std::lock_guard lock(mutex_);
  writing_since_.reset();
  if (!failure.empty()) failed_at_ = std::chrono::steady_clock::now();
  failure_ = std::move(failure);
}

Pulse CommitQueue::pulse() const {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  const std::lock_guard lock(mutex_);
  const Time now = std::chrono::steady_clock::now();
  Pulse pulse;
  if (writing_since_) pulse.writing = duration_cast<milliseconds>(now - *writing_since_);
  pulse.failure = failure_;
  if (!failure_.empty()) pulse.since_failure = duration_cast<milliseconds>(now - failed_at_);
  return pulse;
}

}  // namespace gennaker::store
