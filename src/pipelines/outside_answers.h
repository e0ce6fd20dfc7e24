#pragma once

#include <chrono>
#include <memory>

#include "net/url_fence.h"
#include "pipelines/applications.h"
#include "pipelines/configurations.h"
#include "runner/answerer.h"

namespace gennaker::pipelines {

struct OutsideParts {
  Applications& applications;
  Configurations& configurations;
  net::HttpClient& client;
  std::shared_ptr<const net::UrlFence> fence;  ///< of the URLs that users write
  std::chrono::milliseconds patience{5'000};   ///< before a call that failed is made once more
};

/// What expressions ask of the world outside: the body that a URL answers with a GET (10 MB, 30 s, within the
/// fence; made once more after 429, 500, 503, 504 or no answer), a pipeline's id, an application's
/// attributes. There are no canary configs and no artifact store: a reference stands for itself.
class OutsideAnswers final : public runner::Answerer {
 public:
  explicit OutsideAnswers(OutsideParts parts) : parts_(std::move(parts)) {}

  Async<expressions::Answer> answer(expressions::Question question) override;

 private:
  Async<expressions::Answer> fetch(std::string url);
  Async<expressions::Answer> pipeline_id(std::string application, std::string name);
  Async<expressions::Answer> application(std::string name);

  OutsideParts parts_;
};

}  // namespace gennaker::pipelines
