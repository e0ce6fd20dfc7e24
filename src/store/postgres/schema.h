#pragma once

#include "store/postgres/connection.h"

namespace gennaker::store::postgres {

/// The newest version, which this program writes.
std::int64_t known_schema();

/// Makes the tables, or brings those of an older version up to date, all or nothing. Several processes may do
/// so at once: one does it, the others wait for it.
/// What is newer than `version` is left out: for tests. A server of the version before may go on meanwhile
/// and after: tables and columns may come that it need not know of, nothing may go.
/// Throws base::Error `invalid`: tables of another program or of a newer version, no right, an encoding other
/// than UTF8; the message says what to do.
void migrate(Connection& connection, std::int64_t version = known_schema());

/// Whether somebody copies into it, or did and was stopped.
bool has_unfinished_copy(Connection& connection);
/// Throws base::Error `conflict` then.
void refuse_unfinished_copy(Connection& connection);

}  // namespace gennaker::store::postgres
