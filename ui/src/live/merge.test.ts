import { describe, expect, test } from 'vitest';
import type { Execution, ExecutionHeader, Stage, StageOutline } from '../api/types';
import { mergeExecution, mergeIntoList, mergeStages } from './merge';

const outline = (id: string, more: Partial<StageOutline> = {}): StageOutline => ({
  id,
  refId: id,
  type: 'wait',
  name: id,
  status: 'RUNNING',
  requisiteStageRefIds: [],
  ...more,
});
const stage = (id: string, more: Partial<Stage> = {}): Stage => ({
  ...outline(id),
  context: {},
  outputs: {},
  tasks: [],
  ...more,
});
const header = (id: string, more: Partial<ExecutionHeader> = {}): ExecutionHeader => ({
  id,
  type: 'PIPELINE',
  application: 'demo',
  pipelineConfigId: 'p',
  status: 'RUNNING',
  buildTime: Number(id),
  ...more,
});
const execution = (id: string, more: Partial<Execution> = {}): Execution => ({
  ...header(id),
  trigger: { type: 'manual', user: 'ada' },
  stages: [],
  ...more,
});

describe('a changed stage', () => {
  test('keeps its tasks, context and outputs', () => {
    const tasks = [{ id: '1', name: 'wait', status: 'RUNNING' as const }];
    const known = [stage('a', { tasks, context: { waitTime: 3 }, outputs: { x: 1 } })];
    const [merged] = mergeStages(known, [outline('a', { waitingFor: 'noon' })], []);
    expect(merged).toMatchObject({ waitingFor: 'noon', tasks, outputs: { x: 1 } });
    expect(merged!.context.waitTime).toBe(3);
  });

  test('that has ended has no running task', () => {
    const tasks = [
      { id: '1', name: 'one', status: 'SUCCEEDED' as const, endTime: 4 },
      { id: '2', name: 'two', status: 'RUNNING' as const },
      { id: '3', name: 'three', status: 'NOT_STARTED' as const },
    ];
    const [merged] = mergeStages([stage('a', { tasks })], [outline('a', { status: 'TERMINAL', endTime: 9 })], []);
    expect(merged!.tasks).toEqual([tasks[0], { ...tasks[1], status: 'TERMINAL', endTime: 9 }, tasks[2]]);
  });

  test('no longer waits for what it waited for', () => {
    const known = [stage('a', { waitingFor: 'health', context: { waitingFor: 'health' } })];
    const [merged] = mergeStages(known, [outline('a')], []);
    expect(merged!.waitingFor).toBeUndefined();
    expect(merged!.context.waitingFor).toBeUndefined();
  });

  test('that was restarted loses its end', () => {
    const [merged] = mergeStages([stage('a', { startTime: 1, endTime: 2 })], [outline('a', { startTime: 5 })], []);
    expect(merged!.startTime).toBe(5);
    expect(merged!.endTime).toBeUndefined();
  });
});

describe('a new synthetic stage', () => {
  const ids = (stages: Stage[]) => stages.map((each) => each.id);
  const known = [stage('a'), stage('b')];

  test('stands before its parent', () => {
    const child = outline('a<1', { parentStageId: 'a', syntheticStageOwner: 'STAGE_BEFORE' });
    expect(ids(mergeStages(known, [child], []))).toEqual(['a<1', 'a', 'b']);
  });

  test('stands behind its parent, and behind the older children', () => {
    const first = outline('a>1', { parentStageId: 'a', syntheticStageOwner: 'STAGE_AFTER' });
    const second = outline('a>2', { parentStageId: 'a', syntheticStageOwner: 'STAGE_AFTER' });
    expect(ids(mergeStages(known, [first, second], []))).toEqual(['a', 'a>1', 'a>2', 'b']);
  });

  test('without a known parent goes last, and removed stages go', () => {
    expect(ids(mergeStages(known, [outline('c')], ['a']))).toEqual(['b', 'c']);
  });
});

describe('an execution', () => {
  test('keeps its trigger and takes the new header', () => {
    const merged = mergeExecution(execution('1'), { execution: header('1', { status: 'SUCCEEDED', endTime: 7 }) });
    expect(merged).toMatchObject({ status: 'SUCCEEDED', endTime: 7, trigger: { user: 'ada' } });
  });

  test('that runs again has no end', () => {
    const merged = mergeExecution(execution('1', { endTime: 7 }), { execution: header('1') });
    expect(merged.endTime).toBeUndefined();
  });
});

describe('a list', () => {
  const list = [execution('1'), execution('2'), execution('3', { pipelineConfigId: 'q' })];

  test('changes only the execution that the event is about', () => {
    const merged = mergeIntoList(list, { execution: header('2', { status: 'CANCELED' }) }, 2);
    expect(merged.incomplete).toBe(false);
    expect(merged.list[1]!.status).toBe('CANCELED');
    expect(merged.list[0]).toBe(list[0]);
  });

  test('takes a new execution, drops the oldest of its pipeline, and asks for the rest', () => {
    const merged = mergeIntoList(list, { execution: header('4'), stages: [outline('a')] }, 2);
    expect(merged.list.map((each) => each.id)).toEqual(['2', '3', '4']);
    expect(merged.list[2]!.stages).toHaveLength(1);
    expect(merged.incomplete).toBe(true);
  });

  test('of pipelines ignores ad-hoc tasks', () => {
    const merged = mergeIntoList(list, { execution: header('9', { type: 'ORCHESTRATION' }) }, 2);
    expect(merged.list).toBe(list);
  });
});
