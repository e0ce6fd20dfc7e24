/** The addresses of the page's views, below its base. */
export const applicationUrl = (application: string) => `/applications/${encodeURIComponent(application)}`;
export const clustersUrl = (application: string) => `${applicationUrl(application)}/clusters`;
export const executionUrl = (application: string, id: string) =>
  `${applicationUrl(application)}/executions/${encodeURIComponent(id)}`;
export const stageUrl = (application: string, execution: string, stage: string) =>
  `${executionUrl(application, execution)}?stage=${encodeURIComponent(stage)}`;
