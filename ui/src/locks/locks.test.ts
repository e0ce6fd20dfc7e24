import { expect, test } from 'vitest';
import type { ClusterLock } from '../api/types';
import { aroundExecution, holderOf, lockIn, locksOf } from './locks';

const id = '01M8C3KTXQ6BFHS154ZXAK57A2';
const lock = (cluster: string, region = 'north', account = 'prod'): ClusterLock => ({
  account, region, cluster, executionId: id, stageId: 's', since: 0,
  description: `stage 'Deploy' of pipeline 'Ship', execution ${id}`,
});

test('a cluster has the locks of its account and name, in whatever case', () => {
  const locks = [lock('shop-main'), lock('Shop-Main', 'south'), lock('shop'), lock('shop-main', 'north', 'test')];
  expect(locksOf(locks, 'prod', 'shop-main')).toEqual([locks[0], locks[1]]);
  expect(lockIn(locks, 'South')).toBe(locks[1]);
  expect(lockIn(locks, 'west')).toBeUndefined();
});

test('the holder is named without the id', () => {
  expect(holderOf(lock('shop'))).toBe("stage 'Deploy' of pipeline 'Ship'");
  expect(holderOf({ ...lock('shop'), description: 'somebody' })).toBe('somebody');
});

test('an execution in a text is found, so that it can be a link', () => {
  const text = `the lock of cluster shop in a/b, which stage 'x' of pipeline 'y', execution ${id} holds`;
  expect(aroundExecution(text)).toEqual(["the lock of cluster shop in a/b, which stage 'x' of pipeline 'y', execution ", id, ' holds']);
  expect(aroundExecution('2 of 3 instances healthy')).toBeUndefined();
  expect(aroundExecution('execution 42')).toBeUndefined();
});
