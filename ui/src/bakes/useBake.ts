import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, path } from '../api/client';
import { keys } from '../api/keys';
import type { Bake } from './bake';
import { followLog } from './followLog';
import { appended, emptyTail, type Tail } from './tail';

/** What the server knows of a bake; asked anew in each state that it comes to. */
export function useBake(id: string | undefined, state?: string) {
  return useQuery({
    queryKey: keys.bake(id ?? '', state),
    queryFn: ({ signal }) => get<Bake>(path('bakes', id!), signal),
    enabled: id !== undefined,
    placeholderData: keepPreviousData,
  });
}

export interface BakeLog {
  tail: Tail;
  /** refused: there is no such log here. */
  state: 'following' | 'interrupted' | 'ended' | 'refused';
  /** HTTP status of a refusal. */
  status?: number;
}

/** Log lines come in swarms; so often they are drawn, in ms. */
const beat = 100;

/** The end of a bake's log, as it grows. */
export function useBakeLog(id: string): BakeLog {
  const [log, setLog] = useState<BakeLog>({ tail: emptyTail, state: 'following' });
  useEffect(() => {
    let tail = emptyTail;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (state: BakeLog['state'], status?: number) => {
      clearTimeout(timer);
      timer = undefined;
      setLog({ tail, state, status });
    };
    draw('following');
    const stop = followLog(id, {
      connected: () => draw('following'),
      text: (text) => {
        tail = appended(tail, text);
        timer ??= setTimeout(() => draw('following'), beat);
      },
      ended: () => draw('ended'),
      interrupted: () => draw('interrupted'),
      refused: (status) => draw('refused', status),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id]);
  return log;
}
