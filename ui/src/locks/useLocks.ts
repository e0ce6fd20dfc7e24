import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, path, request } from '../api/client';
import { keys } from '../api/keys';
import type { ClusterLock } from '../api/types';

/** The locks of all clusters that are held now. */
export function useClusterLocks() {
  return useQuery({
    queryKey: keys.clusterLocks,
    queryFn: ({ signal }) => get<ClusterLock[]>('/clusterLocks', signal),
  });
}

export function useBreakLock({ account, region, cluster }: ClusterLock) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      request<ClusterLock>('DELETE', `${path('clusterLocks', account, region, cluster)}?reason=${encodeURIComponent(reason)}`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.clusterLocks }),
  });
}
