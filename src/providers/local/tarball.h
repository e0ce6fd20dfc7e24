#pragma once

#include <cstdint>
#include <string>

namespace gennaker::providers::local {

/// Unpacks a .tar or .tar.gz into an empty directory: ustar, GNU and pax archives with directories, files,
/// hard links and symbolic links. Owners and times are not kept. Blocks. Throws base::Error `invalid`, whose
/// message begins with `what`: a damaged archive, a name that leaves the directory, another sort of entry,
/// more than `limit_bytes` of content or 100,000 entries.
void unpack_tarball(const std::string& tarball, const std::string& directory, std::int64_t limit_bytes,
                    const std::string& what);

}  // namespace gennaker::providers::local
