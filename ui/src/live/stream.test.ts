import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openStream } from './stream';

class FakeSource {
  static CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen?: () => void;
  onerror?: () => void;
  private listeners = new Map<string, (message: { data: string; lastEventId: string }) => void>();
  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }
  addEventListener(name: string, listener: (message: { data: string; lastEventId: string }) => void) {
    this.listeners.set(name, listener);
  }
  send(name: string, data: string, lastEventId = '') {
    this.listeners.get(name)?.({ data, lastEventId });
  }
  /** The browser either tries again by itself, or gives up. */
  break(givesUp: boolean) {
    this.readyState = givesUp ? FakeSource.CLOSED : 0;
    this.onerror?.();
  }
  close() {
    this.readyState = FakeSource.CLOSED;
  }
}

let heard: string[];
const listener = {
  state: (state: string) => heard.push(state),
  restarted: () => heard.push('restarted'),
  resumed: () => heard.push('resumed'),
  event: (name: string, data: unknown) => heard.push(`${name} ${JSON.stringify(data)}`),
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeSource);
  FakeSource.all = [];
  heard = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a fresh connection may have missed something, a resumed one has not', () => {
  openStream('/events', listener);
  const [source] = FakeSource.all;
  source!.onopen!();
  source!.send('execution', '{"a":1}', '7');
  source!.break(false);
  source!.onopen!();
  expect(heard).toEqual(['live', 'restarted', 'execution {"a":1}', 'reconnecting', 'live', 'resumed']);
});

test('a connection that broke before its first numbered event cannot be resumed', () => {
  openStream('/events', listener);
  const [source] = FakeSource.all;
  source!.onopen!();
  source!.send('inventory', '{}');
  source!.break(false);
  source!.onopen!();
  expect(heard.at(-1)).toBe('restarted');
});

test('where the browser gives up, a new connection is tried, ever slower, until the stream is closed', () => {
  const close = openStream('/events', listener);
  FakeSource.all[0]!.break(true);
  vi.advanceTimersByTime(1_000);
  expect(FakeSource.all).toHaveLength(2);
  FakeSource.all[1]!.break(true);
  vi.advanceTimersByTime(1_000);
  expect(FakeSource.all).toHaveLength(2);
  vi.advanceTimersByTime(1_000);
  expect(FakeSource.all).toHaveLength(3);
  FakeSource.all[2]!.break(true);
  close();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.all).toHaveLength(3);
});

test('what is no JSON does no harm', () => {
  openStream('/events', listener);
  FakeSource.all[0]!.send('document', '{broken');
  expect(heard).toEqual(['document undefined']);
});
