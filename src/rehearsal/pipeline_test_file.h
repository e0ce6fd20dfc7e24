#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/fields.h"
#include "rehearsal/pipeline_test.h"

/// Files of pipeline tests, docs/testing-pipelines.md.
namespace gennaker::rehearsal {

/// Reads a file and the pipelines that it names. Throws base::Error `invalid`, which names file, line and
/// field: nothing of the file is run then.
std::vector<PipelineTest> read_test_file(const std::filesystem::path& file);
/// As read_test_file; pipelines are looked for beside `file`.
std::vector<PipelineTest> parse_test_file(std::string_view text, const std::filesystem::path& file);

/// The files that `path` means: itself, or all in the folder whose names end in .test.yaml or .test.yml,
/// sorted. Throws base::Error `invalid` if there is none.
std::vector<std::filesystem::path> test_files(const std::filesystem::path& path);

/// Every mapping that a file may hold; the JSON Schema must say the same.
std::span<const Shape> test_file_shapes();

}  // namespace gennaker::rehearsal
