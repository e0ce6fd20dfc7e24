import { expect, test } from 'vitest';
import type { Execution } from '../api/types';
import { spanOf, ticksOf } from './timeAxis';

test('the axis ends with the execution, or now', () => {
  const execution = { startTime: 1_000, endTime: 9_000 } as Execution;
  expect(spanOf(execution, 50_000)).toEqual({ start: 1_000, length: 8_000 });
  expect(spanOf({ ...execution, endTime: undefined }, 50_000).length).toBe(49_000);
  expect(spanOf({ startTime: 60_000 } as Execution, 50_000).length).toBe(1_000);
});

test.each([1_000, 4_300, 17_000, 61_000, 3_600_000, 90_000_000, 900_000_000])('%i ms have few, round ticks', (length) => {
  const ticks = ticksOf(length);
  expect(ticks[0]).toBe(0);
  expect(ticks.length).toBeLessThanOrEqual(7);
  expect(ticks.every((tick) => tick % 1000 === 0 && tick <= length)).toBe(true);
});
