import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { ApiError, get, path, request } from '../api/client';
import { keys } from '../api/keys';
import type { Execution, Started } from '../api/types';

/** The latest executions of each pipeline of an application, at most `limit` of each. */
export function useExecutions(application: string, limit: number) {
  return useQuery({
    queryKey: keys.executions(application, limit),
    queryFn: ({ signal }) =>
      get<Execution[]>(`${path('applications', application, 'pipelines')}?limit=${limit}&expand=false`, signal),
    placeholderData: keepPreviousData,
  });
}

export function useExecution(id: string) {
  return useQuery({
    queryKey: keys.execution(id),
    queryFn: ({ signal }) => get<Execution>(path('pipelines', id), signal),
    // The API answers a start with the id before the execution can be read.
    retry: (failures, error) => failures < 4 && !(error instanceof ApiError && error.status !== 404 && error.status >= 400),
  });
}

export interface StartRequest {
  application: string;
  pipeline: string;
  parameters: Record<string, string>;
}

/** Answers the id of the execution that it started. */
export function useStart() {
  return useMutation({
    mutationFn: async ({ application, pipeline, parameters }: StartRequest) => {
      const body = { type: 'manual', parameters };
      const started = await request<Started>('POST', path('pipelines', 'v2', application, pipeline), body);
      return started.ref.split('/').at(-1)!;
    },
  });
}

export function useCancel(execution: string) {
  return useMutation({
    mutationFn: (reason: string) => {
      const query = reason === '' ? '' : `?reason=${encodeURIComponent(reason)}`;
      return request<void>('PUT', path('pipelines', execution, 'cancel') + query);
    },
  });
}

export type StagePatch =
  | { judgmentStatus: 'continue' | 'stop'; judgmentInput?: string }
  | { skipRemainingWait: true };

/** Tells a running stage what a person decided; the stage's change comes with the live stream. */
export function usePatchStage(execution: string, stage: string) {
  return useMutation({
    mutationFn: (patch: StagePatch) => request<unknown>('PATCH', path('pipelines', execution, 'stages', stage), patch),
  });
}
