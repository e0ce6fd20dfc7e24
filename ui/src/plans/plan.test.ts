import { describe as about, expect, test } from 'vitest';
import type { Plan, PlannedOperation, PlannedStage } from '../api/types';
import {
  assumptionsOf, describe, differencesOf, isBad, isTelling, markOf, operationsOf, problemsOf, splitUnknown, summaryOf, targetOf, valueText,
  weightOf,
} from './plan';

const on = (kind: string, serverGroupName: string, more = {}): PlannedOperation =>
  ({ kind, account: 'prod', what: { serverGroupName, region: 'north', ...more } });
const create: PlannedOperation = {
  kind: 'createServerGroup', account: 'prod',
  what: { application: 'shop', stack: 'main', freeFormDetails: '', region: 'north', imageId: 'i', capacity: { desired: 2 } },
};
const stage = (refId: string, more: Partial<PlannedStage> = {}): PlannedStage =>
  ({ refId, name: `Stage ${refId}`, type: 'x', outcome: 'runs', operations: [], before: [], after: [], ...more });
const planOf = (stages: PlannedStage[], more: Partial<Plan> = {}): Plan =>
  ({ application: 'shop', name: 'Ship', status: 'SUCCEEDED', stages, problems: [], ...more });

const deploy = stage('3', {
  before: [stage('3<1', { operations: [create], after: [stage('3<1>1', { operations: [on('disableServerGroup', 'shop-main-v001')] })] })],
});

about('an operation', () => {
  test.each<[PlannedOperation, string, string]>([
    [create, 'New server group of shop-main', 'makes'],
    [{ ...create, what: { ...create.what, stack: '', freeFormDetails: 'blue' } }, 'New server group of shop--blue', 'makes'],
    [on('disableServerGroup', 'shop-v001', { desiredPercentage: 100 }), 'Disable shop-v001', 'takes'],
    [on('disableServerGroup', 'shop-v001', { desiredPercentage: 25 }), 'Take 25% of its traffic from shop-v001', 'takes'],
    [on('enableServerGroup', 'shop-v001', { desiredPercentage: 50 }), 'Give shop-v001 50% of its traffic', 'makes'],
    [on('resizeServerGroup', 'shop-v001', { capacity: { desired: 1 } }), 'Resize shop-v001 to 1 instance', 'changes'],
    [on('resizeServerGroup', 'shop-v001', { capacity: { desired: 0 } }), 'Resize shop-v001 to 0 instances', 'takes'],
    [{ kind: 'bake', account: 'prod', what: { name: 'shop', version: '7' } }, 'Bake shop 7', 'makes'],
    [{ kind: 'terminateInstances', account: 'prod', what: { instanceIds: ['a', 'b'] } }, 'Terminate instances: a, b', 'takes'],
    [{ kind: 'deleteManifest', account: 'prod', what: { name: 'deployment shop' } }, 'Delete manifest: deployment shop', 'takes'],
    [{ kind: 'somethingNew', account: 'prod', what: {} }, 'Something new', 'changes'],
  ])('%o reads “%s”', (operation, words, weight) => {
    expect(describe(operation)).toBe(words);
    expect(weightOf(operation)).toBe(weight);
  });

  test('that a part of a stage asks for is the stage’s, in the order in which it happens', () => {
    expect(operationsOf(deploy).map(targetOf)).toEqual(['shop-main', 'shop-main-v001']);
  });
});

about('the summary', () => {
  const child = { name: 'Clean', application: 'shop', stages: [stage('1', { operations: [on('destroyServerGroup', 'shop-main-v000')] })] };

  test('begins with what goes away, that of pipelines that it starts too', () => {
    expect(summaryOf(planOf([deploy, stage('4', { child })]))).toBe(
      'Destroys shop-main-v000, disables shop-main-v001, makes a new server group',
    );
  });

  test('says of what is destroyed only that', () => {
    const both = stage('1', { operations: [on('disableServerGroup', 'a'), on('destroyServerGroup', 'a')] });
    expect(summaryOf(planOf([both]))).toBe('Destroys a');
  });

  test('names few and counts many', () => {
    const many = stage('1', { operations: ['a', 'b', 'c', 'd'].map((name) => on('destroyServerGroup', name)) });
    expect(summaryOf(planOf([many]))).toBe('Destroys 4 server groups');
    const other = stage('1', { operations: [{ kind: 'upsertLoadBalancer', account: 'prod', what: { name: 'front' } }] });
    expect(summaryOf(planOf([other]))).toBe('1 change');
    expect(summaryOf(planOf([many, other]))).toBe('Destroys 4 server groups, 1 more change');
  });

  test('leaves out what would be refused', () => {
    const refused = stage('1', { operations: [{ ...on('destroyServerGroup', 'a'), refused: 'guarded' }] });
    expect(summaryOf(planOf([refused]))).toBe('Changes nothing in a cloud.');
  });

  test('does not promise what only may happen', () => {
    const may = stage('2', { outcome: 'may run', operations: [on('enableServerGroup', 'a')] });
    expect(summaryOf(planOf([may]))).toBe('Perhaps 1 change');
    expect(summaryOf(planOf([deploy, may]))).toBe('Disables shop-main-v001, makes a new server group, perhaps 1 more change');
  });

  test('does not say that nothing changes when that is not known', () => {
    expect(summaryOf(planOf([stage('1', { incomplete: true })]))).toBe('What it changes in a cloud is not known before it runs.');
    expect(summaryOf(planOf([stage('1')]))).toBe('Changes nothing in a cloud.');
  });
});

