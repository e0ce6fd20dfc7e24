import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/** Refusals will not change by asking again; a server that restarts will be back soon. */
const worthRetrying = (failures: number, error: Error) =>
  failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);

export const queryClient = new QueryClient({
  defaultOptions: {
    // The live stream says when something changed; age alone is no reason to ask again.
    queries: { staleTime: 60_000, retry: worthRetrying, retryDelay: 700 },
  },
});
