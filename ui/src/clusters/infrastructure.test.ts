import { describe, expect, test } from 'vitest';
import type { Instance, LoadBalancer, ServerGroup } from '../api/types';
import { factsOf, grouped, imageOf, lookOf, portOf, shortName, versionOf } from './infrastructure';

const group = (name: string, more: Partial<ServerGroup> = {}): ServerGroup => ({
  name,
  account: 'local',
  region: 'local',
  cluster: 'demo',
  cloudProvider: 'local',
  instances: [],
  ...more,
});
const balancer = (name: string, more: Partial<LoadBalancer> = {}): LoadBalancer => ({
  name,
  account: 'local',
  region: 'local',
  cloudProvider: 'local',
  serverGroups: [],
  ...more,
});

describe('what is deployed', () => {
  test('is shown by account and cluster, enabled and new ones first, empty clusters too', () => {
    const groups = [
      group('demo-v001', { isDisabled: true, createdTime: 1 }),
      group('demo-v003', { isDisabled: true, createdTime: 3 }),
      group('demo-v002', { createdTime: 2 }),
      group('demo-v000', { account: 'edge' }),
    ];
    const shown = grouped({ local: ['demo', 'demo-empty'] }, groups, []);
    expect(shown.map(({ account }) => account)).toEqual(['edge', 'local']);
    expect(shown[1]!.clusters.map(({ name }) => name)).toEqual(['demo', 'demo-empty']);
    expect(shown[1]!.clusters[0]!.serverGroups.map(({ name }) => name)).toEqual(['demo-v002', 'demo-v003', 'demo-v001']);
  });

  test('has with it the load balancers of the same account that it is behind', () => {
    const balancers = [balancer('front'), balancer('other'), balancer('front', { account: 'edge' })];
    const shown = grouped({}, [group('demo-v001', { loadBalancers: ['front'] })], balancers);
    expect(shown[0]!.clusters[0]!.loadBalancers).toEqual([balancers[0]]);
  });
});

test('a server group is called by its number', () => {
  expect(shortName(group('demo-v003'))).toBe('v003');
  expect(shortName(group('odd-name'))).toBe('odd-name');
});

test('version, image and port are found where providers put them', () => {
  expect(versionOf(group('a', { buildInfo: { version: '2' } }))).toBe('2');
  expect(versionOf(group('a', { launchConfig: { version: 3 } }))).toBe('3');
  expect(versionOf(group('a', { imageSummary: { buildInfo: { version: '4' } } }))).toBe('4');
  expect(versionOf(group('a'))).toBeUndefined();
  expect(imageOf(group('a', { image: { imageName: 'demo-2' } }))).toBe('demo-2');
  expect(imageOf(group('a', { launchConfig: { image: 'sha256:1' } }))).toBe('sha256:1');
  expect(portOf(balancer('a', { port: 8080 }))).toBe('8080');
  expect(portOf(balancer('a', { listeners: [{ port: 80 }] }))).toBe('80');
});

test('the facts of an instance are what is not shown elsewhere', () => {
  const instance: Instance = { id: 'i', name: 'i', healthState: 'Up', health: [], port: 9000, extra: { pid: 7 }, tags: {} };
  expect(factsOf(instance)).toEqual([
    ['port', '9000'],
    ['pid', '7'],
  ]);
});

test('a health that the page does not know looks unknown', () => {
  expect(lookOf('Sleepy' as never)).toEqual(lookOf('Unknown'));
});
