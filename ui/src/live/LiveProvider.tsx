import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { LiveCache } from './apply';
import type { ExecutionEvent } from './merge';
import { openStream, type LiveState } from './stream';

const LiveContext = createContext<LiveState>('connecting');
export const useLive = () => useContext(LiveContext);

/** Keeps the query cache in step with the server; `application` narrows the stream to one. */
export function LiveProvider({ application, children }: { application?: string; children: ReactNode }) {
  const client = useQueryClient();
  const cache = useMemo(() => new LiveCache(client), [client]);
  const [state, setState] = useState<LiveState>('connecting');

  useEffect(() => {
    const query = application ? `?application=${encodeURIComponent(application)}` : '';
    return openStream(`/events${query}`, {
      state: setState,
      restarted: () => cache.reset(),
      resumed: () => cache.resumed(),
      event: (name, data) => dispatch(cache, name, data),
    });
  }, [application, cache]);

  return <LiveContext value={state}>{children}</LiveContext>;
}

function dispatch(cache: LiveCache, name: string, data: unknown) {
  if (name === 'inventory') cache.inventory();
  else if (name === 'reset') cache.reset();
  else if (typeof data !== 'object' || data === null) return;
  else if (name === 'execution') cache.execution(data as ExecutionEvent);
  else if (name === 'document') cache.document(data as Parameters<LiveCache['document']>[0]);
}
