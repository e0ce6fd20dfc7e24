/** The names of what is cached, one a resource. The live stream and the hooks meet here. */
export const keys = {
  applications: ['applications'] as const,
  application: (application: string) => ['application', application] as const,
  pipelineConfigs: (application: string) => ['pipelineConfigs', application] as const,
  /** Without `limit`: the lists of all lengths. */
  executions: (application: string, limit?: number) =>
    limit === undefined ? (['executions', application] as const) : (['executions', application, limit] as const),
  execution: (id: string) => ['execution', id] as const,
  /** Without the rest: all that was explained of an execution. */
  explanation: (execution: string, stage?: string, text?: string) =>
    stage === undefined ? (['explanation', execution] as const) : (['explanation', execution, stage, text] as const),
  clusters: (application: string) => ['infrastructure', application, 'clusters'] as const,
  serverGroups: (application: string) => ['infrastructure', application, 'serverGroups'] as const,
  loadBalancers: (application: string) => ['infrastructure', application, 'loadBalancers'] as const,
  /** Everything that an account's inventory feeds. */
  infrastructure: ['infrastructure'] as const,
  instance: (account: string, region: string, id: string) =>
    ['infrastructure', 'instance', account, region, id] as const,
  /** Of what a pipeline would do; they grow old with whatever changes. */
  plans: ['plan'] as const,
  plan: (application: string, pipeline: string, parameters: Record<string, string>) =>
    ['plan', application, pipeline, parameters] as const,
  /** In the state that its stage has on record: another one is another answer. */
  bake: (id: string, state?: string) => ['bake', id, state] as const,
  accounts: ['accounts'] as const,
  /** They change with executions; the inventory's events are a second occasion to look. */
  clusterLocks: ['infrastructure', 'clusterLocks'] as const,
  guards: ['infrastructure', 'guard'] as const,
  guard: (url: string) => ['infrastructure', 'guard', url] as const,
  console: (account: string, region: string, id: string) => ['console', account, region, id] as const,
};
