#pragma once

#include "store/postgres/connection.h"
#include "store/store.h"

/// What can be asked. Each function sees one moment of the database.
namespace gennaker::store::postgres {

std::optional<model::Execution> read_execution(Connection& connection, const std::string& id);
std::vector<model::Execution> read_executions(Connection& connection, const ExecutionQuery& query,
                                              model::Detail detail);
std::vector<std::string> read_unfinished(Connection& connection, Lease owner);
std::optional<Document> read_document(Connection& connection, const std::string& kind, const std::string& id);
std::vector<Document> read_documents(Connection& connection, const std::string& kind,
                                     const std::optional<std::string>& scope);
std::vector<Document> read_history(Connection& connection, const std::string& kind, const std::string& id,
                                   std::size_t limit);
std::vector<FeedEntry> read_feed(Connection& connection, std::uint64_t after, std::size_t limit);
Store::FeedRange read_feed_range(Connection& connection);
/// Those for executions of `owner` that are not answered.
std::vector<Command> read_commands(Connection& connection, Lease owner);
std::vector<std::string> read_starting(Connection& connection, const std::string& pipeline_config_id);
std::vector<Answer> read_answers(Connection& connection, const std::vector<std::string>& command_ids);
std::string read_holder(Connection& connection, const std::string& name);
std::vector<Claim> read_claims(Connection& connection, const std::string& prefix);

/// What `read_executions` finds rows with: for the test that it neither scans nor sorts.
Statement execution_search(const ExecutionQuery& query);

}  // namespace gennaker::store::postgres
