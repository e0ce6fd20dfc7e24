import { expect, test } from 'vitest';
import type { Json, JsonObject, Stage } from '../api/types';
import { doubtsOf } from './doubts';

const stage = (id: string, context: JsonObject, more: Partial<Stage> = {}): Stage => ({
  id, refId: id, type: 'any', name: id, status: 'SUCCEEDED', requisiteStageRefIds: [], context, outputs: {}, tasks: [], ...more,
});
const summary = (name: string, description: string) => ({ [name]: [{ level: 'ERROR', description }] });
const told = (stages: Stage[]) => doubtsOf(stages, stages[0]!).map(({ kind, field, text, ask, said }) => ({ kind, field, text, ask, said }));

test('a field that failed comes before one that only holds an expression', () => {
  const context = { script: 'exit ${STATUS}', comments: 'of ${ clustr }', expressionEvaluationSummary: summary('of clustr', 'not found') };
  expect(told([stage('a', context)])).toEqual([
    { kind: 'failed', field: 'comments', text: 'of ${ clustr }', ask: 'of ${ clustr }', said: ['not found'] },
    { kind: 'kept', field: 'script', text: 'exit ${STATUS}', ask: 'exit ${STATUS}', said: [] },
  ]);
});

test('what failed in a field that is gone is told with what the summary knows', () => {
  expect(told([stage('a', { expressionEvaluationSummary: summary('x.y', 'why') })])).toEqual([
    { kind: 'failed', field: undefined, text: 'x.y', ask: '${x.y}', said: ['why'] },
  ]);
});

test("the engine's own fields are no fields that failed", () => {
  const context = { exception: { details: { error: '${x}' } }, failureMessage: '${x}', waitingFor: '${x}' };
  expect(told([stage('a', context)])).toEqual([]);
});

test.each(['NOT_STARTED', 'SKIPPED'] as const)('a stage that is %s has read nothing yet', (status) => {
  expect(told([stage('a', { b: '${x}' }, { status })])).toEqual([]);
});

const condition = (expression: Json, expressionResult: Json) =>
  stage('check', { context: { expression, failureMessage: 'no', expressionResult } }, { status: 'TERMINAL', parentStageId: 'a' });

test('a condition that was not met is found in a part, whatever its type, and asked about with braces', () => {
  expect(told([stage('a', {}, { status: 'TERMINAL' }), condition("parameters.env == 'x'", false)])).toEqual([
    { kind: 'condition', field: 'context.expression', text: "parameters.env == 'x'", ask: "${parameters.env == 'x'}", said: ['no'] },
  ]);
});

test('a condition that failed to evaluate stands once, though its result holds it too', () => {
  expect(told([stage('a', {}, { status: 'TERMINAL' }), condition('x.y', '${x.y}')])).toHaveLength(1);
});

test('of a condition that was evaluated as a field only the value is left', () => {
  for (const value of [false, 'false']) expect(told([condition(value, false)])[0]).toMatchObject({ text: 'false', ask: undefined });
});

test('a condition that was evaluated as a field is asked about as it was written', () => {
  const check = condition(false, false);
  check.context.conditionAsWritten = "${parameters.env == 'x'}";
  expect(told([check])).toEqual([
    { kind: 'condition', field: 'context.expression', text: "${parameters.env == 'x'}", ask: "${parameters.env == 'x'}", said: ['no'] },
  ]);
});

test('a condition that was met is not in doubt', () => {
  for (const result of [true, 'True']) expect(told([condition('x', result)])).toEqual([]);
});

test('a text that a part inherits is told of its parent only', () => {
  const context = { b: '${x}', expressionEvaluationSummary: summary('x', 'why') };
  const [doubt, ...others] = doubtsOf([stage('a', context), stage('part', context, { parentStageId: 'a' })], stage('a', context));
  expect(doubt).toMatchObject({ kind: 'failed', stage: { id: 'a' } });
  expect(others).toEqual([]);
});
