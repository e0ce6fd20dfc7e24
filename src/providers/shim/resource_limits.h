#pragma once

#include <string>
#include <sys/types.h>

#include "providers/shim/process_spec.h"

namespace gennaker::providers {

/// Limits of one instance's processes. Memory is limited by a control group (version 2) where this process
/// may make one, which counts what is used by all of them together; else each process's address space is
/// limited.
class ResourceLimits {
 public:
  /// `name`: of the control group, unique on the machine.
  ResourceLimits(const ProcessSpec& spec, const std::string& name);
  /// Removes the control group. All processes in it must have ended.
  ~ResourceLimits();
  ResourceLimits(const ResourceLimits&) = delete;
  ResourceLimits& operator=(const ResourceLimits&) = delete;

  /// Called in the child between fork and exec: allocates nothing.
  void apply_to_self() const;

  /// "cgroup", "address space" or "none".
  const std::string& memory_limited_by() const { return memory_limited_by_; }
  /// The limit in force; 0: as inherited.
  int open_files() const { return open_files_; }

 private:
  bool make_control_group(const std::string& name);

  long memory_bytes_;
  int open_files_;
  std::string memory_limited_by_ = "none";
  std::string group_;
  std::string group_processes_;  ///< the file that moves a process into the group
};

}  // namespace gennaker::providers
