#pragma once

#include "store/sqlite/database.h"
#include "store/store.h"

/// What can be asked, on a connection that reads. Each function sees one moment of the database.
namespace gennaker::store::sqlite {

std::optional<model::Execution> read_execution(Database& database, const std::string& id);
std::vector<model::Execution> read_executions(Database& database, const ExecutionQuery& query,
                                              model::Detail detail);
std::vector<std::string> read_unfinished(Database& database);
std::optional<Document> read_document(Database& database, const std::string& kind, const std::string& id);
std::vector<Document> read_documents(Database& database, const std::string& kind,
                                     const std::optional<std::string>& scope);
std::vector<Document> read_history(Database& database, const std::string& kind, const std::string& id,
                                   std::size_t limit);
std::vector<FeedEntry> read_feed(Database& database, std::uint64_t after, std::size_t limit);
Store::FeedRange read_feed_range(Database& database);
std::vector<Command> read_commands(Database& database);
std::vector<std::string> read_starting(Database& database, const std::string& pipeline_config_id);
std::vector<Answer> read_answers(Database& database, const std::vector<std::string>& command_ids);
std::string read_holder(Database& database, const std::string& name);
std::vector<Claim> read_claims(Database& database, const std::string& prefix);

/// The statements that `read_executions` uses to find rows, one a source: for the test that none of them
/// scans.
std::vector<std::string> execution_searches(const ExecutionQuery& query);

}  // namespace gennaker::store::sqlite
