/** Pipelines with a script a stage: which tasks and parts it has, how long they take, what they change. */

const manual = [];
let nextId = 1;
const uuid = () => `00000000-0000-4000-8000-${String(nextId++).padStart(12, '0')}`;

/** One image, in a stage below the one that was configured, with a log that grows. */
const bake = ({ world, execution }) => {
  const version = execution.trigger.parameters.version ?? '2';
  const image = { imageName: `demo-service-${version}`, imageId: 'sha256:9f1c4e0b77d2', previouslyBaked: false };
  return [
    {
      part: true, before: true, name: 'Bake in local', type: 'bake', context: { region: 'local' },
      script: ({ stage, time }) => [
        { name: 'createBake', ms: 300, then: () => world.bakes.begin(execution, stage, version, time.past) },
        {
          name: 'monitorBake', ms: 2400, waits: ['copying 214 files', 'installing packages', 'sealing the image'],
          each: (line) => world.bakes.write(stage, line),
          fails: ['the script ended with status 2: see the log'],
        },
        { name: 'completedBake', ms: 150, then: () => world.bakes.end(stage, image), outputs: image },
      ],
    },
    { name: 'completeParallelBake', ms: 100, outputs: image },
  ];
};

/** Red/black: a new server group comes up beside the old one, which then loses its traffic. */
const deploy = (scene) => {
  const { world, execution, time } = scene;
  const application = execution.application;
  const version = execution.trigger.parameters.version || '2';
  let fresh;
  const old = () => world.serverGroups.filter((group) => group.application === application && group !== fresh && !group.isDisabled);
  const { stage } = scene;
  const source = old()[0];
  const number = (sequence) => `${application}-main-v${String(sequence).padStart(3, '0')}`;
  const record = (more) => Object.assign(stage.context, more);
  record({
    credentials: 'local', region: 'local', capacity: { min: 3, max: 3, desired: 3 }, serverGroupRequested: true,
    source: { account: 'local', region: 'local', serverGroupName: source?.name ?? number(2) },
    sourceServerGroupCapacitySnapshot: source?.capacity ?? { min: 3, max: 3, desired: 3 },
  });
  const created = (name) => record({
    createdServerGroupName: name, serverGroupName: name, 'notification.type': 'createServerGroup', 'deploy.server.groups': { local: [name] },
  });
  const create = () => {
    if (time.past) return created(number(3));
    const last = Math.max(0, ...world.serverGroups.filter((group) => group.application === application).map((group) => group.moniker.sequence));
    fresh = world.deployed(application, version, `v${String(last + 1).padStart(3, '0')}`, { sizes: 3, state: 'Starting' });
    created(fresh.name);
  };
  let up = 0;
  const comeUp = () => {
    const instance = fresh?.instances[up++];
    if (!instance) return;
    instance.healthState = 'Up';
    instance.health[0] = { type: 'LoadBalancer', state: 'Up', description: 'takes traffic' };
    world.inventory();
  };
  const disable = () => {
    for (const group of time.past ? [] : old()) {
      group.isDisabled = true;
      group.instances.forEach((instance) => (instance.healthState = 'OutOfService'));
    }
    world.inventory();
  };
  return [
    {
      part: true, before: true, name: 'Find source server group', type: 'determineSourceServerGroup',
      script: () => [{ name: 'findSource', ms: 350, outputs: { source: `${application}-main-v002` } }],
    },
    { name: 'createServerGroup', ms: 1100, then: create, outputs: { 'deploy.server.groups': { local: [`${application}-main-v003`] } } },
    { name: 'startInstances', ms: 900 },
    {
      name: 'waitForUpInstances', ms: 4200,
      waits: ['0 of 3 instances healthy', '1 of 3 instances healthy', '2 of 3 instances healthy'],
      each: (line) => !line.startsWith('0') && comeUp(),
      then: comeUp,
      fails: [
        "server group 'demo-main-v003': instance 'demo-main-v003-2' never became healthy: GET http://127.0.0.1:21043/health answered 503 for 120 s",
        'Its last output: “cannot open config/prices.json: No such file or directory”. The old server group keeps all traffic.',
      ],
    },
    {
      part: true, name: 'Shrink cluster', type: 'shrinkCluster',
      script: () => [{ name: 'findServerGroups', ms: 250 }, { name: 'destroySurplus', ms: 500 }],
    },
    {
      part: true, name: 'Disable old server group', type: 'disableCluster',
      context: { 'notification.type': 'disableServerGroup', 'deploy.server.groups': { local: [stage.context.source.serverGroupName] } },
      script: () => [
        { name: 'stopTraffic', ms: 600, then: disable },
        { name: 'drainConnections', ms: 1700, waits: ['14 connections to end', '3 connections to end'] },
      ],
    },
  ];
};

const check = (path) => () => [
  { name: 'request', ms: 500, outputs: { webhook: { statusCode: 200, body: { status: 'ok' } } } },
  { name: 'monitor', ms: 1200, waits: [`GET ${path} to answer 200`] },
];
const waitScript = ({ stage, time }) => [
  { name: 'wait', ms: 1000 * (time.past ? 30 : stage.context.waitTime), waits: [`${stage.context.waitTime} s to pass`] },
];
const checkEnvironment = ({ execution, fate, stage }) => {
  const met = execution.trigger.parameters.env === 'production';
  const [{ context }] = stage.context.preconditions ?? [{ context: {} }];
  if (!met) fate.failAt = stage.name;
  return [{
    part: true, before: true, name: 'Check precondition (expression)', type: 'checkPreconditions',
    context: { preconditionType: 'expression', context: { ...context, expressionResult: String(met) } },
    fails: [context.failureMessage], script: () => [{ name: 'checkPrecondition', ms: 300 }],
  }];
};
const approve = () => [{ name: 'waitForJudgment', waits: ['a decision'], until: (context) => Boolean(context.judgmentStatus) }];

