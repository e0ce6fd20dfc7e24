import { useEffect, useState } from 'react';
import { useServerGroups } from '../clusters/useInfrastructure';
import { noted, type Samples } from './record';

/** How an application's server groups stood, from when this was first used; the live stream says when to look. */
export function useInventoryRecord(application: string, active: boolean): Samples {
  const [samples, setSamples] = useState<Samples>(() => new Map());
  const [since] = useState(() => Date.now());
  const { data, dataUpdatedAt } = useServerGroups(application, { enabled: active, refetchOnMount: 'always' });
  useEffect(() => {
    // What another view had fetched before may lack what happened in between.
    if (active && data && dataUpdatedAt >= since) setSamples((before) => noted(before, data, dataUpdatedAt));
  }, [active, data, dataUpdatedAt, since]);
  return samples;
}
