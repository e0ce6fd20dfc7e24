import { describe, expect, test } from 'vitest';
import type { JsonObject, ServerGroup, Stage } from '../api/types';
import { deploymentsIn, stepsOf } from './deployment';
import { at, frameOf, stair } from './plot';
import { lanesOf, noted, recorded } from './record';

/** Times are written in seconds. */
const s = 1_000;
const task = (name: string, start: number, end?: number) => ({
  id: name, name, status: end === undefined ? ('RUNNING' as const) : ('SUCCEEDED' as const), startTime: start * s,
  endTime: end === undefined ? undefined : end * s,
});
const stage = (id: string, context: JsonObject, more: Partial<Stage> = {}): Stage => ({
  id, refId: id, type: 'x', name: id, status: 'SUCCEEDED', requisiteStageRefIds: [], context, outputs: {}, tasks: [], ...more,
});
const on = (...names: string[]) => ({ 'deploy.server.groups': { north: names } });

const top = stage('2', { clusters: [] }, { startTime: 0, endTime: 100 * s });
const create = stage(
  '2<1',
  {
    credentials: 'prod', region: 'north', capacity: { min: 4, max: 4, desired: '4' }, createdServerGroupName: 'shop-v002',
    source: { serverGroupName: 'shop-v001' }, sourceServerGroupCapacitySnapshot: { desired: 2 }, 'notification.type': 'createServerGroup',
    ...on('shop-v002'),
  },
  {
    parentStageId: '2', startTime: 0, endTime: 90 * s,
    tasks: [task('determineSourceServerGroup', 0, 5), task('createServerGroup', 5, 10), task('waitForUpInstances', 10, 30)],
  },
);
const part = (id: string, kind: string, start: number, context: JsonObject): Stage =>
  stage(id, { 'notification.type': kind, ...context }, {
    parentStageId: '2<1', startTime: start * s, endTime: (start + 10) * s, tasks: [task(kind, start, start + 5), task('wait', start + 5, start + 10)],
  });
const disable = part('2<1>1', 'disableServerGroup', 40, on('shop-v001'));

describe('a deployment', () => {
  test('is found below its stage by what it holds', () => {
    const [found, ...others] = deploymentsIn([create, top, disable], top);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ account: 'prod', region: 'north', created: 'shop-v002', source: 'shop-v001', sourceSize: 2, size: 4, start: 0, end: 90 * s });
    expect(deploymentsIn([stage('1', { region: 'north', credentials: 'prod' }, { startTime: 1 })], top)).toEqual([]);
  });

  test('has its tasks and the stages around it as steps, by their start', () => {
    const [deployment] = deploymentsIn([create, top, disable], top);
    expect(stepsOf([create, top, disable], deployment!).map(({ name, start, end }) => [name, start / s, end! / s])).toEqual([
      ['Determine source server group', 0, 5], ['Create server group', 5, 10], ['Wait for up instances', 10, 30], ['2<1>1', 40, 50],
    ]);
  });
});

describe('what the stages recorded', () => {
  const record = (...parts: Stage[]) => {
    const stages = [create, top, ...parts];
    return recorded(stages, deploymentsIn(stages, top)[0]!);
  };
  const brief = (samples: ReturnType<typeof record>, name: string) =>
    samples.get(name)!.map(({ time, instances, serving }) => [time / s, instances, serving]);

  test('the new one comes, is up, and then the old one loses its traffic', () => {
    const samples = record(disable);
    expect(brief(samples, 'shop-v002')).toEqual([[10, 4, 0], [30, 4, 4]]);
    expect(brief(samples, 'shop-v001')).toEqual([[0, 2, 2], [45, 2, 0], [50, 2, 0]]);
  });

  test('a rolling one, step by step', () => {
    const samples = record(
      part('grow', 'resizeServerGroup', 40, { resizeTo: { desired: 6 }, ...on('shop-v002') }),
      part('half', 'disableServerGroup', 50, { desiredPercentage: 50, ...on('shop-v001') }),
      part('unpin', 'resizeServerGroup', 60, { resizeTo: { desired: 2 }, ...on('shop-v001') }),
    );
    expect(brief(samples, 'shop-v002')).toEqual([[10, 4, 0], [30, 4, 4], [45, 6, 4], [50, 6, 6]]);
    expect(brief(samples, 'shop-v001').slice(1)).toEqual([[55, 2, 1], [60, 2, 1], [65, 2, 1], [70, 2, 1]]);
  });

  test('where a part is healthy enough, no more than that part is said to serve', () => {
    const partly = { ...create, context: { ...create.context, targetHealthyDeployPercentage: '50' } };
    const stages = [partly, top, disable];
    const samples = recorded(stages, deploymentsIn(stages, top)[0]!);
    expect(samples.get('shop-v002')).toEqual([
      { time: 10 * s, instances: 4, serving: 0 }, { time: 30 * s, instances: 4, serving: 2, isLeast: true },
    ]);
    // What the inventory shows is exact again.
    const up = { name: 'shop-v002', account: 'prod', region: 'north', cluster: 'shop', cloudProvider: 'local',
      instances: [{ id: '0', name: '0', healthState: 'Up' as const, health: [] }] };
    const lanes = lanesOf(samples, noted(new Map(), [up], 60 * s), deploymentsIn(stages, top)[0]!);
    expect(lanes.at(-1)!.samples.at(-1)).toEqual({ time: 60 * s, instances: 1, serving: 1 });
  });

  test('an enabling gives traffic to those that are up', () => {
    const samples = record(part('enable', 'enableServerGroup', 40, { targetHealthyDeployPercentage: 30, ...on('shop-v001') }));
    expect(samples.get('shop-v001')!.at(-1)).toEqual({ time: 50 * s, instances: 2, serving: 1, isLeast: true });
  });

  test('what is destroyed is gone, what nobody knows the size of is not drawn', () => {
    const samples = record(part('destroy', 'destroyServerGroup', 40, on('shop-v001', 'shop-v000')));
    expect(brief(samples, 'shop-v001').slice(1)).toEqual([[45, 0, 0], [50, 0, 0]]);
    expect(samples.has('shop-v000')).toBe(false);
  });

  test('what has not ended has had no effect', () => {
    const waiting = { ...create, tasks: [task('createServerGroup', 5)] };
    expect(recorded([waiting], deploymentsIn([waiting], waiting)[0]!).has('shop-v002')).toBe(false);
  });
});

