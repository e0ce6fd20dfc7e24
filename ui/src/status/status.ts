import type { Status } from '../api/types';

/** What a status means to somebody who glances at it. Each has a colour and a sign of its own. */
export type Tone = 'ok' | 'run' | 'bad' | 'warn' | 'wait' | 'off' | 'idle';

const tones: Record<Status, Tone> = {
  NOT_STARTED: 'idle',
  BUFFERED: 'idle',
  RUNNING: 'run',
  PAUSED: 'wait',
  SUSPENDED: 'wait',
  SUCCEEDED: 'ok',
  FAILED_CONTINUE: 'warn',
  TERMINAL: 'bad',
  STOPPED: 'bad',
  CANCELED: 'off',
  REDIRECT: 'off',
  SKIPPED: 'off',
};

/** An unknown word of a newer server is shown as idle rather than breaking the page. */
export const toneOf = (status: Status): Tone => tones[status] ?? 'idle';

const complete: ReadonlySet<Status> = new Set<Status>([
  'SUCCEEDED',
  'FAILED_CONTINUE',
  'TERMINAL',
  'CANCELED',
  'STOPPED',
  'SKIPPED',
]);

export const isComplete = (status: Status) => complete.has(status);
export const isFailure = (status: Status) =>
  status === 'TERMINAL' || status === 'STOPPED' || status === 'FAILED_CONTINUE';
