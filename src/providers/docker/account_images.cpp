#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/text.h"
#include "clients/docker/tar.h"
#include "providers/docker/account.h"
#include "providers/docker/labels.h"
#include "providers/docker/references.h"
#include "providers/shim/files.h"

/// The part of Account that is about images.
namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

engine::OnProgress log_of(const std::string& host, const std::string& reference) {
  return [host, reference](const engine::TransferProgress& progress) {
    base::log::debug("host '{}': '{}': {} of {} layers, {} of {} bytes: {}", host, reference,
                     progress.layers_done, progress.layers, progress.bytes, progress.total_bytes,
                     progress.status);
  };
}

Error about_image(const Error& error, const std::string& host, const std::string& why) {
  return {
      error.kind(), fmt::format("imageId: host '{}': {}{}", host, error.what(), why), {{"field", "imageId"}}};
}

engine::BuildOptions options_of(const Baking& baking) {
  engine::BuildOptions options;
  options.tags = {baking.reference};
  options.containerfile = baking.containerfile;
  options.arguments = baking.arguments;
  options.labels = {{std::string(baked_name_label), baking.name},
                    {std::string(baked_version_label), baking.version},
                    {std::string(baked_content_label), baking.content}};
  options.target = baking.target;
  options.network = baking.network;
  options.use_cache = !baking.rebake;
  return options;
}

}  // namespace

/// Pulls it unless the host has it.
Async<void> Account::have_image(HostPointer host, std::string image, Say say) {
  const auto found = co_await host->engine().inspect_image(image);
  if (found) co_return;
  if (!can_be_pulled(image)) {
    throw Error(Kind::not_found,
                fmt::format("imageId: host '{}' has no image '{}', and no registry is named from which it "
                            "could be pulled",
                            host->name(), image),
                {{"field", "imageId"}});
  }
  auto credentials = co_await credentials_for(image);
  const bool known = credentials.has_value();
  base::log::info("host '{}': pulls '{}'", host->name(), image);
  if (say) say(fmt::format("{}: pulls {}", host->name(), image));
  std::optional<Error> failure;
  try {
    co_await host->engine().pull_image(image, std::move(credentials), log_of(host->name(), image));
    co_await host->look_at_images();
  } catch (const Error& error) {
    std::string why;
    if (error.kind() == Kind::unauthenticated && !known) {
      why = fmt::format("; docker.accounts: account '{}' has no registry '{}' with credentials",
                        account_.name, registry_of(image));
    }
    failure = about_image(error, host->name(), why);
  }
  if (failure) throw *failure;
}

Async<std::optional<engine::RegistryCredentials>> Account::credentials_for(std::string reference) {
  const std::string address = registry_of(reference);
  const auto found = std::find_if(account_.registries.begin(), account_.registries.end(),
                                  [&](const DockerRegistry& one) { return one.address == address; });
  if (found == account_.registries.end()) co_return std::nullopt;
  engine::RegistryCredentials credentials{
      .registry = found->address, .username = found->username, .password = found->password};
  if (!found->password_file.empty()) {
    auto work = [path = found->password_file] { return read_file(path); };
    const auto text = co_await base::run_blocking(ground_.pool, std::move(work));
    if (!text) {
      throw Error(Kind::invalid,
                  fmt::format("docker.accounts: account '{}', registry '{}': passwordFile: there is no '{}'",
                              account_.name, address, found->password_file));
    }
    credentials.password = std::string(base::trimmed(*text));
  }
  co_return credentials;
}

// --- baking

std::vector<Account::HostPointer> Account::hosts_of_bake(const std::string& region,
                                                         const Baking& baking) const {
  std::vector<HostPointer> hosts = reachable_hosts(region);
  // The others pull what is pushed.
  if (!baking.push.empty()) hosts.resize(1);
  return hosts;
}

Async<std::string> Account::base_image_on(std::vector<HostPointer> hosts, Baking baking, Say say) {
  if (baking.base_image.empty()) co_return "";
  std::string id;
  for (const HostPointer& host : hosts) {
    co_await have_image(host, baking.base_image, say);
    const auto image = co_await host->engine().inspect_image(baking.base_image);
    if (image && id.empty()) id = image->id;
  }
  co_return id;
}

