import { durationMs, formatAgo, formatClock, formatDuration, formatElapsed } from './duration';
import { useNow } from './useNow';

/** How long something took, or a ticking clock while it goes on. Nothing before it began. */
export function Elapsed({ of }: { of: { startTime?: number; endTime?: number } }) {
  const going = of.startTime !== undefined && of.endTime === undefined;
  const now = useNow(going);
  const ms = durationMs(of, now);
  if (ms === undefined) return null;
  return <span className="number">{going ? formatElapsed(ms) : formatDuration(ms)}</span>;
}

/** "12m ago", with the exact time as its title. */
export function Ago({ time }: { time: number }) {
  const now = useNow();
  return (
    <time className="number" dateTime={new Date(time).toISOString()} title={formatClock(time, now)}>
      {formatAgo(time, now)}
    </time>
  );
}
