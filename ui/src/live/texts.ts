import type { LiveState } from './stream';

export const texts: { state: Record<LiveState, string>; why: Record<LiveState, string> } = {
  state: { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' },
  why: {
    connecting: 'Opening the live stream',
    live: 'Changes appear as they happen',
    reconnecting: 'The live stream broke off: what you see may be old',
  },
};
