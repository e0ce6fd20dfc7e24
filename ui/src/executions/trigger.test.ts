import { expect, test } from 'vitest';
import type { Execution, Trigger } from '../api/types';
import { describeTrigger, parametersOf } from './trigger';

const execution = (trigger: Trigger) => ({ application: 'demo', trigger, stages: [] }) as unknown as Execution;

test.each<[Trigger, string]>([
  [{ type: 'manual', user: '[anonymous]' }, 'anonymous, by hand'],
  [{ type: 'manual' }, 'by hand'],
  [{ type: 'cron', cronExpression: '0 0 9 * * ?' }, 'schedule 0 0 9 * * ?'],
  [{ type: 'pipeline', parentPipelineName: 'Build' }, 'pipeline Build'],
  [{ type: 'pipeline', parentExecution: { id: 'x', name: 'Build', application: 'shop' } }, 'pipeline Build (shop)'],
  [{ type: 'webhook', source: 'ci' }, 'webhook ci'],
  [{}, ''],
])('%j reads "%s"', (trigger, text) => expect(describeTrigger(execution(trigger))).toBe(text));

test('parameters that say nothing are left out, the others become text', () => {
  const parameters = { version: '2', empty: '', none: null, list: [1, 2] };
  expect(parametersOf(execution({ parameters }))).toEqual([
    ['version', '2'],
    ['list', '[1,2]'],
  ]);
});
