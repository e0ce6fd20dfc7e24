import type { ServerGroup, Stage } from '../api/types';
import { isDisabled, upCount } from '../clusters/infrastructure';
import { descendantsOf } from '../executions/stages';
import { count, object, type Deployment } from './deployment';

/** How a server group stood from a moment on. */
export interface Sample {
  time: number;
  instances: number;
  /** Those that are up, in a server group that has traffic. */
  serving: number;
  /** There may be more: the deployment went on when so many were up. */
  isLeast?: true;
}

/** By name, each oldest first. */
export type Samples = Map<string, Sample[]>;

// --- what the stages recorded

interface State {
  instances: number;
  serving: number;
  enabled: boolean;
  /** Started and not up yet. */
  growing: number;
  isLeast?: true;
}

const nothing: State = { instances: 0, serving: 0, enabled: false, growing: 0 };

interface Effect {
  time: number;
  name: string;
  change: (state: State) => State;
}

/** What the operations of a deployment did to the server groups, and when: the steps of which the stages tell. */
export function recorded(stages: Stage[], deployment: Deployment): Samples {
  const effects = [deployment.stage, ...descendantsOf(stages, deployment.stage.id)]
    .flatMap((stage) => effectsOf(stage, deployment))
    .sort((a, b) => a.time - b.time);
  const samples: Samples = new Map();
  const states = new Map<string, State>();
  const put = (name: string, time: number, state: State) => {
    states.set(name, state);
    samples.set(name, [...(samples.get(name) ?? []), sampleOf(time, state)]);
  };
  const { source, sourceSize, start } = deployment;
  if (source !== undefined && sourceSize !== undefined) {
    put(source, start, { instances: sourceSize, serving: sourceSize, enabled: true, growing: 0 });
  }
  for (const { name, time, change } of effects) {
    const known = states.get(name);
    // Nothing tells how large another old one was before.
    if (!known && name !== deployment.created) continue;
    put(name, time, change(known ?? nothing));
  }
  return samples;
}

const sampleOf = (time: number, { instances, serving, isLeast }: State): Sample =>
  ({ time, instances, serving, ...(isLeast && serving < instances ? { isLeast } : {}) });

/** The operations' names are the API's: `notification.type`. What a newer one does is not drawn until the inventory tells. */
function effectsOf(stage: Stage, deployment: Deployment): Effect[] {
  const kind = stage.context['notification.type'];
  const acted = stage.tasks.find(({ name }) => name === kind) ?? stage.tasks[0];
  const settled = stage.tasks.at(-1);
  const named = object(stage.context['deploy.server.groups'])[deployment.region];
  if (!Array.isArray(named) || typeof kind !== 'string') return [];
  const effects = changesOf(kind, stage, deployment);
  return named.filter((name) => typeof name === 'string').flatMap((name) => [
    ...(acted?.status === 'SUCCEEDED' ? [{ time: acted.endTime ?? deployment.start, name, change: effects.at }] : []),
    ...(settled?.status === 'SUCCEEDED' ? [{ time: settled.endTime ?? deployment.start, name, change: effects.then }] : []),
  ]);
}

interface Changes {
  /** When the operation has been carried out. */
  at: (state: State) => State;
  /** When it has been waited for too. */
  then: (state: State) => State;
}

const same = (state: State) => state;
/** Those that were waited for: not all of them, if a part is healthy enough. */
const grown = (percentage: number) => (state: State): State => {
  const waited = state.enabled ? state.serving + needed(state.growing, percentage) : 0;
  return { ...state, serving: waited, growing: 0, ...(percentage < 100 && state.enabled ? { isLeast: true } : {}) };
};

/** As the server counts: rounded, and one at least. */
const needed = (instances: number, percentage: number) =>
  instances === 0 || percentage === 0 ? 0 : Math.max(1, Math.round((instances * percentage) / 100));

function changesOf(kind: string, { context }: Stage, deployment: Deployment): Changes {
  const share = (count(context.desiredPercentage) ?? 100) / 100;
  const healthy = Math.min(100, Math.max(0, count(context.targetHealthyDeployPercentage) ?? 100));
  switch (kind) {
    case 'createServerGroup':
    case 'cloneServerGroup': {
      const enabled = !deployment.startsDisabled;
      return {
        at: () => ({ instances: deployment.size, serving: 0, enabled, growing: deployment.size }),
        then: grown(healthy),
      };
    }
    case 'resizeServerGroup': {
      const size = count(object(context.resizeTo).desired) ?? 0;
      return {
        at: (state) => ({
          ...state,
          instances: size,
          serving: Math.min(state.serving, size),
          growing: Math.max(0, size - state.instances),
        }),
        // One that has lost a part of its traffic keeps the rest, and no more.
        then: grown(100),
      };
    }
    case 'enableServerGroup':
      return {
        at: same,
        then: ({ isLeast: _before, ...state }) => {
          const given = Math.ceil(state.instances * share);
          return { ...state, enabled: true, serving: needed(given, healthy), ...(healthy < 100 ? { isLeast: true } : {}) };
        },
      };
    case 'disableServerGroup':
      // Requests under way have ended when the operation has.
      return {
        at: ({ isLeast: _before, ...state }) =>
          ({ ...state, enabled: share < 1, serving: state.instances - Math.ceil(state.instances * share) }),
        then: same,
      };
    case 'destroyServerGroup':
      return { at: () => nothing, then: same };
    default:
      return { at: same, then: same };
  }
}

// --- what the inventory shows while the page looks

/** With how the server groups stand now. Of a time in which nothing changed the ends are kept. Keys: keyOf. */
export function noted(before: Samples, groups: ServerGroup[], time: number): Samples {
  const after = new Map(before);
  const note = (key: string, instances: number, serving: number) => {
    const samples = before.get(key) ?? [];
    const like = (sample?: Sample) => sample !== undefined && sample.instances === instances && sample.serving === serving;
    const goesOn = like(samples.at(-1)) && like(samples.at(-2));
    after.set(key, [...(goesOn ? samples.slice(0, -1) : samples), { time, instances, serving }]);
  };
  const seen = new Set<string>();
  for (const group of groups) {
    const key = keyOf(group.account, group.region, group.name);
    seen.add(key);
    note(key, group.instances.length, isDisabled(group) ? 0 : upCount(group.instances));
  }
  for (const key of before.keys()) if (!seen.has(key)) note(key, 0, 0);
  return after;
}

export const keyOf = (account: string, region: string, name: string) => `${account}/${region}/${name}`;

export interface Lane {
  name: string;
  isNew: boolean;
  samples: Sample[];
}

/** A look at the inventory so shortly after a recorded change may show what was before it, in ms. */
const settling = 1_000;

/** What the stages recorded, which is exact, and what the page saw in between; old server groups first. */
export function lanesOf(fromStages: Samples, seen: Samples, { account, region, created, start, end = Infinity }: Deployment): Lane[] {
  const names = new Set(fromStages.keys());
  if (created !== undefined) names.add(created);
  return [...names].sort((a, b) => Number(a === created) - Number(b === created) || a.localeCompare(b)).map((name) => {
    const changes = fromStages.get(name) ?? [];
    const settled = (time: number) => !changes.some((change) => change.time <= time && time < change.time + settling);
    const looks = (seen.get(keyOf(account, region, name)) ?? []).filter(({ time }) => time >= start && time <= end && settled(time));
    return { name, isNew: name === created, samples: [...changes, ...looks].sort((a, b) => a.time - b.time) };
  });
}