describe('what the inventory shows', () => {
  const group = (name: string, up: number, more: Partial<ServerGroup> = {}): ServerGroup => ({
    name, account: 'prod', region: 'north', cluster: 'shop', cloudProvider: 'local',
    instances: Array.from({ length: 2 }, (_, index) => ({ id: `${index}`, name: `${index}`, healthState: index < up ? 'Up' : 'Starting', health: [] })),
    ...more,
  });

  test('is noted when it changes, when it goes, and to the end of what stayed', () => {
    let seen = noted(new Map(), [group('shop-v001', 2)], 1);
    seen = noted(seen, [group('shop-v001', 2)], 2);
    seen = noted(seen, [group('shop-v001', 2)], 3);
    seen = noted(seen, [group('shop-v001', 2, { isDisabled: true })], 4);
    seen = noted(seen, [], 5);
    expect(seen.get('prod/north/shop-v001')).toEqual([
      { time: 1, instances: 2, serving: 2 }, { time: 3, instances: 2, serving: 2 }, { time: 4, instances: 2, serving: 0 },
      { time: 5, instances: 0, serving: 0 },
    ]);
  });

  test('stands between what the stages recorded, and not beyond the deployment', () => {
    const stages = [create, top, disable];
    const deployment = deploymentsIn(stages, top)[0]!;
    let seen = noted(new Map(), [group('shop-v001', 2), group('shop-v002', 1)], 20 * s);
    // This look was under way while the old one was disabled.
    seen = noted(seen, [group('shop-v001', 2), group('shop-v002', 2)], 45.2 * s);
    seen = noted(seen, [group('shop-v001', 0), group('shop-v002', 2)], 48 * s);
    seen = noted(seen, [group('shop-v001', 0), group('shop-v002', 0)], 95 * s);
    const [old, fresh] = lanesOf(recorded(stages, deployment), seen, deployment);
    expect([old!.name, old!.isNew, fresh!.name, fresh!.isNew]).toEqual(['shop-v001', false, 'shop-v002', true]);
    const brief = ({ samples }: typeof old & object) => samples.map(({ time, serving }) => [time / s, serving]);
    expect(brief(old!)).toEqual([[0, 2], [20, 2], [45, 0], [48, 0], [50, 0]]);
    expect(brief(fresh!)).toEqual([[10, 0], [20, 1], [30, 4], [45.2, 2], [48, 2]]);
  });
});

test('a lane is a stair that stands on the ground', () => {
  const samples = [{ time: 0, instances: 2, serving: 0 }, { time: 500, instances: 4, serving: 2 }];
  const frame = frameOf([{ name: 'a', isNew: true, samples }], 0, 1_000);
  expect(frame).toEqual({ start: 0, length: 1_000, most: 4 });
  expect(stair(samples, ({ instances }) => instances, frame, 1_000)).toBe('M0 100V50H500V0H1000V100Z');
  expect(stair([], ({ instances }) => instances, frame, 1_000)).toBe('');
  expect(at(samples, 499)?.instances).toBe(2);
  expect(at([], 5)).toBeUndefined();
});
