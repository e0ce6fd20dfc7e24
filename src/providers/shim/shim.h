#pragma once

namespace gennaker::providers {

/// `gennaker shim <instance directory>`: holds one instance's process, so that it outlives the server and its
/// exit status is not lost. Starts what `instance.json` says, starts it again when it ends (with a growing
/// delay), copies its output to a rotating log, and answers on `shim.sock`.
///
/// Returns (in the process that was called) as soon as the shim, a daemon of its own session, answers: 0;
/// also when one is there already: `shim.lock` is held for a shim's life, so there is one a directory. 1: it
/// could not start; the reason is on standard error. 2: wrong use.
///
/// The socket takes one JSON object a line and answers each with one:
///   {"do":"status"}              {"state":"running"|"waiting"|"stopping"|"stopped", "pid", "startedAt",
///                                "restarts", "restartAt", "exits":[{"at","status"|"signal","lastWords"}],
///                                "memoryLimit", "openFiles", "shimPid"}
///   {"do":"watch"}               the status, now and again after each change
///   {"do":"stop","graceMs":n}    SIGTERM, after the grace SIGKILL, for all its processes; the answer comes
///                                when none is left, and the shim ends
///   {"do":"ping"}                {"ok":true}
/// What it does not understand is answered with {"error": "..."}.
///
/// When the shim is killed its command is killed too (by the kernel), and what that one had started is killed
/// by the next shim of this directory.
int run_shim(int argc, char** argv);

}  // namespace gennaker::providers
