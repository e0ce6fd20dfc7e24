import { useQuery } from '@tanstack/react-query';
import { get, path } from '../api/client';
import { keys } from '../api/keys';
import type { PipelineConfig } from '../api/types';

export function usePipelineConfigs(application: string) {
  return useQuery({
    queryKey: keys.pipelineConfigs(application),
    queryFn: ({ signal }) => get<PipelineConfig[]>(path('applications', application, 'pipelineConfigs'), signal),
  });
}
