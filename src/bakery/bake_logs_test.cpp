#include "bakery/bake_logs.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bakery/bakes.h"
#include "bakery/logged_bakes.h"
#include "base/error.h"
#include "base/virtual_clock.h"
#include "testing/run_async.h"

namespace gennaker::bakery {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Logs : public ::testing::Test {
 protected:
  Logs() {
    std::string pattern = (fs::temp_directory_path() / "gennaker-bakes-XXXXXX").string();
    place_ = mkdtemp(pattern.data());
    options_.folder = place_ / "bakes";
  }
  ~Logs() override { fs::remove_all(place_); }

  /// Logs are read on a thread of their own.
  template <class T>
  T run(Async<T> what) {
    std::exception_ptr failure;
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(what), [&](std::exception_ptr error, T value) {
      failure = error;
      if (!error) result = std::move(value);
    });
    io_.restart();
    io_.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }
  std::optional<BakeLogPart> read(BakeLogs& logs, std::uint64_t from = 0, std::size_t most = 1000) {
    return run(logs.read(id_, from, most));
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(options_.folder), {}));
  }

  const std::string key_ = "01X/stage/5/1/bake", id_ = bake_id(key_);
  fs::path place_;
  BakeLogOptions options_;
  base::VirtualClock clock_;
  boost::asio::io_context io_;
};

TEST_F(Logs, AreReadWhileTheyAreWritten) {
  BakeLogs logs(options_, clock_);
  EXPECT_FALSE(read(logs)) << "there is none yet";
  logs.write(key_, "before it is open");
  logs.open(id_);
  EXPECT_TRUE(read(logs)->open) << "it has begun, and nothing was said";
  logs.write(key_, "one\ntwo\r");
  auto part = read(logs);
  EXPECT_EQ(part->text, "one\ntwo\n");
  EXPECT_TRUE(part->open && part->at_end);
  logs.write(key_, "three");
  logs.close(id_, {.succeeded = true, .image_id = "sha-1"});
  part = read(logs, part->end);
  EXPECT_EQ(part->text, "three\n");
  EXPECT_FALSE(part->open);
  EXPECT_EQ(logs.end_of(id_)->image_id, "sha-1");
}

TEST_F(Logs, OutliveTheServer) {
  {
    BakeLogs logs(options_, clock_);
    logs.open(id_);
    logs.write(key_, "one");
  }
  BakeLogs logs(options_, clock_);
  EXPECT_FALSE(read(logs)->open);
  EXPECT_FALSE(logs.end_of(id_)) << "only the execution knows";
  logs.open(id_);
  logs.write(key_, "two");
  EXPECT_EQ(read(logs)->text, "one\ntwo\n");
}

TEST_F(Logs, ArePartedAtLines) {
  BakeLogs logs(options_, clock_);
  logs.open(id_);
  logs.write(key_, "first\nsecond");
  const auto part = read(logs, 0, 8);
  EXPECT_EQ(part->text, "first\n");
  EXPECT_FALSE(part->at_end);
  EXPECT_EQ(read(logs, part->end, 100)->text, "second\n");
}

TEST_F(Logs, SayWhatIsCutAndKeepTheEnd) {
  options_.most_bytes = 100;
  BakeLogs logs(options_, clock_);
  logs.open(id_);
  for (int i = 0; i < 200; ++i) logs.write(key_, "line " + std::to_string(i));
  logs.close(id_, {});
  EXPECT_THAT(read(logs)->text, AllOf(HasSubstr("line 0\n"), Not(HasSubstr("line 100\n")),
                                      HasSubstr("lines are left out: a log holds at most 100 bytes"),
                                      HasSubstr("line 180\n"), HasSubstr("line 199\n")));
}

TEST_F(Logs, WakeWhoWaits) {
  BakeLogs logs(options_, clock_);
  logs.open(id_);
  const auto waits = [&](const std::function<void()>& act, BakeLogPart part) {
    bool woken = false;
    boost::asio::co_spawn(io_, logs.wait(id_, part, 1h), [&](const std::exception_ptr&) { woken = true; });
    io_.restart();
    io_.poll();
    const bool at_once = woken;
    act();
    io_.restart();
    io_.poll();
    return std::pair(at_once, woken);
  };
  EXPECT_EQ(waits([&] { logs.write(key_, "one"); }, {.open = true}), std::pair(false, true));
  EXPECT_EQ(waits([] {}, {.open = true}), std::pair(true, true)) << "there is more already";
  EXPECT_EQ(waits([&] { logs.close(id_, {}); }, {.end = 4, .open = true}), std::pair(false, true));
  EXPECT_EQ(waits([&] { logs.open(id_); }, {.end = 4, .open = false}), std::pair(false, true));
}

