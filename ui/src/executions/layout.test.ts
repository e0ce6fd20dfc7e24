import { describe, expect, test } from 'vitest';
import type { Stage } from '../api/types';
import { edgesOf, elkInput, layOut, margin, nodeWidth, shapeOf, smallestScale, viewOf } from './layout';

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

describe('the view of a graph', () => {
  const layout = (width: number, height: number) => ({ places: {}, width, height });

  test('is as high as the graph, which stands in its middle', () => {
    expect(viewOf(layout(400, 100), 800)).toEqual({ x: 200, y: margin, zoom: 1, height: 100 + 2 * margin });
  });

  test('scales a wide graph down, and leaves no empty band below it', () => {
    const view = viewOf(layout(1600, 200), 800 + 2 * margin);
    expect(view).toEqual({ x: margin, y: margin, zoom: 0.5, height: 100 + 2 * margin });
  });

  test('begins at the left of a graph that is too wide to be read as a whole', () => {
    expect(viewOf(layout(9000, 100), 800)).toMatchObject({ x: margin, zoom: smallestScale });
  });
});
