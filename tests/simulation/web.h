#pragma once

#include <map>
#include <string>

#include "base/virtual_clock.h"
#include "faults.h"
#include "net/client.h"

namespace gennaker::simulation {

namespace json = boost::json;

/// Of the monitor of monitored deployments.
inline constexpr std::string_view judge_url = "https://judge.example.com";

/// The services that pipelines call. https://jobs.example.com/start begins a job, once for an
/// Idempotency-Key, and names the URL of its status; the judge says what is to be done next; everything else
/// answers with a body that pipelines read from.
class Web {
 public:
  Web(const base::VirtualClock& clock, Dice& dice) : clock_(clock), dice_(dice) {}

  net::ClientResponse answer(const net::ClientRequest& request);

 private:
  struct Job {
    base::TimePoint ends;
    bool fails = false;
  };
  json::object start_job(const std::string& key);
  json::object status_of(const std::string& name) const;

  const base::VirtualClock& clock_;
  Dice& dice_;
  std::map<std::string, std::string> names_by_key_;
  std::map<std::string, Job> jobs_;
};

}  // namespace gennaker::simulation
