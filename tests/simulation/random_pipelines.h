#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "rehearsal/world.h"

/// Pipelines, clouds and a world outside, drawn from a seed.
namespace gennaker::simulation {

namespace json = boost::json;

/// A cloud account "local" with some clusters of the application "shop", and a pipeline that acts on them.
struct Scene {
  std::vector<rehearsal::AccountState> accounts;
  std::vector<json::object> saved;  ///< pipelines that others start
  json::object config;
  json::object parameters;
  /// Every stage waits for the one before. Else branches run side by side, each on a cluster of its own.
  bool chain = true;
};

/// What is drawn. A seed gives the same scene for ever only for the same variety, and what is added goes to
/// the larger one: the seeds that decision 16 names keep their meaning.
enum class Variety { usual, all };

class SceneMaker {
 public:
  explicit SceneMaker(std::uint64_t seed, Variety variety = Variety::usual)
      : random_(seed), variety_(variety) {}
  Scene make();

  /// The parts that a scene is made of.
  rehearsal::AccountState make_account();
  json::array make_stages(bool chain, int depth);
  json::object make_deploy(const std::string& cluster, const std::vector<std::string>& before);
  json::object on_server_group(std::string_view type, const std::string& cluster);
  json::object on_cluster(std::string_view type, const std::string& cluster);
  /// The pipelines that stages made so far start.
  std::vector<json::object> take_saved() { return std::exchange(saved_, {}); }

 private:
  int below(int end) { return static_cast<int>(random_.next() % static_cast<std::uint64_t>(end)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(static_cast<int>(choices.size()))];
  }

  json::object make_stage(const std::string& cluster, const std::vector<std::string>& before, int depth);
  json::object make_bake(const std::string& name);
  json::object make_condition(const std::vector<std::string>& before);
  // more_stages.cpp: what Variety::all has beyond the usual.
  void vary_deployment(json::object& description);
  json::object make_another_stage(const std::string& cluster);
  json::object make_resize(const std::string& cluster);
  json::object make_pin(const std::string& cluster);
  json::object make_instances(const std::string& cluster);
  json::object make_clone(const std::string& cluster);
  json::object make_rollback(const std::string& cluster);
  json::object make_image_stage();
  json::object make_job();
  std::string some_server_group(const std::string& cluster);

  void add_options(json::object& stage, const std::vector<std::string>& before);

  base::SeededRandom random_;
  const Variety variety_;
  int names_ = 0;
  bool in_child_ = false;
  std::vector<json::object> saved_;
};

/// The world as it turns out to be when the pipeline runs: people take their time, services answer something,
/// clouds lose answers and are called twice.
class Reality final : public rehearsal::Outside {
 public:
  explicit Reality(std::uint64_t seed) : random_(seed) {}
  void set_world(rehearsal::World* world) { world_ = world; }

  std::optional<runner::TaskResult> instead_of(const runner::TaskContext& context,
                                               const runner::Task& task) override;
  CallAnswer on_call(const net::ClientRequest& request) override;

 private:
  std::chrono::milliseconds some_time();

  base::SeededRandom random_;
  rehearsal::World* world_ = nullptr;
  std::set<std::string> judged_;
};

}  // namespace gennaker::simulation
