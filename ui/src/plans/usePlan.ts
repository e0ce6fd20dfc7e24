import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { request } from '../api/client';
import { keys } from '../api/keys';
import type { Plan } from '../api/types';

/** While somebody types, nothing is asked. */
const patience = 400;

interface Asked {
  /** Of the question as it is now; the last one's while a newer is under way. */
  plan?: Plan;
  error: Error | null;
  /** What is shown is the answer of an older question, or there is none yet. */
  isOld: boolean;
  retry: () => void;
}

/** What a pipeline would do with these parameters, asked anew when they change. An answer that is no longer asked for is dropped. */
export function usePlan(application: string, pipeline: string, parameters: Record<string, string>): Asked {
  // Compared as a text: each rendering brings a new object.
  const now = JSON.stringify(parameters);
  const [settled] = useDebouncedValue(now, patience);
  const asked = JSON.parse(settled) as Record<string, string>;
  const query = useQuery({
    queryKey: keys.plan(application, pipeline, asked),
    queryFn: ({ signal }) => request<Plan>('POST', '/pipelines/plan', { application, pipeline, parameters: asked }, signal),
    placeholderData: keepPreviousData,
    // The clouds change: yesterday's plan is none.
    staleTime: 0,
    gcTime: 0,
  });
  return {
    plan: query.data,
    error: query.error,
    isOld: settled !== now || query.isPlaceholderData || query.data === undefined,
    retry: () => void query.refetch(),
  };
}