test('a stage stands out by its outcome, or because a part of it is not known', () => {
  expect(markOf(stage('1'))).toBeUndefined();
  expect(markOf(stage('1', { outcome: 'skipped' }))).toBe('skipped');
  expect(markOf(stage('1', { after: [stage('1>1', { incomplete: true })] }))).toBe('not known');
  expect([stage('1'), deploy, stage('2', { condition: 'x' })].map(isTelling)).toEqual([false, true, true]);
});

test('assumptions name the stage that a person knows, each once', () => {
  const judged = stage('2', { assumed: ['it goes on'], before: [stage('2<1', { assumed: ['it goes on', 'it is off'] })] });
  expect(assumptionsOf([stage('1'), judged])).toEqual([
    { stage: 'Stage 2', text: 'it goes on' }, { stage: 'Stage 2', text: 'it is off' },
  ]);
});

about('a problem', () => {
  const error = (more: object) => ({ level: 'error', message: 'is wrong', pipeline: 'Ship', ...more });

  test('says where it is in words that a person knows', () => {
    const plan = planOf([deploy], {
      problems: [
        error({ stage: '3<1>1' }), error({ stage: '3', field: 'clusters[0].account' }), error({ stage: '9' }), error({}),
        error({ pipeline: 'Other', stage: '1' }),
      ],
    });
    expect(problemsOf(plan, () => false).map(({ where }) => where)).toEqual([
      'Stage 3', 'Stage 3, clusters[0].account', 'stage 9', '', 'Other, stage 1',
    ]);
  });

  test('is told once, and not at all where a value is only not written yet', () => {
    const plan = planOf([deploy], { problems: [error({ field: 'parameters.version' }), error({ stage: '3' }), error({ stage: '3<1' })] });
    expect(problemsOf(plan, (name) => name === 'version')).toEqual([{ where: 'Stage 3', message: 'is wrong' }]);
    expect(problemsOf(plan, () => false)).toHaveLength(2);
  });

  test('need not make the pipeline fail', () => {
    expect(isBad(planOf([]))).toBe(false);
    expect(isBad(planOf([], { status: 'TERMINAL' }))).toBe(true);
    expect(isBad(planOf([], { status: undefined }))).toBe(true);
  });
});

about('a difference', () => {
  const sizes = (from: number, to: number) => ['desired', 'max', 'min'].map((name) => ({ field: `capacity.${name}`, from, to }));

  test('of a fixed size is one line', () => {
    expect(differencesOf([{ field: 'image', to: 'a' }, ...sizes(2, 3)])).toEqual([
      { field: 'image', to: 'a' }, { field: 'instances', from: '2', to: '3' },
    ]);
  });

  test('of limits is one each', () => {
    const [desired, most] = sizes(2, 3);
    expect(differencesOf([desired!, most!]).map(({ field }) => field)).toEqual(['instances', 'most instances']);
  });

  test('that is new has no “from”, one that is gone no “to”', () => {
    expect(differencesOf([{ field: 'env.A', to: '1' }, { field: 'env.B', from: '2' }])).toEqual([
      { field: 'env.A', to: '1' }, { field: 'env.B', from: '2' },
    ]);
  });

  test.each([
    ['text', '', 'text'],
    ['', '', '“”'],
    [['a', 'b'], '', 'a, b'],
    [['./run', '--fast'], 'command', './run --fast'],
    [[], '', 'none'],
    [null, '', 'null'],
    [{ a: 1 }, '', '{"a":1}'],
  ])('has %o as a text', (value, field, text) => expect(valueText(value, field)).toBe(text));
});

test('what is known later is told apart', () => {
  expect(splitUnknown('http://⟨port of a⟩/x')).toEqual([
    { text: 'http://', unknown: false }, { text: 'port of a', unknown: true }, { text: '/x', unknown: false },
  ]);
  expect(splitUnknown('plain')).toEqual([{ text: 'plain', unknown: false }]);
});
