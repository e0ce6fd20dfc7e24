#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// How what we make in an engine is named and labelled. Several accounts may share an engine.
namespace gennaker::providers::docker {

inline constexpr std::string_view label_prefix = "gennaker.";

// Of containers.
inline constexpr std::string_view account_label = "gennaker.account";
inline constexpr std::string_view group_label = "gennaker.server-group";
inline constexpr std::string_view index_label = "gennaker.index";  ///< of instances only
inline constexpr std::string_view check_label =
    "gennaker.health-check";                                         ///< of instances: the setting as JSON
inline constexpr std::string_view record_label = "gennaker.record";  ///< of records only: the group as JSON
inline constexpr std::string_view revision_label = "gennaker.revision";  ///< of records only

// Of jobs.
inline constexpr std::string_view job_label = "gennaker.job";  ///< its id
inline constexpr std::string_view job_application_label = "gennaker.job.application";
inline constexpr std::string_view job_stack_label = "gennaker.job.stack";
inline constexpr std::string_view job_detail_label = "gennaker.job.detail";

// Of images that we have built. Containers inherit them.
inline constexpr std::string_view baked_name_label = "gennaker.bake.name";
inline constexpr std::string_view baked_version_label = "gennaker.bake.version";
inline constexpr std::string_view baked_content_label = "gennaker.bake.content";

/// "prod.shop-main-v003.0": one to one, in the characters that engines take. Server groups' names may have
/// more: '.', '_', '^' and '~' are written as "_d", "__", "_c" and "_t".
std::string instance_container(std::string_view account, std::string_view group, int index);
/// "prod.shop-main-v003.record.12"
std::string record_container(std::string_view account, std::string_view group, std::uint64_t revision);

/// "prod.job.shop-migrate-0123456789"
std::string job_container(std::string_view account, std::string_view id);

/// For a filter.
std::string labelled(std::string_view label, std::string_view value);

}  // namespace gennaker::providers::docker
