#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "clients/docker/api.h"
#include "clients/docker/container_json.h"
#include "clients/docker/engine.h"
#include "clients/docker/image_json.h"
#include "clients/docker/transfer.h"

/// The part of Engine that is about images.
namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

constexpr int not_found = 404;
/// Longest silence of a pull, a push or a build: a single step of a build may take long without a word.
constexpr std::chrono::minutes transfer_silence{10};
constexpr std::chrono::hours build_silence{2};

ApiCall list_call(const ImageFilter& filter) {
  json::object conditions;
  if (!filter.labels.empty()) conditions["label"] = to_array(filter.labels);
  if (!filter.reference.empty()) conditions["reference"] = json::array{json::string(filter.reference)};
  const std::string filters = conditions.empty() ? "" : base::to_text(conditions);
  return {.what = "list images", .path = "/images/json" + query({{"filters", filters}})};
}

/// "/images/{reference}", the reference checked; its characters need no encoding.
std::string image_path(const std::string& reference, std::string_view rest) {
  parse_reference(reference);
  return fmt::format("/images/{}{}", reference, rest);
}

ApiCall pull_call(const std::string& reference, const std::optional<RegistryCredentials>& credentials) {
  const ImageReference parsed = parse_reference(reference);
  ApiCall call{.what = fmt::format("pull '{}'", reference),
               .method = "POST",
               .path = "/images/create" + query({{"fromImage", parsed.repository}, {"tag", parsed.tag}}),
               .timeout = transfer_silence};
  if (credentials) call.headers["X-Registry-Auth"] = auth_header(*credentials);
  return call;
}

ApiCall push_call(const std::string& reference, const std::optional<RegistryCredentials>& credentials) {
  const ImageReference parsed = parse_reference(reference);
  if (reference.find('@') != std::string::npos) {
    throw Error(Kind::invalid, fmt::format("push '{}': a tag is needed, not a digest", reference));
  }
  ApiCall call{.what = fmt::format("push '{}'", reference),
               .method = "POST",
               .path = image_path(parsed.repository, "/push" + query({{"tag", parsed.tag}})),
               .timeout = transfer_silence};
  // Docker wants the header also where it says nothing.
  call.headers["X-Registry-Auth"] = auth_header(credentials.value_or(RegistryCredentials{}));
  return call;
}

ApiCall tag_call(const std::string& reference, const std::string& new_reference) {
  const ImageReference parsed = parse_reference(new_reference);
  return {.what = fmt::format("tag '{}' as '{}'", reference, new_reference),
          .method = "POST",
          .path = image_path(reference, "/tag" + query({{"repo", parsed.repository}, {"tag", parsed.tag}}))};
}

/// Several parameters of one name, which query() does not know.
std::string tag_parameters(const std::vector<std::string>& tags) {
  std::string text;
  for (const std::string& tag : tags) {
    parse_reference(tag);
    text += "&t=" + net::percent_encode(tag);
  }
  return text;
}

ApiCall build_call(const BuildOptions& options) {
  const auto text = [](const std::map<std::string, std::string>& map) {
    return map.empty() ? "" : base::to_text(to_object(map));
  };
  ApiCall call{.what = options.tags.empty() ? "build an image" : fmt::format("build '{}'", options.tags[0]),
               .method = "POST",
               .path = "/build" + query({{"dockerfile", options.containerfile},
                                         {"buildargs", text(options.arguments)},
                                         {"labels", text(options.labels)},
                                         {"target", options.target},
                                         {"nocache", options.use_cache ? "" : "true"},
                                         {"pull", options.always_pull ? "true" : ""},
                                         {"networkmode", options.network},
                                         {"rm", "true"},
                                         {"forcerm", "true"}}),
               .timeout = build_silence};
  call.path += tag_parameters(options.tags);
  if (!options.credentials.empty()) call.headers["X-Registry-Config"] = config_header(options.credentials);
  return call;
}

