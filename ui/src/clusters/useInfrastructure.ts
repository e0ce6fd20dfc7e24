import { useQuery } from '@tanstack/react-query';
import { get, path } from '../api/client';
import { keys } from '../api/keys';
import type { Clusters, ConsoleOutput, Instance, LoadBalancer, ServerGroup } from '../api/types';

export function useClusters(application: string) {
  return useQuery({
    queryKey: keys.clusters(application),
    queryFn: ({ signal }) => get<Clusters>(path('applications', application, 'clusters'), signal),
  });
}

interface Reading {
  enabled?: boolean;
  /** "always": what was fetched before is not good enough. */
  refetchOnMount?: 'always';
}

export function useServerGroups(application: string, reading: Reading = {}) {
  return useQuery({
    ...reading,
    queryKey: keys.serverGroups(application),
    queryFn: ({ signal }) => get<ServerGroup[]>(path('applications', application, 'serverGroups'), signal),
  });
}

export function useLoadBalancers(application: string) {
  return useQuery({
    queryKey: keys.loadBalancers(application),
    queryFn: ({ signal }) => get<LoadBalancer[]>(path('applications', application, 'loadBalancers'), signal),
  });
}

export interface InstancePlace {
  account: string;
  region: string;
  provider: string;
  id: string;
}

export function useInstance({ account, region, id }: InstancePlace) {
  return useQuery({
    queryKey: keys.instance(account, region, id),
    queryFn: ({ signal }) => get<Instance>(path('instances', account, region, id), signal),
  });
}

/** The last lines that an instance wrote. Not part of the live stream: always read anew when it is opened. */
export function useConsole({ account, region, provider, id }: InstancePlace) {
  return useQuery({
    queryKey: keys.console(account, region, id),
    queryFn: async ({ signal }) => {
      const url = `${path('instances', account, region, id, 'console')}?provider=${encodeURIComponent(provider)}`;
      return joined(await get<ConsoleOutput>(url, signal));
    },
    staleTime: 0,
    gcTime: 0,
  });
}

function joined({ output }: ConsoleOutput): string {
  if (typeof output === 'string') return output;
  const titled = output.length > 1;
  return output.map((part) => (titled ? `== ${part.name}\n${part.output}` : part.output)).join('\n');
}
