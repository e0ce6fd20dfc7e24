#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>

#include "clusters/strategies.h"

/// A firewall's rules, in the shape that the API shows. Pure.
namespace gennaker::stages {

namespace json = boost::json;

/// [{protocol, portRanges[{startPort, endPort}], range{ip, cidr} | securityGroup{name}, description?}] out of
/// `inboundRules`, which has this shape already, and of `ipIngress` and `securityGroupIngress`, as Deck sends
/// them:
/// [{type, startPort, endPort, cidr | name}]. Sets `problem` at the first wrong one.
json::array read_inbound_rules(const json::object& context, std::optional<clusters::FieldProblem>& problem);

}  // namespace gennaker::stages
