#pragma once

#include "cli/cli.h"

namespace gennaker::server {

/// `gennaker test`: runs files of pipeline tests with the stages of this server. Returns the exit status.
/// Throws base::Error with the detail `usage` when a path or a file is wrong; then nothing has run.
int test_pipelines(const cli::TestOptions& options);

}  // namespace gennaker::server
