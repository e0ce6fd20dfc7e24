import { expect, test } from 'vitest';
import { phasesOf } from './phases';

const stage = (refId: string | number, ...requisiteStageRefIds: (string | number)[]) => ({ refId, requisiteStageRefIds, type: 'any' });
const refs = (...stages: Parameters<typeof phasesOf>[0]) => phasesOf(stages).map((phase) => phase.map(({ refId }) => refId));

test('branches of a fork stand side by side, their join behind them', () => {
  expect(refs(stage(4, 2, 3), stage(1), stage('2', '1'), stage(3, '1'))).toEqual([[1], ['2', 3], [4]]);
});

test('what requires a stage that is not there can begin at once', () => {
  expect(refs(stage(1, 9))).toEqual([[1]]);
});

test('a cycle ends the list instead of the page', () => {
  expect(refs(stage(1), stage(2, 3), stage(3, 2))).toEqual([[1], [2, 3]]);
});