TEST_F(Logs, EndWaitsInTime) {
  BakeLogs logs(options_, clock_);
  logs.open(id_);
  BakeLogPart part{.open = true};
  bool ended = false;
  boost::asio::co_spawn(io_, logs.wait(id_, part, 1ms),
                        [&](const std::exception_ptr& error) { ended = !error; });
  io_.run();
  EXPECT_TRUE(ended);
}

TEST_F(Logs, ThatAreTooManyOrTooOldGo) {
  options_.most_logs = 3;
  const auto bake = [&](BakeLogs& logs, int number) {
    const std::string key = "01X/stage/" + std::to_string(number);
    logs.open(bake_id(key));
    logs.write(key, "one");
    logs.close(bake_id(key), {});
  };
  {
    BakeLogs logs(options_, clock_);
    for (int i = 0; i < 6; ++i) bake(logs, i);
  }
  EXPECT_EQ(files(), 3u);
  clock_.advance(std::chrono::hours(24 * 365 * 200));
  {
    BakeLogs logs(options_, clock_);
    bake(logs, 7);
  }
  EXPECT_EQ(files(), 0u) << "by its clock all are old";
}

TEST_F(Logs, OfNoBakeAreNone) {
  BakeLogs logs(options_, clock_);
  for (const std::string id : {"", "x", "../../etc/passwd-0123456789", "01X-012345678"}) {
    EXPECT_FALSE(execution_of_bake(id)) << id;
    EXPECT_FALSE(run(logs.read(id, 0, 10))) << id;
  }
  EXPECT_EQ(execution_of_bake(id_), "01X");
}

/// A cloud that says what it is told to, and then answers or fails.
class Cloud final : public runner::Operator {
 public:
  explicit Cloud(BakeLog& log) : log_(log) {}
  base::Async<json::object> perform(model::Operation operation) override {
    for (const std::string& line : lines) log_.write(operation.key, line);
    if (failure) throw *failure;
    co_return json::object{{"imageId", "sha-1"}, {"imageName", "shop"}};
  }
  std::vector<std::string> lines;
  std::optional<base::Error> failure;

 private:
  BakeLog& log_;
};

class ALoggedBake : public Logs {
 protected:
  json::object bake() {
    return testing::run_async(
        io_, bakes_.perform({.kind = "bake",
                             .key = key_,
                             .account = "local",
                             .what = {{"name", "shop"}, {"version", "1"}, {"region", "here"}}}));
  }
  std::string failure() {
    try {
      bake();
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  }

  BakeLogs logs_{options_, clock_};
  Cloud cloud_{logs_};
  LoggedBakes bakes_{cloud_, logs_};
};

TEST_F(ALoggedBake, TellsFromBeginToEnd) {
  cloud_.lines = {"Step 1", "Step 2"};
  EXPECT_EQ(bake().at("imageId"), "sha-1");
  EXPECT_EQ(read(logs_)->text, "Bakes shop 1 in local/here\nStep 1\nStep 2\nThe image is made: sha-1\n");
  EXPECT_TRUE(logs_.end_of(id_)->succeeded);
}

TEST_F(ALoggedBake, ThatFailsSaysHowItsLogEnds) {
  cloud_.failure = base::Error(base::Kind::invalid, "step 2 fails");
  EXPECT_EQ(failure(), "step 2 fails") << "nobody has said more";
  cloud_.lines = {"Step 1", "no such file"};
  EXPECT_EQ(failure(),
            "step 2 fails\nIts log (" + id_ + ") ends:\nBakes shop 1 in local/here\nStep 1\nno such file");
  EXPECT_THAT(read(logs_)->text, HasSubstr("no such file\nFailed: step 2 fails\n"));
  EXPECT_FALSE(logs_.end_of(id_)->succeeded);
}

TEST_F(ALoggedBake, ThatIsTriedAgainGoesOnInItsLog) {
  cloud_.failure = base::Error(base::Kind::unavailable, "the engine is away");
  EXPECT_EQ(failure(), "the engine is away");
  EXPECT_TRUE(read(logs_)->open);
  EXPECT_FALSE(logs_.end_of(id_));
  cloud_.failure.reset();
  bake();
  EXPECT_THAT(read(logs_)->text,
              AllOf(HasSubstr("Tries again: the engine is away\n"), HasSubstr("The image is made")));
}

TEST_F(ALoggedBake, IsNoOtherOperation) {
  testing::run_async(io_, bakes_.perform({.kind = "deleteImage", .key = key_, .account = "local"}));
  EXPECT_FALSE(read(logs_));
}

}  // namespace
}  // namespace gennaker::bakery
