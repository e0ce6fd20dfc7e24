#include "store/sqlite/sqlite_store.h"

#include <mutex>

#include "base/error.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"

namespace gennaker::store {
namespace {

using sqlite::Database;

constexpr std::size_t reader_threads = 2;

/// Connections that read, made when first needed and kept. Threads: any.
class Readers {
 public:
  Readers(std::filesystem::path file, std::chrono::milliseconds lock_patience)
      : file_(std::move(file)), lock_patience_(lock_patience) {}

  template <class Work>
  auto with_one(Work work) {
    std::unique_ptr<Database> connection = take();
    const Return back{*this, connection};
    return work(*connection);
  }

 private:
  struct Return {
    Readers& readers;
    std::unique_ptr<Database>& connection;
    ~Return() {
      const std::lock_guard lock(readers.mutex_);
      readers.idle_.push_back(std::move(connection));
    }
  };

  std::unique_ptr<Database> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    auto connection = std::make_unique<Database>(file_, Database::Access::read_only);
    connection->set_lock_patience(lock_patience_);
    connection->run("PRAGMA mmap_size = 0; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY");
    return connection;
  }

  std::filesystem::path file_;
  std::chrono::milliseconds lock_patience_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& file, SqliteOptions options)
      : lock_(file),
        writer_(sqlite::made_private(file), options),
        readers_(file, options.lock_patience),
        pool_(reader_threads) {}
  // Reads that were asked for are answered; the writer does the same for its own.
  ~SqliteStore() override { pool_.join(); }

  Async<void> commit(Changes changes) override {
    auto start = [this, asked = std::move(changes)](auto answer) mutable {
      writer_.queue().commit(std::move(asked), std::move(answer));
    };
    co_await base::await_answer<bool>(std::move(start));
  }

  Async<std::optional<model::Execution>> execution(std::string id) override {
    return read([id = std::move(id)](Database& database) { return sqlite::read_execution(database, id); });
  }
  Async<std::vector<model::Execution>> executions(ExecutionQuery query, model::Detail detail) override {
    return read([query = std::move(query), detail](Database& database) {
      return sqlite::read_executions(database, query, detail);
    });
  }
  Async<std::vector<std::string>> unfinished_executions() override {
    return read([](Database& database) { return sqlite::read_unfinished(database); });
  }

  Async<std::optional<Document>> document(std::string kind, std::string id) override {
    return read([kind = std::move(kind), id = std::move(id)](Database& database) {
      return sqlite::read_document(database, kind, id);
    });
  }
  Async<std::vector<Document>> documents(std::string kind, std::optional<std::string> scope) override {
    return read([kind = std::move(kind), scope = std::move(scope)](Database& database) {
      return sqlite::read_documents(database, kind, scope);
    });
  }
  Async<std::vector<Document>> history(std::string kind, std::string id, std::size_t limit) override {
    return read([kind = std::move(kind), id = std::move(id), limit](Database& database) {
      return sqlite::read_history(database, kind, id, limit);
    });
  }

  Async<std::vector<FeedEntry>> feed(std::uint64_t after, std::size_t limit) override {
    return read([after, limit](Database& database) { return sqlite::read_feed(database, after, limit); });
  }
  Async<FeedRange> feed_range() override {
    return read([](Database& database) { return sqlite::read_feed_range(database); });
  }
  void on_feed(std::function<void(const std::vector<FeedEntry>&)> listener) override {
    writer_.queue().add_listener(std::move(listener));
  }
  void watch(Watcher watcher) override { writer_.queue().on_mail(std::move(watcher.mail)); }

  Async<std::vector<Command>> commands() override {
    return read([](Database& database) { return sqlite::read_commands(database); });
  }
  Async<std::vector<std::string>> starting(std::string pipeline_config_id) override {
    return read([id = std::move(pipeline_config_id)](Database& database) {
      return sqlite::read_starting(database, id);
    });
  }
  Async<std::vector<Answer>> answers(std::vector<std::string> command_ids) override {
    return read(
        [ids = std::move(command_ids)](Database& database) { return sqlite::read_answers(database, ids); });
  }
  Async<std::string> holder(std::string name) override {
    return read([name = std::move(name)](Database& database) { return sqlite::read_holder(database, name); });
  }
  Async<std::vector<Claim>> claims(std::string prefix) override {
    return read(
        [prefix = std::move(prefix)](Database& database) { return sqlite::read_claims(database, prefix); });
  }

  Pulse pulse() override { return writer_.queue().pulse(); }

 private:
  template <class Work>
  auto read(Work work) -> Async<std::invoke_result_t<Work&, Database&>> {
    auto job = [this, asked = std::move(work)] { return readers_.with_one(asked); };
    return base::run_blocking(pool_, std::move(job));
  }

  sqlite::FileLock lock_;
  sqlite::Writer writer_;
  Readers readers_;
  base::asio::thread_pool pool_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite(std::filesystem::path file, SqliteOptions options) {
  std::error_code ignored;  // what is wrong shows when the lock is taken, with the reason
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  return std::make_unique<SqliteStore>(file, options);
}

}  // namespace gennaker::store
