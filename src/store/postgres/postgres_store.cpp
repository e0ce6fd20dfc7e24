#include "store/postgres/postgres_store.h"

#include <mutex>

#include "store/postgres/membership.h"
#include "store/postgres/reader.h"
#include "store/postgres/schema.h"
#include "store/postgres/writer.h"

namespace gennaker::store {
namespace {

using postgres::Address;
using postgres::Connection;
using postgres::Failure;

// Each has a connection of its own as soon as it is needed.
constexpr std::size_t reader_threads = 4;
constexpr std::chrono::minutes migration_patience{30};

/// Where the tables are up to date.
Address migrated(const Address& address) {
  Connection connection(address, migration_patience);
  postgres::migrate(connection);
  postgres::refuse_unfinished_copy(connection);
  return address;
}

/// Connections that read, made when first needed and kept while they live. Threads: any.
class Readers {
 public:
  Readers(const Address& address, std::chrono::milliseconds patience)
      : address_(address), patience_(patience) {}

  /// What was kept may have ended meanwhile: then once more with a new one. Reading twice does no harm.
  template <class Work>
  auto with_one(const Work& work) {
    if (auto kept = take()) {
      try {
        const Return back{*this, kept};
        return work(*kept);
      } catch (const Failure& failure) {
        if (failure.cause() != Failure::Cause::lost) throw;
      }
    }
    auto fresh = std::make_unique<Connection>(address_, patience_);
    const Return back{*this, fresh};
    return work(*fresh);
  }

 private:
  struct Return {
    Readers& readers;
    std::unique_ptr<Connection>& connection;
    ~Return() {
      if (!connection->alive()) return;
      const std::lock_guard lock(readers.mutex_);
      readers.idle_.push_back(std::move(connection));
    }
  };

  /// nullptr: there is none.
  std::unique_ptr<Connection> take() {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->alive()) return connection;
    }
    return nullptr;
  }

  Address address_;
  std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

class PostgresStore final : public Store {
 public:
  PostgresStore(const Address& address, PostgresOptions options)
      : membership_(migrated(address), options),
        writer_(address, options, membership_),
        readers_(address, options.answer_patience),
        pool_(reader_threads) {}
  // Reads that were asked for are answered; the writer does the same for its own.
  ~PostgresStore() override { pool_.join(); }

  Async<void> commit(Changes changes) override {
    auto start = [this, asked = std::move(changes)](auto answer) mutable {
      writer_.queue().commit(std::move(asked), std::move(answer));
    };
    co_await base::await_answer<bool>(std::move(start));
  }

  Async<std::optional<model::Execution>> execution(std::string id) override {
    return read(
        [id = std::move(id)](Connection& connection) { return postgres::read_execution(connection, id); });
  }
  Async<std::vector<model::Execution>> executions(ExecutionQuery query, model::Detail detail) override {
    return read([query = std::move(query), detail](Connection& connection) {
      return postgres::read_executions(connection, query, detail);
    });
  }
  Async<std::vector<std::string>> unfinished_executions() override {
    return read(
        [lease = lease()](Connection& connection) { return postgres::read_unfinished(connection, lease); });
  }

  Async<std::optional<Document>> document(std::string kind, std::string id) override {
    return read([kind = std::move(kind), id = std::move(id)](Connection& connection) {
      return postgres::read_document(connection, kind, id);
    });
  }
  Async<std::vector<Document>> documents(std::string kind, std::optional<std::string> scope) override {
    return read([kind = std::move(kind), scope = std::move(scope)](Connection& connection) {
      return postgres::read_documents(connection, kind, scope);
    });
  }
  Async<std::vector<Document>> history(std::string kind, std::string id, std::size_t limit) override {
    return read([kind = std::move(kind), id = std::move(id), limit](Connection& connection) {
      return postgres::read_history(connection, kind, id, limit);
    });
  }

  Async<std::vector<FeedEntry>> feed(std::uint64_t after, std::size_t limit) override {
    return read(
        [after, limit](Connection& connection) { return postgres::read_feed(connection, after, limit); });
  }
  Async<FeedRange> feed_range() override {
    return read([](Connection& connection) { return postgres::read_feed_range(connection); });
  }
  void on_feed(std::function<void(const std::vector<FeedEntry>&)> listener) override {
    writer_.queue().add_listener(std::move(listener));
  }
  Pulse pulse() override { return writer_.queue().pulse(); }

  Lease lease() const override { return membership_.lease(); }
  Async<std::optional<Lease>> lease_on(std::string execution_id) override {
    return read([this, id = std::move(execution_id)](Connection& connection) {
      return membership_.lease_on(connection, id);
    });
  }
  void watch(Watcher watcher) override {
    writer_.queue().on_mail(watcher.mail);
    membership_.watch(std::move(watcher));
  }
  Async<std::vector<Command>> commands() override {
    return read(
        [lease = lease()](Connection& connection) { return postgres::read_commands(connection, lease); });
  }
  Async<std::vector<std::string>> starting(std::string pipeline_config_id) override {
    return read([id = std::move(pipeline_config_id)](Connection& connection) {
      return postgres::read_starting(connection, id);
    });
  }
  Async<std::vector<Answer>> answers(std::vector<std::string> command_ids) override {
    return read([ids = std::move(command_ids)](Connection& connection) {
      return postgres::read_answers(connection, ids);
    });
  }
  Async<std::string> holder(std::string name) override {
    return read(
        [name = std::move(name)](Connection& connection) { return postgres::read_holder(connection, name); });
  }
  Async<std::vector<Claim>> claims(std::string prefix) override {
    return read([prefix = std::move(prefix)](Connection& connection) {
      return postgres::read_claims(connection, prefix);
    });
  }

 private:
  template <class Work>
  auto read(Work work) -> Async<std::invoke_result_t<Work&, Connection&>> {
    auto job = [this, asked = std::move(work)] { return readers_.with_one(asked); };
    return base::run_blocking(pool_, std::move(job));
  }

  postgres::Membership membership_;  ///< leaves when the last change is written
  postgres::Writer writer_;
  Readers readers_;
  base::asio::thread_pool pool_;
};

}  // namespace

std::unique_ptr<Store> open_postgres(const std::string& url, PostgresOptions options) {
  try {
    return std::make_unique<PostgresStore>(Address(url), options);
  } catch (const Failure& failure) {
    if (failure.cause() != Failure::Cause::unwelcome) throw;
    // A server that runs tries again; to one that starts it is told.
    throw base::Error(base::Kind::invalid, failure.what());
  }
}

std::string shown_postgres(const std::string& url) {
  return Address(url).shown();
}

}  // namespace gennaker::store
