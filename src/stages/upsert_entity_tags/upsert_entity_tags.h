#pragma once

#include "runner/catalogs.h"
#include "store/store.h"

namespace gennaker::stages {

/// The `upsertEntityTags`, `bulkUpsertEntityTags` and `deleteEntityTags` stages: see README.md. `store` must
/// outlive the catalogs.
void add_upsert_entity_tags(runner::Catalogs& catalogs, store::Store& store);

}  // namespace gennaker::stages
