import { useQuery } from '@tanstack/react-query';
import { get, path } from '../api/client';
import { keys } from '../api/keys';
import type { Application, ApplicationAttributes } from '../api/types';

export function useApplications() {
  return useQuery({
    queryKey: keys.applications,
    queryFn: ({ signal }) => get<ApplicationAttributes[]>('/applications', signal),
  });
}

export function useApplication(name: string) {
  return useQuery({
    queryKey: keys.application(name),
    queryFn: ({ signal }) => get<Application>(`${path('applications', name)}?expand=false`, signal),
  });
}
