#include "store/postgres/connection.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace gennaker::store::postgres {
namespace {

std::string option(const Address& address, std::string_view name) {
  const auto& options = address.options();
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const auto& option) { return option.name == name; });
  return found == options.end() ? "" : found->value;
}

struct Shown {
  std::string_view name, url, shown;
};
void PrintTo(const Shown& test, std::ostream* out) {
  *out << test.name;
}
class ShownAddress : public testing::TestWithParam<Shown> {};

TEST_P(ShownAddress, HasNoPassword) {
  EXPECT_EQ(Address(std::string(GetParam().url)).shown(), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, ShownAddress,
    testing::Values(
        Shown{"all of it", "postgresql://ada:secret@db.example.com:5433/shop",
              "postgresql://ada@db.example.com:5433/shop"},
        Shown{"an escaped password", "postgres://ada:s%40cret@db/shop", "postgresql://ada@db/shop"},
        Shown{"a password among the options", "postgresql://db/shop?user=ada&password=secret",
              "postgresql://ada@db/shop"},
        Shown{"a socket", "postgresql://ada@/shop?host=/run/postgresql",
              "postgresql://ada@/shop?host=/run/postgresql"},
        Shown{"several hosts", "postgresql://ada@db1:1,db2:2/shop", "postgresql://ada@db1,db2:1,2/shop"},
        Shown{"nothing", "postgresql://", "postgresql:///"}));

TEST(Address, RefusesWhatIsNoUrlWithoutRepeatingIt) {
  for (const std::string url :
       {"postgresql://ada:p@secret@db/shop", "postgresql://ada:secret/word@db/shop",
        "postgresql://ada:1/secret@db/shop", "postgresql://ada:secret@db/shop?sslmood=require",
        "mysql://ada:secret@db/shop", "host=db password=secret", "postgresql://ada:%zzsecret@db", ""}) {
    try {
      const Address address(url);
      ADD_FAILURE() << url;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::Kind::invalid);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("postgresql://user:password@host:port/database"),
                std::string::npos);
    }
  }
}

TEST(Address, NoticesADeadConnectionUnlessToldOtherwise) {
  const Address usual("postgresql://db/shop");
  EXPECT_EQ(option(usual, "connect_timeout"), "5");
  EXPECT_EQ(option(usual, "tcp_user_timeout"), "10000");
  EXPECT_EQ(option(usual, "keepalives_idle"), "5");
  EXPECT_EQ(option(usual, "target_session_attrs"), "");
  const Address told("postgresql://db/shop?connect_timeout=60&keepalives_idle=7");
  EXPECT_EQ(option(told, "connect_timeout"), "60");
  EXPECT_EQ(option(told, "keepalives_idle"), "7");
  EXPECT_EQ(option(Address("postgresql://db1,db2/shop"), "target_session_attrs"), "read-write");
}

TEST(Statement, NumbersItsParameters) {
  Statement statement("SELECT ");
  statement.append(statement.text("a"));
  statement.append(" = ");
  statement.append(statement.number(258));
  EXPECT_EQ(statement.sql(), "SELECT $1 = $2");
  EXPECT_EQ(statement.after("EXPLAIN ").sql(), "EXPLAIN SELECT $1 = $2");
  EXPECT_EQ(statement.parameters().at(1).bytes, (std::string{0, 0, 0, 0, 0, 0, 1, 2}));
}

TEST(Connection, SaysWhereNobodyAnswers) {
  try {
    const Connection connection(Address("postgresql://ada:secret@/shop?host=/nowhere"),
                                std::chrono::milliseconds(1000));
    FAIL() << "there is nobody";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.cause(), Failure::Cause::lost);
    EXPECT_TRUE(failure.worth_retrying());
    const std::string message = failure.what();
    EXPECT_EQ(message.find("cannot connect to postgresql://ada@/shop?host=/nowhere: "), 0U) << message;
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace gennaker::store::postgres
