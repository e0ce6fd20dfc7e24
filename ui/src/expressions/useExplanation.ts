import { useQuery } from '@tanstack/react-query';
import { request } from '../api/client';
import { keys } from '../api/keys';
import type { Explained } from './explanation';

/** What the expressions of a text give where a stage would read them now, and why. */
export function useExplanation(execution: string, stage: string, text: string) {
  return useQuery({
    queryKey: keys.explanation(execution, stage, text),
    queryFn: ({ signal }) =>
      request<Explained>('POST', '/expressions/explain', { executionId: execution, stage, text }, signal),
  });
}
