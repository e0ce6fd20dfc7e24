import { describe, expect, test } from 'vitest';
import { durationMs, formatAgo, formatDuration, formatElapsed } from './duration';

describe('a duration', () => {
  test.each([
    [-500, '0ms'],
    [99.9, '99ms'],
    [100, '0.1s'],
    [440, '0.4s'],
    [9_949, '9.9s'],
    [9_960, '9s'],
    [42_900, '42s'],
    [185_000, '3m 05s'],
    [3_725_000, '1h 02m'],
    [187_200_000, '2d 04h'],
  ])('of %i ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('still running shows whole seconds', () => {
    expect(formatElapsed(940)).toBe('0s');
    expect(formatElapsed(4_940)).toBe('4s');
    expect(formatElapsed(61_500)).toBe('1m 01s');
  });

  test('is unknown before the start and never negative when clocks differ', () => {
    expect(durationMs({}, 100)).toBeUndefined();
    expect(durationMs({ startTime: 200 }, 100)).toBe(0);
    expect(durationMs({ startTime: 200, endTime: 450 }, 10_000)).toBe(250);
  });
});

test.each([
  [-3, 'just now'],
  [4, 'just now'],
  [40, '40s ago'],
  [720, '12m ago'],
  [10_900, '3h ago'],
  [440_000, '5d ago'],
])('%i seconds back reads %s', (seconds, text) => expect(formatAgo(0, seconds * 1000)).toBe(text));
