import type { Status } from '../api/types';

export const texts: { status: Record<Status, string>; needsYou: string } = {
  status: {
    NOT_STARTED: 'Not started',
    RUNNING: 'Running',
    PAUSED: 'Paused',
    SUSPENDED: 'Suspended',
    SUCCEEDED: 'Succeeded',
    FAILED_CONTINUE: 'Failed, went on',
    TERMINAL: 'Failed',
    CANCELED: 'Canceled',
    REDIRECT: 'Redirected',
    STOPPED: 'Stopped',
    SKIPPED: 'Skipped',
    BUFFERED: 'Queued',
  },
  needsYou: 'Needs a decision',
};
