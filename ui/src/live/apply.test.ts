import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../api/keys';
import type { Execution } from '../api/types';
import { LiveCache } from './apply';

const execution: Execution = {
  id: 'x',
  type: 'PIPELINE',
  application: 'demo',
  pipelineConfigId: 'p',
  status: 'RUNNING',
  trigger: { user: 'ada' },
  stages: [],
};
const { trigger: _trigger, stages: _stages, ...header } = execution;

let client: QueryClient;
let cache: LiveCache;
let invalidated: string[];

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  cache = new LiveCache(client, 500);
  invalidated = [];
  vi.spyOn(client, 'invalidateQueries').mockImplementation(async (filters) => {
    invalidated.push(JSON.stringify(filters?.queryKey ?? 'all'));
  });
});
afterEach(() => vi.useRealTimers());

test('an execution changes in the lists of every length and in its detail', () => {
  client.setQueryData(keys.executions('demo', 5), [execution]);
  client.setQueryData(keys.executions('demo', 25), [execution]);
  client.setQueryData(keys.execution('x'), execution);
  cache.execution({ execution: { ...header, status: 'SUCCEEDED' } });
  for (const length of [5, 25]) {
    expect(client.getQueryData<Execution[]>(keys.executions('demo', length))![0]!.status).toBe('SUCCEEDED');
  }
  expect(client.getQueryData<Execution>(keys.execution('x'))!.status).toBe('SUCCEEDED');
});

test('many changes fetch the open execution at most twice a second, and once after the last', () => {
  client.setQueryData(keys.execution('x'), execution);
  for (let change = 0; change < 50; ++change) cache.execution({ execution: header });
  expect(invalidated).toEqual([JSON.stringify(keys.execution('x'))]);
  vi.advanceTimersByTime(500);
  expect(invalidated).toHaveLength(2);
  vi.advanceTimersByTime(5000);
  expect(invalidated).toHaveLength(2);
});

test('an execution that nobody looks at is not fetched', () => {
  cache.execution({ execution: header });
  expect(invalidated).toEqual([]);
});

test('what was explained of an execution is explained anew when it changes', () => {
  client.setQueryData(keys.execution('x'), execution);
  client.setQueryData(keys.explanation('x', 'stage', '${a}'), { expressions: [] });
  cache.execution({ execution: header });
  expect(invalidated).toContain(JSON.stringify(keys.explanation('x')));
});

test('documents and the inventory invalidate what they feed', () => {
  cache.document({ kind: 'pipeline', id: 'p', application: 'demo' });
  cache.document({ kind: 'application', id: 'demo' });
  cache.inventory();
  cache.reset();
  expect(invalidated).toEqual([
    '["pipelineConfigs","demo"]',
    '["applications"]',
    '["application","demo"]',
    '["infrastructure","guard"]',
    '["infrastructure"]',
    '"all"',
  ]);
});

test('a plan that is looked at is made anew when the clouds or the documents change, but not with each instance', () => {
  cache.inventory();
  expect(invalidated).not.toContain(JSON.stringify(keys.plans));
  client.setQueryData(keys.plan('demo', 'p', {}), {});
  const plans = () => invalidated.filter((key) => key === JSON.stringify(keys.plans)).length;
  for (let change = 0; change < 9; ++change) {
    cache.inventory();
    vi.advanceTimersByTime(200);
  }
  expect(plans()).toBe(1);
  vi.advanceTimersByTime(5_000);
  expect(plans()).toBe(2);
  cache.document({ kind: 'pipeline', id: 'p', application: 'demo' });
  expect(plans()).toBe(3);
});
