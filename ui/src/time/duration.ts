/** "40ms", "0.4s", "42s", "3m 05s", "1h 02m", "2d 04h". Never negative: clocks of two machines differ. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 100) return `${Math.floor(ms)}ms`;
  if (ms < 9_950) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** A running time: whole seconds, so that it ticks calmly. */
export function formatElapsed(milliseconds: number): string {
  const whole = Math.floor(Math.max(0, milliseconds) / 1000);
  return whole < 60 ? `${whole}s` : formatDuration(whole * 1000);
}

/** "just now", "40s ago", "12m ago", "3h ago", "5d ago". */
export function formatAgo(time: number, now: number): string {
  const seconds = Math.floor((now - time) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** "14:03:22" today, "Nov 23, 14:03" otherwise, in the reader's zone. */
export function formatClock(time: number, now: number): string {
  const date = new Date(time);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === new Date(now).toDateString()) return `${clock}:${two(date.getSeconds())}`;
  return `${date.toLocaleDateString('en', { month: 'short', day: 'numeric' })}, ${clock}`;
}

interface Timed {
  startTime?: number;
  endTime?: number;
}

/** How long it took, or has taken so far; undefined before it began. */
export function durationMs(of: Timed, now: number): number | undefined {
  if (of.startTime === undefined) return undefined;
  return Math.max(0, (of.endTime ?? now) - of.startTime);
}

const two = (value: number) => String(value).padStart(2, '0');