/// "1: digest: sha256:0123 size: 423"
std::string digest_in(std::string_view status) {
  static constexpr std::string_view mark = "digest: ";
  const auto at = status.find(mark);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = status.substr(at + mark.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string digest_of(const json::object& line) {
  std::string digest = base::string_or(object_or_empty(line, "aux"), "Digest", "");
  return digest.empty() ? digest_in(base::string_or(line, "status", "")) : digest;
}

/// "Loaded image: a:1,b:2" or "Loaded image ID: sha256:0123": Podman names several in one line.
void add_loaded(std::vector<std::string>& names, std::string_view text) {
  std::string_view rest = base::trimmed(text);
  if (!rest.starts_with("Loaded image")) return;
  const auto mark = rest.find(": ");
  if (mark == std::string_view::npos) return;
  rest.remove_prefix(mark + 2);
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    names.emplace_back(base::trimmed(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
}

/// Makes lines of the texts of a build, which are cut where the engine liked.
class BuildLog {
 public:
  explicit BuildLog(OnLog on_log) : on_log_(std::move(on_log)) {}
  void take(std::string_view text) {
    rest_ += text;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      tell(std::string_view(rest_).substr(0, end));
      rest_.erase(0, end + 1);
    }
  }
  void finish() {
    if (!rest_.empty()) tell(rest_);
  }

 private:
  void tell(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (on_log_) on_log_(line);
  }
  OnLog on_log_;
  std::string rest_;
};

/// Carries a pull or a push to its end.
Async<std::string> transfer(Api& api, ApiCall call, OnProgress on_progress) {
  Transfer transfer;
  std::string digest;
  auto following = api.follow(std::move(call), Kind::internal, [&](const json::object& line) {
    transfer.take(line);
    if (std::string told = digest_of(line); !told.empty()) digest = std::move(told);
    if (on_progress) on_progress(transfer.progress());
  });
  co_await std::move(following);
  co_return digest;
}

}  // namespace

Async<std::vector<Image>> Engine::list_images(ImageFilter filter) {
  ApiCall call = list_call(filter);
  const std::string what = api_->named(call.what);
  const auto answer = co_await api_->look(std::move(call));
  std::vector<Image> found;
  for (const auto& row : objects_in(answer, what)) found.push_back(image_of_row(row));
  co_return found;
}

Async<std::optional<Image>> Engine::inspect_image(std::string reference) {
  ApiCall call{.what = fmt::format("inspect image '{}'", reference), .path = image_path(reference, "/json")};
  const std::string what = api_->named(call.what);
  const auto answer = co_await api_->look(std::move(call), not_found);
  if (answer.status == not_found) co_return std::nullopt;
  co_return image_of(object_in(answer, what));
}

Async<void> Engine::pull_image(std::string reference, std::optional<RegistryCredentials> credentials,
                               OnProgress on_progress) {
  ApiCall call = pull_call(reference, credentials);
  co_await transfer(*api_, std::move(call), std::move(on_progress));
}

Async<void> Engine::tag_image(std::string reference, std::string new_reference) {
  ApiCall call = tag_call(reference, new_reference);
  co_await api_->ask(std::move(call));
}

Async<std::string> Engine::push_image(std::string reference, std::optional<RegistryCredentials> credentials,
                                      OnProgress on_progress) {
  ApiCall call = push_call(reference, credentials);
  co_return co_await transfer(*api_, std::move(call), std::move(on_progress));
}

Async<Change> Engine::remove_image(std::string reference, Force force) {
  ApiCall call{.what = fmt::format("remove image '{}'", reference),
               .method = "DELETE",
               .path = image_path(reference, force == Force::yes ? "?force=true" : "")};
  const auto answer = co_await api_->ask(std::move(call), not_found);
  co_return answer.status == not_found ? Change::already : Change::done;
}

Async<std::vector<std::string>> Engine::load_image(net::BodySource tar) {
  ApiCall call{.what = "load images",
               .method = "POST",
               .path = "/images/load?quiet=true",
               .upload = std::move(tar),
               .timeout = transfer_silence};
  std::vector<std::string> names;
  auto following = api_->follow(std::move(call), Kind::invalid, [&names](const json::object& line) {
    add_loaded(names, base::string_or(line, "stream", ""));
  });
  co_await std::move(following);
  co_return names;
}

Async<std::string> Engine::build_image(net::BodySource context, BuildOptions options, OnLog on_log) {
  ApiCall call = build_call(options);
  const std::string what = api_->named(call.what);
  call.upload = std::move(context);
  BuildLog log(std::move(on_log));
  std::string id;
  auto following = api_->follow(std::move(call), Kind::invalid, [&](const json::object& line) {
    log.take(base::string_or(line, "stream", ""));
    if (auto built = base::string_member(object_or_empty(line, "aux"), "ID")) id = std::move(*built);
  });
  co_await std::move(following);
  log.finish();
  if (id.empty()) throw Error(Kind::invalid, what + ": the engine does not say which image it has made");
  co_return id;
}

}  // namespace gennaker::clients::docker
