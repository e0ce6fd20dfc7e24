/** Ad-hoc tasks, traffic guards and cluster locks of the stand-in: enough to see every dialog of the page. */

const byName = (world, name) => world.serverGroups.find((group) => group.name === name);
const upOf = (group) => (group.isDisabled ? 0 : group.instances.filter(({ healthState }) => healthState === 'Up').length);
const homeOf = (world, id) => world.serverGroups.find((group) => group.instances.some((instance) => instance.id === id));

function setTraffic(world, group, on) {
  group.isDisabled = !on;
  for (const instance of group.instances) {
    instance.healthState = on ? 'Up' : 'OutOfService';
    instance.health[0] = { type: 'LoadBalancer', state: instance.healthState, description: on ? 'takes traffic' : 'takes no traffic' };
  }
  world.inventory();
}

function resize(world, group, capacity) {
  group.capacity = capacity;
  while (group.instances.length > capacity.desired) group.instances.pop();
  while (group.instances.length < capacity.desired) {
    group.instances.push(world.instance(group.name, group.instances.length, group.isDisabled ? 'OutOfService' : 'Up', 0));
  }
  world.inventory();
}

const change = (world, id, state) => {
  const instance = homeOf(world, id)?.instances.find((each) => each.id === id);
  if (!instance) return;
  instance.healthState = state;
  instance.health[0] = { type: 'LoadBalancer', state };
  if (state === 'Up') instance.launchTime = Date.now();
  world.inventory();
};

/** What a stage of a task does, by its type. */
const scripts = {
  resizeServerGroup: ({ world, stage: { context } }) => [
    { name: 'resizeServerGroup', ms: 700, then: () => resize(world, byName(world, context.serverGroupName), context.capacity) },
    { name: 'waitForCapacityMatch', ms: 1200, waits: ['the instances to be as many'] },
  ],
  enableServerGroup: ({ world, stage: { context } }) => [
    { name: 'enableServerGroup', ms: 900, then: () => setTraffic(world, byName(world, context.serverGroupName), true) },
  ],
  disableServerGroup: ({ world, stage: { context } }) => [
    { name: 'disableServerGroup', ms: 900, waits: ['14 connections to end'], then: () => setTraffic(world, byName(world, context.serverGroupName), false) },
  ],
  destroyServerGroup: ({ world, stage: { context } }) => [
    { name: 'disableBeforeDestroy', ms: 400 },
    {
      name: 'destroyServerGroup', ms: 900,
      then: () => {
        world.serverGroups = world.serverGroups.filter(({ name }) => name !== context.serverGroupName);
        world.inventory();
      },
    },
  ],
  rollbackServerGroup: ({ world, stage: { context: { rollbackContext: { restoreServerGroupName: good, rollbackServerGroupName: bad } } } }) => [
    {
      part: true, name: `Enable ${good}`, type: 'enableServerGroup',
      script: () => [{ name: 'enableServerGroup', ms: 1100, then: () => setTraffic(world, byName(world, good), true) }],
    },
    {
      part: true, name: `Resize ${good}`, type: 'resizeServerGroup',
      script: () => [{ name: 'resizeServerGroup', ms: 900, then: () => resize(world, byName(world, good), { ...byName(world, bad).capacity }) }],
    },
    {
      part: true, name: `Disable ${bad}`, type: 'disableServerGroup',
      script: () => [{ name: 'disableServerGroup', ms: 900, then: () => setTraffic(world, byName(world, bad), false) }],
    },
  ],
  terminateInstances: ({ world, stage: { context: { instanceIds: [id] } } }) => [
    { name: 'terminateInstances', ms: 900, then: () => change(world, id, 'Starting') },
    { name: 'waitForTerminatedInstances', ms: 900, then: () => change(world, id, 'Up') },
  ],
  rebootInstances: ({ world, stage: { context: { instanceIds: [id] } } }) => [
    { name: 'rebootInstances', ms: 900, then: () => change(world, id, 'Starting') },
    { name: 'waitForUpInstances', ms: 900, then: () => change(world, id, 'Up') },
  ],
  registerInstancesWithLoadBalancer: ({ world, stage: { context: { instanceIds: [id] } } }) => [
    { name: 'registerInstances', ms: 900, then: () => change(world, id, 'Up') },
  ],
  deregisterInstancesFromLoadBalancer: ({ world, stage: { context: { instanceIds: [id] } } }) => [
    { name: 'deregisterInstances', ms: 900, then: () => change(world, id, 'OutOfService') },
  ],
};

export function startTask(world, { application, description, job }) {
  const stages = job.map((stage, index) => ({ refId: String(index), name: stage.type, ...stage, script: scripts[stage.type] }));
  return world.start({ type: 'ORCHESTRATION', application, description, stages }, { type: 'manual', user: 'anonymous' });
}

const verbs = {
  disableServerGroup: 'Disabling', destroyServerGroup: 'Destroying', resizeServerGroup: 'Removal of all instances in',
  terminateInstances: 'Terminating all instances in', deregisterInstancesFromLoadBalancer: 'Deregistering all instances of',
};

function answer(world, group, operation, losesAll) {
  const guards = world.applications.get(group.application).trafficGuards ?? [];
  const left = world.serverGroups.filter((each) => each.cluster === group.cluster && each !== group).reduce((sum, each) => sum + upOf(each), 0);
  const denied = guards.length > 0 && verbs[operation] && losesAll && left === 0 && upOf(group) > 0;
  const reason = `cluster '${group.cluster}' in ${group.account}/${group.region} has traffic guards enabled (set by grace). ${verbs[operation]} [${group.name}] would leave the cluster with no instances up`;
  return { operation, allowed: !denied, ...(denied ? { reason } : {}), guards: guards.map((guard) => ({ ...guard, setBy: 'grace', setAt: Date.now() - 3 * 86_400_000 })) };
}

export function guardOfGroup(world, name, query) {
  const group = byName(world, name);
  const operation = query.get('operation');
  return group && answer(world, group, operation, operation !== 'resizeServerGroup' || query.get('desired') === '0');
}

export function guardOfInstance(world, id, query) {
  const group = homeOf(world, id);
  const others = group?.instances.filter((instance) => instance.id !== id && instance.healthState === 'Up');
  return group && answer(world, group, query.get('operation'), others.length === 0);
}

/** What runs and changes a cluster holds its lock, unless somebody has broken it. */
export function locksOf(world) {
  const held = [];
  for (const execution of world.executions.values()) {
    for (const stage of execution.stages) {
      const changes = stage.type === 'deploy' || (execution.type === 'ORCHESTRATION' && stage.context.serverGroupName);
      if (stage.status !== 'RUNNING' || !changes || world.brokenLocks.has(stage.id)) continue;
      held.push({
        account: 'local', region: 'local', cluster: `${execution.application}-main`, executionId: execution.id, stageId: stage.id,
        since: stage.startTime, description: `stage '${stage.name}' of pipeline '${execution.name ?? ''}', execution ${execution.id}`,
      });
    }
  }
  return held;
}