/// An image that stays where it is built is not on hosts that come later: they count.
Async<json::object> Account::bake_inputs(model::Operation operation) {
  expect_running();
  const std::string region = region_of(operation.what);
  auto work = [operation] { return baking_of(operation); };
  const Baking baking = co_await base::run_blocking(ground_.pool, std::move(work));
  const std::vector<HostPointer> hosts = hosts_of_bake(region, baking);
  Say nobody;
  const std::string base_id = co_await base_image_on(hosts, baking, std::move(nobody));
  json::object inputs{{"source", "sha256:" + with_base(baking, base_id).content}};
  if (!base_id.empty()) inputs["baseImage"] = fmt::format("{} ({})", baking.base_image, base_id);
  if (!baking.push.empty()) co_return inputs;
  json::array names;
  for (const HostPointer& host : hosts) names.emplace_back(host->name());
  inputs["hosts"] = std::move(names);
  co_return inputs;
}

Async<json::object> Account::bake(model::Operation operation) {
  const std::string region = region_of(operation.what);
  auto work = [operation] { return baking_of(operation); };
  const Baking asked = co_await base::run_blocking(ground_.pool, std::move(work));
  const std::vector<HostPointer> hosts = hosts_of_bake(region, asked);
  const Say say = [log = &bake_log_, key = operation.key](std::string_view line) { log->write(key, line); };
  say(fmt::format("Source: {}, with {}", asked.source.native(), asked.containerfile));
  const std::string base_id = co_await base_image_on(hosts, asked, say);
  if (!base_id.empty()) say(fmt::format("Base image: {} ({})", asked.base_image, base_id));
  const Baking baking = with_base(asked, base_id);
  bool all_there = true;
  for (const HostPointer& host : hosts) {
    const bool there = co_await build_on(host, baking, say);
    all_there = all_there && there;
  }
  if (!baking.push.empty()) co_await push(hosts.front(), baking, say);
  for (const HostPointer& host : hosts) co_await host->look_at_images();
  co_return json::object{{"imageId", baking.push.empty() ? baking.reference : baking.push},
                         {"imageName", baking.name},
                         {"region", region},
                         {"previouslyBaked", all_there}};
}

Async<bool> Account::build_on(HostPointer host, Baking baking, Say say) {
  const engine::ImageFilter filter{.labels = {labelled(baked_content_label, baking.content)}};
  std::vector<engine::Image> found;
  if (!baking.rebake) found = co_await host->engine().list_images(filter);
  if (!found.empty()) say(fmt::format("{}: has {} already", host->name(), baking.reference));
  for (const engine::Image& image : found) {
    const auto& tags = image.tags;
    if (std::find(tags.begin(), tags.end(), baking.reference) != tags.end()) co_return true;
  }
  if (!found.empty()) {
    co_await host->engine().tag_image(found.front().id, baking.reference);
    co_return true;
  }
  engine::BuildOptions options = options_of(baking);
  for (const DockerRegistry& registry : account_.registries) {
    auto credentials = co_await credentials_for(registry.address + "/any");
    if (credentials) options.credentials.push_back(std::move(*credentials));
  }
  say(fmt::format("{}: builds {}", host->name(), baking.reference));
  net::BodySource context = engine::tar_of(ground_.pool, baking.source);
  engine::OnLog on_log = [say](std::string_view line) { say(line); };
  co_await host->engine().build_image(std::move(context), std::move(options), std::move(on_log));
  co_return false;
}

Async<void> Account::push(HostPointer host, Baking baking, Say say) {
  say(fmt::format("{}: pushes {}", host->name(), baking.push));
  co_await host->engine().tag_image(baking.reference, baking.push);
  auto credentials = co_await credentials_for(baking.push);
  co_await host->engine().push_image(baking.push, std::move(credentials), log_of(host->name(), baking.push));
}

}  // namespace gennaker::providers::docker
