import { useSyncExternalStore } from 'react';

/** One clock for the whole page, so that all times tick together; it stands still unwatched. */
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function tick() {
  now = Date.now();
  watchers.forEach((watcher) => watcher());
}

function subscribe(watcher: () => void) {
  watchers.add(watcher);
  timer ??= setInterval(tick, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

const unwatched = () => () => {};

/** The time, each second anew while `ticking`. */
export function useNow(ticking = true): number {
  const seen = useSyncExternalStore(ticking ? subscribe : unwatched, () => now);
  // Between two ticks, and before the first one, the clock may be far behind.
  return Math.max(seen, Math.floor(Date.now() / 1000) * 1000);
}
