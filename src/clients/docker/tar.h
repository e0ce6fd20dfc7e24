#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <string>

#include "net/client.h"

/// What is uploaded to an engine, read from the disk while it goes out. Files are read on `pool`, which must
/// outlive the call. What cannot be read ends the call with base::Error `invalid`, whose message names it.
namespace gennaker::clients::docker {

/// The content of a directory as a tar: files, directories and links, in one order for all machines, as
/// root's; no owner, no extended attributes. Files are at most 8 GiB and must not change meanwhile.
net::BodySource tar_of(boost::asio::thread_pool& pool, std::filesystem::path directory);

/// A file as it is.
net::BodySource bytes_of(boost::asio::thread_pool& pool, std::filesystem::path file);

}  // namespace gennaker::clients::docker
