import { describe, expect, test } from 'vitest';
import type { Instance, ServerGroup } from '../api/types';
import {
  actionsOf, capacityAfter, destroy, disable, enable, instanceActionsOf, onInstance, resize, rollBack, rollBackEnds, taskOf,
} from './actions';
import { describeRule } from './guards';

const instance = (id: string, healthState: Instance['healthState'] = 'Up'): Instance => ({ id, name: id, healthState, health: [] });

function group(name: string, more: Partial<ServerGroup> = {}): ServerGroup {
  const size = more.capacity?.desired ?? 2;
  return {
    name, account: 'prod', region: 'north', cluster: 'shop-main', cloudProvider: 'local', createdTime: Number(name.slice(-3)),
    capacity: { min: size, max: size, desired: size }, moniker: { app: 'shop', cluster: 'shop-main' }, loadBalancers: ['front'],
    instances: Array.from({ length: size }, (_, index) => instance(`${name}-${index}`, more.isDisabled ? 'OutOfService' : 'Up')),
    ...more,
  };
}

const four = { min: 4, max: 4, desired: 4 };
const v2 = group('shop-main-v002', { isDisabled: true });
const v3 = group('shop-main-v003', { capacity: four });
const v4 = group('shop-main-v004');

describe('the actions on a server group', () => {
  test.each([
    ['the only one', v4, [v4], ['resize', 'disable', 'destroy']],
    ['one of several', v4, [v3, v4], ['resize', 'disable', 'rollBack', 'destroy']],
    ['a disabled one', v2, [v2, v4], ['resize', 'enable', 'rollBack', 'destroy']],
    ['a disabled one with nothing to go back from', v2, [v2], ['resize', 'enable', 'destroy']],
    ['another region is another matter', v4, [v4, { ...v3, region: 'south' }], ['resize', 'disable', 'destroy']],
  ])('%s', (_, of, groups, expected) => expect(actionsOf(of, groups)).toEqual(expected));
});

describe('a dialog says what changes', () => {
  test('a resize: from how many to how many', () => {
    const action = resize(v3, 2);
    expect(action.changes).toEqual(['shop-main-v003: 4 → 2 instances']);
    expect(action.job).toMatchObject({ type: 'resizeServerGroup', serverGroupName: 'shop-main-v003', capacity: { min: 2, max: 2, desired: 2 } });
    expect(action.guardUrl).toBe('/applications/shop/serverGroups/prod/north/shop-main-v003/guard?operation=resizeServerGroup&desired=2');
    expect(resize(v3, 1).changes).toEqual(['shop-main-v003: 4 → 1 instance']);
    expect(resize(v3, 0).changes).toContain('shop-main-v003 answers no more requests');
    expect(resize(v2, 0).changes).toHaveLength(1);
  });

  test('limits give way, a fixed size stays one', () => {
    const elastic = group('shop-main-v005', { capacity: { min: 2, max: 6, desired: 3 } });
    expect(capacityAfter(elastic, 4)).toEqual({ min: 2, max: 6, desired: 4 });
    expect(capacityAfter(elastic, 8)).toEqual({ min: 2, max: 8, desired: 8 });
    expect(resize(elastic, 8).changes).toEqual(['shop-main-v005: 3 → 8 instances', 'It may then have 2 to 8 instances']);
    expect(resize(elastic, 4).changes).toHaveLength(1);
    expect(capacityAfter(v3, 1)).toEqual({ min: 1, max: 1, desired: 1 });
  });

  test('where the traffic goes', () => {
    expect(disable(v4, [v2, v3, v4]).changes[0]).toBe('Traffic goes from v004 to v003');
    expect(disable(v4, [v2, v4]).changes[0]).toMatch(/^Nothing else of shop-main serves/);
    expect(enable(v2, [v2, v3, v4]).changes).toEqual([
      'shop-main-v002 (2 instances) gets traffic from front', 'It shares the traffic with v003, v004',
    ]);
    expect(destroy(v2, [v2, v4]).changes).toEqual(['shop-main-v002 and its 2 instances are gone for good', 'It has no traffic to lose']);
    expect(destroy(v4, [v3, v4]).changes[1]).toBe('Traffic goes from v004 to v003');
  });

  test('one that is not up takes no traffic over', () => {
    const sick = group('shop-main-v003', { instances: [instance('x', 'Down')] });
    expect(disable(v4, [sick, v4]).changes[0]).toMatch(/^Nothing else/);
  });

  test('a roll-back: in the order in which it happens', () => {
    expect(rollBackEnds(v3, [v2, v3, v4])).toEqual({ from: [v3], to: [v4, v2] });
    expect(rollBackEnds(v2, [v2, v3, v4])).toEqual({ from: [v4, v3], to: [v2] });
    const action = rollBack(v3, v2);
    expect(action.changes).toEqual([
      'Traffic goes from v003 to v002', 'shop-main-v002: 2 → 4 instances', 'shop-main-v002 is enabled and healthy first',
      'shop-main-v003 is disabled afterwards and stays, so that there is a way back',
    ]);
    expect(action.job).toMatchObject({
      type: 'rollbackServerGroup', rollbackContext: { rollbackServerGroupName: 'shop-main-v003', restoreServerGroupName: 'shop-main-v002' },
    });
  });
});

describe('the actions on an instance', () => {
  const all = { terminateInstances: true, rebootInstances: true, registerInstances: true };
  test.each([
    ['all that the cloud can', v4, all, ['deregister', 'register', 'reboot', 'terminate']],
    ['none', v4, {}, []],
    ['traffic needs a load balancer', { ...v4, loadBalancers: [] }, all, ['reboot', 'terminate']],
    ['a disabled server group has no traffic', v2, all, ['reboot', 'terminate']],
  ])('%s', (_, of, can, expected) => expect(instanceActionsOf(of, can)).toEqual(expected));

  test('say how many serve meanwhile', () => {
    const terminate = onInstance('terminate', v4, v4.instances[0]!);
    expect(terminate.changes[1]).toBe('Meanwhile 1 instead of 2 instances of v004 serve');
    expect(terminate.guardUrl).toBe('/instances/prod/north/shop-main-v004-0/guard?operation=terminateInstances');
    expect(onInstance('reboot', v4, { ...v4.instances[0]!, healthState: 'Down' }).changes[1]).toBe('2 instances of v004 go on serving');
    expect(onInstance('register', v4, v4.instances[0]!).job).toMatchObject({ instanceIds: ['shop-main-v004-0'], loadBalancerNames: ['front'] });
    expect(onInstance('reboot', v2, v2.instances[0]!).changes).toHaveLength(1);
  });
});

test('a task is one stage, with the reason in it', () => {
  const action = disable(v4, [v3, v4]);
  expect(taskOf('shop', action, '')).toEqual({ application: 'shop', description: 'Disable shop-main-v004', job: [action.job] });
  expect(taskOf('shop', action, 'too slow').job).toEqual([{ ...action.job, reason: 'too slow' }]);
});

test('a rule is told in words', () => {
  expect(describeRule({ account: 'prod', location: '*', stack: 'main' })).toBe('account prod, any region, stack main, no detail');
});
