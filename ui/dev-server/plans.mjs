/**
 * POST /pipelines/plan of the stand-in: red/black deployments in the way the page has to draw them, against what the world holds.
 * What a parameter is called decides what can be seen: `version` "broken" makes a plan that fails, "none" one that cannot be made.
 */

const before = '⟨', behind = '⟩';

export function plan(world, config, parameters) {
  const lacking = (config.parameterConfig ?? []).filter(({ name, required }) => required && !parameters[name]);
  const problems = lacking.map(({ name }) => ({
    level: 'error', pipeline: config.name, field: `parameters.${name}`, message: `Required parameter ${name} is missing; a value is needed`,
  }));
  const scene = { world, config, parameters, problems };
  const stages = config.stages.map((stage) => planned(scene, stage));
  const failed = stages.findIndex(({ outcome }) => outcome === 'fails');
  for (const stage of stages.slice(failed + 1)) if (failed >= 0) Object.assign(stage, { outcome: 'not reached', before: [], after: [], operations: [] });
  return { application: config.application, name: config.name, pipelineConfigId: config.id, status: failed < 0 ? 'SUCCEEDED' : 'TERMINAL', stages, problems };
}

function planned(scene, { refId, requisiteStageRefIds = [], type, name, ...context }) {
  const stage = { refId, requisiteStageRefIds, type, name, outcome: 'runs', tasks: [], operations: [], before: [], after: [] };
  return { ...stage, ...(kinds[type] ?? (() => ({})))(scene, context, stage) };
}

const part = (stage, place, number, name, operations) => ({
  refId: `${stage.refId}${place}${number}`, name, type: name, outcome: 'runs', tasks: [], before: [], after: [], operations,
});

const kinds = {
  bake: ({ config, parameters }, _context, stage) => ({
    before: [part(stage, '<', 1, 'Bake in local', [
      { kind: 'bake', account: 'local', what: { name: `${config.application}-service`, region: 'local', version: parameters.version ?? '' } },
    ])],
  }),
  deploy({ world, config: { application, name }, parameters, problems }, _context, stage) {
    if (parameters.version === 'broken') {
      const message = `image '${application}-service broken' is not there`;
      problems.push({ level: 'error', pipeline: name, stage: '2<1', message });
      return { outcome: 'fails', message };
    }
    const [source, ...older] = world.serverGroups.filter((group) => group.application === application).reverse();
    const desired = Number(parameters.instances ?? 3);
    const image = `${before}id of image '${application}-service ${parameters.version}'${behind}`;
    const was = source?.capacity.desired;
    const sizes = ['capacity.desired', 'capacity.max', 'capacity.min'].map((field) => ({ field, ...(source ? { from: was } : {}), to: desired }));
    const changes = [
      { field: 'image', ...(source ? { from: `${source.image.imageName} (${source.image.imageId})` } : {}), to: image },
      ...(was === desired ? [] : sizes),
      { field: 'env.LOG_LEVEL', ...(source ? { from: 'info' } : {}), to: 'debug' },
      { field: 'env.SLOW_START_MS', to: '2000' },
      ...(source ? [{ field: 'env.LEGACY_PRICES', from: 'yes' }] : [{ field: 'loadBalancers', to: [`${application}-front`] }]),
    ];
    const create = {
      kind: 'createServerGroup', account: 'local',
      what: { application, stack: 'main', freeFormDetails: '', region: 'local', imageId: image, capacity: { min: desired, max: desired, desired } },
      preview: { ...(source ? { against: source.name } : {}), changes },
    };
    const on = (kind, group) => ({ kind, account: 'local', what: { serverGroupName: group.name, region: 'local' } });
    return {
      before: [{
        ...part(stage, '<', 1, 'Deploy in local', [create]),
        after: [
          part(stage, '<1>', 1, 'Shrink Cluster', older.map((group) => on('destroyServerGroup', group))),
          part(stage, '<1>', 2, 'Disable Cluster', source ? [on('disableServerGroup', source)] : []),
        ],
      }],
    };
  },
  webhook: () => ({ assumed: ['createWebhook succeeds'] }),
  manualJudgment: () => ({ assumed: ['a person says: continue'] }),
  wait: (_scene, { waitTime }) => ({ startsAfterMs: waitTime > 60 ? 1000 * waitTime : undefined }),
  pipeline: () => ({ assumed: ['the pipeline succeeds'], incomplete: true }),
  checkPreconditions({ config, parameters, problems }, _context, { refId }) {
    if (config.name !== 'Guarded release' || parameters.env === 'production') return {};
    problems.push({ level: 'error', pipeline: config.name, stage: `${refId}<1`, message: 'Only production is released' });
    return { outcome: 'fails' };
  },
  enableServerGroup: ({ world, config }) => ({
    outcome: 'may run', condition: "#stage('Approve')['judgmentInput'] == 'All of it'",
    operations: world.serverGroups.filter((group) => group.application === config.application && group.isDisabled).slice(0, 1)
      .map((group) => ({ kind: 'enableServerGroup', account: 'local', what: { serverGroupName: group.name, region: 'local' } })),
  }),
};
