import { useMutation, useQuery } from '@tanstack/react-query';
import { get, request } from '../api/client';
import { keys } from '../api/keys';
import type { Account, Capabilities, GuardAnswer, Started } from '../api/types';
import { taskOf, type Action } from './actions';

/** What the traffic guards say now; asked anew when the inventory or the application's rules change. */
export function useGuard(url: string) {
  return useQuery({
    queryKey: keys.guard(url),
    queryFn: ({ signal }) => get<GuardAnswer>(url, signal),
    // An answer from before the dialog was opened is none.
    staleTime: 0,
    gcTime: 0,
  });
}

/** What the account's cloud can do; nothing while that is not known. */
export function useCapabilities(account: string): Capabilities {
  const accounts = useQuery({
    queryKey: keys.accounts,
    queryFn: ({ signal }) => get<Account[]>('/credentials?expand=true', signal),
  });
  return accounts.data?.find(({ name }) => name === account)?.capabilities ?? {};
}

/** Starts the ad-hoc task; answers its id. */
export function useAct(application: string) {
  return useMutation({
    mutationFn: async ({ action, reason }: { action: Action; reason: string }) => {
      const started = await request<Started>('POST', '/tasks', taskOf(application, action, reason));
      return started.ref.split('/').at(-1)!;
    },
  });
}
