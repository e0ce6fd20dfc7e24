/** The addresses of the page's views, below its base. */
export const applicationUrl = (application: string) => `/applications/${encodeURIComponent(application)}`;
export const clustersUrl = (application: string) => `${applicationUrl(application)}/clusters`;
/** With the parameters that are not as the pipeline has them by itself. */
export const planUrl = (application: string, pipeline: string, parameters: Record<string, string> = {}) => {
  const query = new URLSearchParams(parameters).toString();
  return `${applicationUrl(application)}/pipelines/${encodeURIComponent(pipeline)}/plan${query && `?${query}`}`;
};
export const executionUrl = (application: string, id: string) =>
  `${applicationUrl(application)}/executions/${encodeURIComponent(id)}`;
export const stageUrl = (application: string, execution: string, stage: string) =>
  `${executionUrl(application, execution)}?stage=${encodeURIComponent(stage)}`;
