import type { Execution } from '../api/types';

export interface Span {
  start: number;
  /** At least a second, in ms. */
  length: number;
}

/** From the start of the execution to its end, or to now. */
export function spanOf(execution: Execution, now: number): Span {
  const start = execution.startTime ?? execution.buildTime ?? now;
  const end = execution.endTime ?? now;
  return { start, length: Math.max(1000, end - start) };
}

const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Round moments on the axis, three to seven of them, in ms from its start. */
export function ticksOf(length: number): number[] {
  const step = 1000 * (steps.find((seconds) => length / (1000 * seconds) <= 6) ?? 86_400 * Math.ceil(length / 518_400_000));
  const ticks = [];
  for (let tick = 0; tick <= length * 0.96; tick += step) ticks.push(tick);
  return ticks;
}
