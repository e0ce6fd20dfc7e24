import { describe, expect, test } from 'vitest';
import type { Stage } from '../api/types';
import { edgesOf, elkInput, layOut, nodeWidth, shapeOf } from './layout';

const stage = (refId: string, requisiteStageRefIds: string[] = [], more: Partial<Stage> = {}): Stage => ({
  id: `id${refId}`,
  refId,
  requisiteStageRefIds,
  type: 'any',
  name: refId,
  status: 'NOT_STARTED',
  context: {},
  outputs: {},
  tasks: [],
  ...more,
});

describe('edges', () => {
  test('lead from a requisite to the stage that requires it', () => {
    expect(edgesOf([stage('1'), stage('2', ['1'])])).toEqual([{ id: 'id1-id2', source: 'id1', target: 'id2' }]);
  });

  test('to itself and to stages that are not there are left out', () => {
    expect(edgesOf([stage('1', ['1', '9'])])).toEqual([]);
  });
});

test('the shape leaves parts out and does not change with the status', () => {
  const stages = [stage('1'), stage('1>1', [], { parentStageId: 'id1' })];
  const later = [stage('1', [], { status: 'RUNNING', startTime: 4 })];
  expect(shapeOf(stages)).toBe(shapeOf(later));
  expect(elkInput(shapeOf(stages)).children).toHaveLength(1);
});

test('a fork and its join stand in three columns, the branches in the order of the pipeline', async () => {
  const stages = [stage('1'), stage('2', ['1']), stage('3', ['1']), stage('4', ['2', '3'])];
  const { places } = await layOut(shapeOf(stages));
  expect(places.id2!.x).toBe(places.id3!.x);
  expect(places.id2!.x).toBeGreaterThanOrEqual(places.id1!.x + nodeWidth);
  expect(places.id4!.x).toBeGreaterThanOrEqual(places.id2!.x + nodeWidth);
  expect(places.id2!.y).toBeLessThan(places.id3!.y);
});