const deployPipeline = (application, more = {}) => ({
  id: uuid(), schema: '1', application, name: `Deploy ${application}`, index: 0, limitConcurrent: true, keepWaitingPipelines: false,
  updateTs: '1714672345678', lastModifiedBy: 'anonymous', triggers: [{ type: 'webhook', source: 'ci', enabled: true }],
  description: 'Bake, deploy red/black, check that it answers',
  parameterConfig: [
    { name: 'version', label: 'Version', required: true, default: '2', description: 'What the new instances answer with' },
    { name: 'instances', label: 'Instances', default: '3', hasOptions: true, options: [{ value: '1' }, { value: '3' }, { value: '5' }] },
  ],
  stages: [
    { refId: '1', type: 'bake', name: 'Bake', account: 'local', sources: 'examples/demo-service', script: bake },
    { refId: '2', requisiteStageRefIds: ['1'], type: 'deploy', name: 'Deploy', clusters: [{ account: 'local', application, stack: 'main', strategy: 'redblack', capacity: { min: 3, max: 3, desired: 3 }, loadBalancers: [`${application}-front`] }], script: deploy },
    { refId: '3', requisiteStageRefIds: ['2'], type: 'webhook', name: 'Answers on its port', url: 'http://127.0.0.1:8000/', script: check('/') },
    { refId: '4', requisiteStageRefIds: ['2'], type: 'webhook', name: 'Health of all instances', url: 'http://127.0.0.1:8000/health', script: check('/health') },
    { refId: '5', requisiteStageRefIds: ['3', '4'], type: 'checkPreconditions', name: 'Done', preconditions: [{ type: 'expression', context: { expression: 'true' } }], script: () => [{ name: 'checkPrecondition', ms: 300 }] },
  ],
  ...more,
});

export const pipelines = [
  deployPipeline('demo'),
  {
    id: uuid(), schema: '1', application: 'demo', name: 'Promote demo', index: 1, triggers: manual, updateTs: '1714672345678',
    description: 'Soak in staging, ask a person, then go to production',
    parameterConfig: [{ name: 'target', label: 'Environment', default: 'staging', hasOptions: true, options: [{ value: 'staging' }, { value: 'production' }] }],
    stages: [
      { refId: '1', type: 'wait', name: 'Soak', waitTime: 2, script: waitScript },
      { refId: '2', requisiteStageRefIds: ['1'], type: 'manualJudgment', name: 'Approve', instructions: 'Error rate and latency of the new version look good on the dashboard?\nContinue sends it to production.', judgmentInputs: [{ value: 'All of it' }, { value: 'Half of the traffic' }], script: approve },
      { refId: '3', requisiteStageRefIds: ['2'], type: 'enableServerGroup', name: 'Send traffic', script: () => [{ name: 'enableServerGroup', ms: 900 }, { name: 'waitForUpInstances', ms: 1200, waits: ['1 of 3 instances healthy'] }] },
    ],
  },
  {
    id: uuid(), schema: '1', application: 'demo', name: 'Nightly checks', index: 2, updateTs: '1714672345678',
    triggers: [{ type: 'cron', cronExpression: '0 0 2 * * ?', enabled: true }],
    stages: [
      { refId: '1', type: 'wait', name: 'Settle', waitTime: 600, script: waitScript },
      { refId: '2', requisiteStageRefIds: ['1'], type: 'webhook', name: 'Load test', script: () => [{ name: 'request', ms: 900 }, { name: 'monitor', ms: 48_000, waits: ['the load test to end'], fails: ['webhook http://127.0.0.1:9100/load answered 500: p99 latency 812 ms is above the limit of 250 ms'] }] },
      { refId: '3', requisiteStageRefIds: ['1'], type: 'webhook', name: 'Backup check', script: check('/backup') },
      { refId: '4', requisiteStageRefIds: ['2', '3'], type: 'pipeline', name: 'Report', script: () => [{ name: 'startPipeline', ms: 300 }, { name: 'monitorPipeline', ms: 2500 }] },
    ],
  },
  { id: uuid(), schema: '1', application: 'demo', name: 'Tear down', index: 3, disabled: true, triggers: [], updateTs: '1714672345678', stages: [{ refId: '1', type: 'destroyServerGroup', name: 'Destroy oldest' }] },
  {
    id: uuid(), schema: '1', application: 'demo', name: 'Guarded release', index: 4, triggers: manual, updateTs: '1714672345678',
    description: 'Goes on in production only',
    parameterConfig: [{ name: 'env', label: 'Environment', default: 'staging' }],
    stages: [
      {
        refId: '1', type: 'wait', name: 'Settle', waitTime: 1, cluster: 'demo-main', regions: ['local'],
        comments: 'Waits for ${clustr.size()} instances', clusters: [{ stack: '${stak}', script: 'exit ${STATUS}' }],
        expressionEvaluationSummary: {
          'Waits for clustr.size() instances': [{ level: 'ERROR', description: 'Failed to evaluate [comments] EL1011E: size(...) is called on null: ?.size(...) gives null then' }],
          stak: [{ level: 'INFO', description: 'Failed to evaluate [stack] : stak not found' }],
        },
        script: waitScript,
      },
      {
        refId: '2', requisiteStageRefIds: ['1'], type: 'checkPreconditions', name: 'Production only',
        preconditions: [{ type: 'expression', context: { expression: "parameters.env == 'production'", failureMessage: 'Only production is released' } }],
        script: checkEnvironment,
      },
    ],
  },
  deployPipeline('billing'),
  deployPipeline('catalog'),
  deployPipeline('gateway'),
];
