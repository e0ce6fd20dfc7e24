/**
 * A world for the page to look at while it is developed: applications, pipelines, executions that move and
 * server groups that come and go, in the API's shapes. Nothing here is meant to be right about deployment;
 * it is meant to show every state that the page can draw.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Bakes } from './bakes.mjs';
import { pipelines } from './pipelines.mjs';

const complete = new Set(['SUCCEEDED', 'TERMINAL', 'CANCELED', 'SKIPPED', 'STOPPED', 'FAILED_CONTINUE']);
const minute = 60_000;
const hour = 60 * minute;

export class World extends EventEmitter {
  applications = new Map();
  pipelines = new Map();
  executions = new Map();
  serverGroups = [];
  loadBalancers = [];
  bakes = new Bakes();
  /** Ids of stages whose lock somebody took away. */
  brokenLocks = new Set();
  feed = [];
  /** How much faster than described things happen. */
  speed;

  constructor({ speed = 1, empty = false } = {}) {
    super();
    this.setMaxListeners(1000);
    this.speed = speed;
    if (!empty) this.ready = this.populate();
  }

  // --- what is there at the start

  async populate() {
    const created = String(Date.now() - 90 * hour);
    for (const [name, email, description] of [
      ['demo', 'demo@example.com', 'The demo service: answers with its version'],
      ['billing', 'payments@example.com', 'Invoices and dunning'],
      ['catalog', 'shop@example.com', 'Products, prices and search'],
      ['gateway', 'edge@example.com', 'Public entry, TLS and rate limits'],
      ['newcomer', 'you@example.com', ''],
    ]) {
      const cloudProviders = 'local';
      this.applications.set(name, { name, email, description, cloudProviders, accounts: 'local', createTs: created, updateTs: created });
    }
    for (const guarded of ['billing', 'demo']) {
      this.applications.get(guarded).trafficGuards = [{ account: 'local', location: '*', stack: 'main', detail: '' }];
    }
    for (const config of pipelines) this.pipelines.set(config.id, config);
    this.balancer('demo', 8000);
    this.balancer('billing', 8010);
    this.deployed('demo', 1, 'v001', { disabled: true, age: 26 * hour, sizes: 2 });
    this.deployed('demo', 1, 'v002', { age: 2 * hour, sizes: 3 });
    this.deployed('billing', 41, 'v017', { age: 70 * hour, sizes: 4, odd: 'Down' });
    this.deployed('billing', 40, 'v016', { age: 96 * hour, sizes: 2, disabled: true });

    const past = [
      ['Deploy demo', 26 * hour, {}, { version: '1' }, { type: 'manual', user: 'grace' }],
      ['Deploy demo', 5 * hour, { failAt: 'Deploy' }, { version: '2-rc1' }, { type: 'manual', user: 'ada' }],
      ['Deploy demo', 3 * hour, { cancelAt: 'Deploy' }, { version: '2-rc1' }, { type: 'webhook', source: 'ci', user: 'ci' }],
      ['Deploy demo', 2 * hour, {}, { version: '2-rc2' }, { type: 'manual', user: 'ada' }],
      ['Promote demo', 25 * hour, {}, { target: 'production' }, { type: 'pipeline', parentPipelineName: 'Deploy demo' }],
      ['Promote demo', 4 * hour, { stopAt: 'Approve' }, { target: 'staging' }, { type: 'manual', user: 'grace' }],
      ['Nightly checks', 30 * hour, {}, {}, { type: 'cron', cronExpression: '0 0 2 * * ?' }],
      ['Nightly checks', 6 * hour, { failAt: 'Load test' }, {}, { type: 'cron', cronExpression: '0 0 2 * * ?' }],
      ['Guarded release', 7 * hour, {}, { env: 'staging' }, { type: 'manual', user: 'lin' }],
      ['Deploy billing', 70 * hour, {}, { version: '41' }, { type: 'webhook', source: 'ci' }],
      ['Deploy catalog', 8 * hour, { failAt: 'Deploy' }, { version: '3.9' }, { type: 'manual', user: 'lin' }],
      ['Deploy gateway', 40 * hour, {}, { version: '12' }, { type: 'manual', user: 'lin' }],
    ];
    for (const [name, ago, fate, parameters, trigger] of past) {
      const config = [...this.pipelines.values()].find((each) => each.name === name);
      await this.run(config, { parameters, ...trigger }, { fate, time: new PastTime(Date.now() - ago) });
    }
  }

  balancer(application, port) {
    this.loadBalancers.push({
      name: `${application}-front`, account: 'local', region: 'local', cloudProvider: 'local', type: 'local',
      moniker: { app: application }, port,
    });
  }

  deployed(application, version, number, { disabled = false, age = 0, sizes = 3, odd, state = 'Up' } = {}) {
    const name = `${application}-main-${number}`;
    const group = {
      name, account: 'local', region: 'local', cluster: `${application}-main`, application, cloudProvider: 'local',
      type: 'local', isDisabled: disabled, createdTime: Date.now() - age,
      capacity: { min: sizes, max: sizes, desired: sizes }, loadBalancers: [`${application}-front`],
      moniker: { app: application, cluster: `${application}-main`, stack: 'main', sequence: Number(number.slice(1)) },
      buildInfo: { version: String(version) },
      image: { imageId: `sha256:${randomBytes(6).toString('hex')}`, imageName: `${application}-service-${version}` },
      launchConfig: {},
      instances: Array.from({ length: sizes }, (_, index) => this.instance(name, index, index === sizes - 1 && odd ? odd : state, age)),
    };
    if (disabled) group.instances.forEach((each) => (each.healthState = 'OutOfService'));
    this.serverGroups.push(group);
    this.inventory();
    return group;
  }

  instance(group, index, healthState, age) {
    return {
      id: `${group}-${index}`, name: `${group}-${index}`, healthState, launchTime: Date.now() - age, availabilityZone: 'local',
      health: [
        { type: 'LoadBalancer', state: healthState, description: healthState === 'Up' ? 'takes traffic' : 'GET /health: connection refused' },
        { type: 'Process', state: 'Up' },
      ],
    };
  }

  inventory() {
    this.emit('inventory', { account: 'local', revision: Date.now() });
  }

  // --- running

  start(config, trigger) {
    const execution = this.create(config, trigger, new PresentTime(this.speed));
    void this.go(execution, config, {}, new PresentTime(this.speed));
    return execution;
  }

  async run(config, trigger, { fate, time }) {
    const execution = this.create(config, trigger, time);
    await this.go(execution, config, fate, time);
  }

  create(config, trigger, time) {
    const id = ulid(time.now());
    const execution = {
      type: config.type ?? 'PIPELINE', id, rootId: id, application: config.application, name: config.name,
      ...(config.type ? { description: config.description } : {}), pipelineConfigId: config.id,
      buildTime: time.now(), status: 'NOT_STARTED', canceled: false, limitConcurrent: false, keepWaitingPipelines: false,
      origin: 'api', trigger: { type: 'manual', user: 'anonymous', parameters: {}, artifacts: [], notifications: [], ...trigger },
      authentication: { user: trigger.user ?? 'anonymous', allowedAccounts: ['local'] }, notifications: [], initialConfig: {},
      systemNotifications: [],
      stages: config.stages.map(({ refId, requisiteStageRefIds = [], type, name, script, ...context }) => ({
        id: ulid(time.now()), refId, type, name, status: 'NOT_STARTED', context: { ...context }, outputs: {}, tasks: [],
        requisiteStageRefIds,
      })),
    };
    this.executions.set(id, execution);
    this.changed(execution, execution.stages);
    return execution;
  }

  async go(execution, config, fate, time) {
    await time.sleep(250);
    execution.startTime = time.now();
    execution.status = 'RUNNING';
    this.changed(execution);
    const ends = new Map();
    const runs = new Map();
    const runTop = async (stage) => {
      await Promise.all(stage.requisiteStageRefIds.map((ref) => runs.get(ref)));
      const before = execution.stages.filter((each) => stage.requisiteStageRefIds.includes(each.refId) && !each.parentStageId);
      if (before.some((each) => each.status !== 'SUCCEEDED') || execution.canceled) return;
      const own = time.fork(Math.max(execution.startTime, ...before.map((each) => ends.get(each.refId))));
      const script = config.stages.find((each) => each.refId === stage.refId).script;
      await this.runStage(execution, stage, script, fate, own);
      ends.set(stage.refId, own.now());
    };
    for (const stage of [...execution.stages]) runs.set(stage.refId, runTop(stage));
    await Promise.all(runs.values());
    const states = execution.stages.map((stage) => stage.status);
    execution.endTime = Math.max(execution.startTime, ...ends.values());
    execution.status = execution.canceled || states.includes('CANCELED') ? 'CANCELED' : states.includes('TERMINAL') ? 'TERMINAL' : 'SUCCEEDED';
    this.changed(execution);
  }

  async runStage(execution, stage, script, fate, time) {
    stage.status = 'RUNNING';
    stage.startTime = time.now();
    const scene = { world: this, execution, stage, time, fate };
    const steps = script ? script(scene) : [{ name: 'run', ms: 900 }];
    stage.tasks = steps.filter((step) => !step.part).map((step, index) => ({
      id: String(index + 1), name: step.name, implementingClass: step.name, status: 'NOT_STARTED',
      stageStart: false, stageEnd: false, loopStart: false, loopEnd: false,
    }));
    const parts = steps.filter((step) => step.part).map((step, index) => this.addPart(execution, stage, step, index));
    this.changed(execution, [stage, ...parts]);
    let task = 0;
    let part = 0;
    for (const step of steps) {
      const failing = fate.failAt === stage.name && step.fails;
      if (step.part) {
        await this.runStage(execution, parts[part++], step.script, failing ? { failAt: step.name, errors: step.fails } : {}, time);
        if (failing || execution.canceled) return this.end(execution, stage, failing ? 'TERMINAL' : 'CANCELED', time);
        continue;
      }
      const outcome = await this.runTask(execution, stage, stage.tasks[task++], step, fate, time);
      if (outcome !== 'SUCCEEDED') return this.end(execution, stage, outcome, time);
    }
    this.end(execution, stage, 'SUCCEEDED', time);
  }

  addPart(execution, parent, step, index) {
    const owner = step.before ? 'STAGE_BEFORE' : 'STAGE_AFTER';
    const part = {
      id: ulid(Date.now()), refId: `${parent.refId}${step.before ? '<' : '>'}${index + 1}`, type: step.type ?? step.name, name: step.name,
      status: 'NOT_STARTED', context: { ...step.context }, outputs: {}, tasks: [], requisiteStageRefIds: [],
      syntheticStageOwner: owner, parentStageId: parent.id,
    };
    const at = execution.stages.indexOf(parent);
    const family = execution.stages.filter((each) => each.parentStageId === parent.id && each.syntheticStageOwner === owner).length;
    execution.stages.splice(step.before ? at : at + 1 + family, 0, part);
    return part;
  }

  async runTask(execution, stage, task, step, fate, time) {
    task.status = 'RUNNING';
    task.startTime = time.now();
    this.changed(execution, [stage]);
    const lines = typeof step.waits === 'function' ? step.waits() : (step.waits ?? [undefined]);
    const failing = fate.failAt === stage.name && (step.fails || fate.errors);
    const cancelling = fate.cancelAt === stage.name;
    for (const line of lines) {
      stage.context.waitingFor = line;
      step.each?.(line);
      this.changed(execution, [stage]);
      if (step.until) await this.decision(execution, stage, step, fate, time);
      else await time.sleep(step.ms / lines.length, execution, stage);
      if (cancelling) execution.canceled = true;
      if (execution.canceled) break;
    }
    delete stage.context.waitingFor;
    task.endTime = time.now();
    if (execution.canceled) {
      if (cancelling) Object.assign(execution, { canceledBy: 'grace', cancellationReason: 'superseded by rc2' });
      return (task.status = 'CANCELED');
    }
    if (failing) {
      const errors = fate.errors ?? step.fails;
      stage.context.exception = {
        exceptionType: 'GennakerError', operation: step.name, timestamp: time.now(), shouldRetry: false,
        details: { error: 'Unexpected Task Failure', errors },
      };
      return (task.status = 'TERMINAL');
    }
    const verdict = step.until && stage.context.judgmentStatus === 'stop' ? 'TERMINAL' : 'SUCCEEDED';
    if (verdict === 'SUCCEEDED') step.then?.();
    Object.assign(stage.outputs, step.outputs);
    this.changed(execution, [stage]);
    return (task.status = verdict);
  }

  async decision(execution, stage, step, fate, time) {
    if (time.past) {
      await time.sleep(4 * minute);
      Object.assign(stage.context, {
        judgmentStatus: fate.stopAt === stage.name ? 'stop' : 'continue', judgmentInput: stage.context.judgmentInputs?.[0]?.value,
        lastModifiedBy: 'grace',
      });
      return;
    }
    while (!step.until(stage.context) && !execution.canceled) await new Promise((resolve) => setTimeout(resolve, 40));
  }

  end(execution, stage, status, time) {
    stage.status = status;
    stage.endTime = time.now();
    this.changed(execution, [stage]);
  }

  // --- what people do

  patch(execution, stage, body, user = 'anonymous') {
    Object.assign(stage.context, body, { lastModifiedBy: user });
    stage.lastModified = { user, allowedAccounts: [], lastModifiedTime: Date.now() };
    this.changed(execution, [stage]);
  }

  cancel(execution, reason) {
    if (complete.has(execution.status)) return;
    Object.assign(execution, { canceled: true, canceledBy: 'anonymous', cancellationReason: reason });
    this.changed(execution);
  }

  // --- the feed

  changed(execution, stages = []) {
    const { trigger, stages: _stages, authentication, notifications, initialConfig, systemNotifications, ...header } = execution;
    const outlines = stages.map(({ id, refId, type, name, status, startTime, endTime, requisiteStageRefIds, syntheticStageOwner, parentStageId, context }) => ({
      id, refId, type, name, status, startTime, endTime, requisiteStageRefIds, syntheticStageOwner, parentStageId,
      waitingFor: status === 'RUNNING' ? context.waitingFor : undefined,
    }));
    // A copy: what is sent later must not be what it has become.
    const data = JSON.parse(JSON.stringify({ execution: header, stages: outlines, removedStages: [] }));
    const entry = { seq: this.feed.length + 1, event: 'execution', application: execution.application, data };
    this.feed.push(entry);
    this.emit('feed', entry);
  }
}

/** Time as it is, sped up. */
class PresentTime {
  constructor(speed) {
    this.speed = speed;
  }
  now() {
    return Date.now();
  }
  fork() {
    return this;
  }
  /** Ends early when the execution is cancelled or the stage's wait is skipped. */
  async sleep(ms, execution, stage) {
    const end = Date.now() + ms / this.speed;
    while (Date.now() < end && !execution?.canceled && !stage?.context.skipRemainingWait) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(60, end - Date.now())));
    }
  }
}

/** Time that has been: a branch's sleep only moves its own clock. */
class PastTime {
  past = true;
  constructor(now) {
    this.time = now;
  }
  now() {
    return Math.round(this.time);
  }
  fork(at) {
    return new PastTime(at);
  }
  async sleep(ms) {
    this.time += ms * (0.85 + 0.3 * Math.random());
  }
}

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export function ulid(time) {
  let head = '';
  for (let rest = time, i = 0; i < 10; ++i, rest = Math.floor(rest / 32)) head = letters[rest % 32] + head;
  return head + [...randomBytes(16)].map((byte) => letters[byte % 32]).join('');
}
