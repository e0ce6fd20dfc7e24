import { describe, expect, test } from 'vitest';
import type { Execution, Stage, Status } from '../api/types';
import { causeOf, errorsOf, logOf, mostTelling, nested, progressOf, readable, waitingFor } from './stages';

const stage = (id: string, status: Status, more: Partial<Stage> = {}): Stage => ({
  id,
  refId: id,
  type: 'any',
  name: id,
  status,
  requisiteStageRefIds: [],
  context: {},
  outputs: {},
  tasks: [],
  ...more,
});
const part = (id: string, parent: string, status: Status, more: Partial<Stage> = {}) =>
  stage(id, status, { parentStageId: parent, syntheticStageOwner: 'STAGE_AFTER', ...more });
const failure = (...errors: string[]) => ({ exception: { details: { error: 'Unexpected Task Failure', errors } } });

describe('the cause of a failure', () => {
  test('is found in the part that failed', () => {
    const stages = [
      stage('deploy', 'TERMINAL'),
      part('create', 'deploy', 'SUCCEEDED'),
      part('shrink', 'deploy', 'TERMINAL', { context: failure('port 8080 is taken') }),
    ];
    expect(causeOf(stages, stages[0]!)).toMatchObject({ stage: { id: 'shrink' }, errors: ['port 8080 is taken'] });
  });

  test('is the general word where nothing more is said, and nothing at all without a failure', () => {
    expect(errorsOf(stage('a', 'TERMINAL', { context: failure() }))).toEqual(['Unexpected Task Failure']);
    expect(errorsOf(stage('a', 'TERMINAL', { context: { failureMessage: 'too few' } }))).toEqual(['too few']);
    expect(causeOf([], stage('a', 'SUCCEEDED'))).toBeUndefined();
  });
});

test('a stage waits for what its running part waits for', () => {
  const stages = [
    stage('deploy', 'RUNNING'),
    part('create', 'deploy', 'SUCCEEDED', { waitingFor: 'long over' }),
    part('shrink', 'deploy', 'RUNNING', { waitingFor: '2 of 3 instances healthy' }),
  ];
  expect(waitingFor(stages, stages[0]!)).toBe('2 of 3 instances healthy');
});

describe('opening an execution shows first', () => {
  const execution = (...stages: Stage[]) => ({ status: 'RUNNING', stages }) as Execution;

  test('where the time went, once it has ended', () => {
    const ended = [stage('a', 'SUCCEEDED', { startTime: 1, endTime: 9 }), stage('b', 'SUCCEEDED', { startTime: 9, endTime: 10 })];
    expect(mostTelling({ ...execution(...ended), status: 'SUCCEEDED' })?.id).toBe('a');
  });

  test.each<[string, Stage[], string]>([
    [
      'what needs a decision',
      [stage('a', 'TERMINAL'), stage('b', 'RUNNING', { type: 'manualJudgment' }), stage('c', 'RUNNING')],
      'b',
    ],
    ['then what failed', [stage('a', 'SUCCEEDED'), stage('b', 'RUNNING'), stage('c', 'TERMINAL')], 'c'],
    ['then what runs', [stage('a', 'SUCCEEDED'), stage('b', 'RUNNING'), stage('c', 'NOT_STARTED')], 'b'],
    ['then the last that ran', [stage('a', 'SUCCEEDED', { startTime: 1 }), stage('b', 'NOT_STARTED')], 'a'],
    ['then the first', [stage('a', 'NOT_STARTED'), stage('b', 'NOT_STARTED')], 'a'],
  ])('%s', (_name, stages, id) => expect(mostTelling(execution(...stages))?.id).toBe(id));
});

test('parts stand below their parent also when they run before it', () => {
  const stages = [part('a<1', 'a', 'SUCCEEDED'), stage('a', 'RUNNING'), part('a>1', 'a', 'RUNNING'), stage('b', 'RUNNING')];
  expect(nested(stages).map(({ stage: each, depth }) => [each.id, depth])).toEqual([
    ['a', 0],
    ['a<1', 1],
    ['a>1', 1],
    ['b', 0],
  ]);
});

test('progress counts parts and tasks', () => {
  const tasks = [{ id: '1', name: 'one', status: 'SUCCEEDED' as const }];
  const stages = [stage('a', 'RUNNING', { tasks }), part('a>1', 'a', 'RUNNING'), stage('b', 'RUNNING', { tasks })];
  expect(progressOf(stages, stages[0]!)).toEqual({ done: 1, total: 2 });
  expect(progressOf(stages, stages[2]!)).toEqual({ done: 1, total: 1 });
});

test('the log is in order of time, a task inside its stage', () => {
  const tasks = [
    { id: '1', name: 'one', status: 'SUCCEEDED' as const, startTime: 10, endTime: 20 },
    { id: '2', name: 'two', status: 'SUCCEEDED' as const, startTime: 20, endTime: 30 },
  ];
  const only = stage('a', 'SUCCEEDED', { startTime: 10, endTime: 30, tasks });
  expect(logOf([only], only).map((line) => `${line.task?.name ?? 'stage'} ${line.what}`)).toEqual([
    'stage started',
    'one started',
    'one ended',
    'two started',
    'two ended',
    'stage ended',
  ]);
});

test('a camel-case name becomes words', () => {
  expect(readable('waitForUpInstances')).toBe('Wait for up instances');
  expect(readable('find_target')).toBe('Find target');
});
