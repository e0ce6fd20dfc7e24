import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { keys } from '../api/keys';
import type { Execution } from '../api/types';
import { mergeExecution, mergeIntoList, type ExecutionEvent } from './merge';
import { throttleByKey } from './throttle';

interface DocumentEvent {
  kind: 'pipeline' | 'application';
  id: string;
  application?: string;
  removed?: boolean;
}

/** Brings the events of the live stream into the query cache: the one place where the page hears of change. */
export class LiveCache {
  private readonly refetch: (key: string) => void;
  private readonly refetchPlans: (key: string) => void;

  constructor(
    private readonly client: QueryClient,
    interval = 500,
  ) {
    const invalidate = (key: string) => void client.invalidateQueries({ queryKey: JSON.parse(key) as QueryKey });
    this.refetch = throttleByKey(invalidate, interval);
    // A plan is a whole rehearsal: nobody needs it anew with each instance that comes or goes.
    this.refetchPlans = throttleByKey(invalidate, 6 * interval);
  }

  execution(event: ExecutionEvent) {
    const { id, application } = event.execution;
    this.intoLists(application, event);
    // A lock comes and goes with its stage.
    if (this.client.getQueryState(keys.clusterLocks)) this.later(keys.clusterLocks);
    const detail = keys.execution(id);
    if (!this.client.getQueryState(detail)) return;
    this.client.setQueryData<Execution>(detail, (known) => known && mergeExecution(known, event));
    // Tasks, context and outputs are not in the event.
    this.later(detail);
    const explained = keys.explanation(id);
    if (this.client.getQueryCache().findAll({ queryKey: explained }).length > 0) this.later(explained);
  }

  document(event: DocumentEvent) {
    this.plans();
    if (event.kind === 'application') {
      this.later(keys.applications);
      this.later(keys.application(event.application ?? event.id));
      this.later(keys.guards);
    } else if (event.application) {
      this.later(keys.pipelineConfigs(event.application));
      if (event.removed) this.later(keys.executions(event.application));
    }
  }

  inventory() {
    this.later(keys.infrastructure);
    this.plans();
  }

  /** The server is back: what failed meanwhile is tried again. */
  resumed() {
    this.inventory();
    void this.client.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' });
  }

  /** Something was missed: everything may be old. */
  reset() {
    void this.client.invalidateQueries();
  }

  private intoLists(application: string, event: ExecutionEvent) {
    const lists = this.client.getQueryCache().findAll({ queryKey: keys.executions(application) });
    for (const query of lists) {
      const list = query.state.data as Execution[] | undefined;
      // The answer that is under way may be older than this event, or as new: ask once more.
      if (query.state.fetchStatus === 'fetching') this.later(query.queryKey);
      if (!list) continue;
      const merged = mergeIntoList(list, event, Number(query.queryKey[2]));
      if (merged.list !== list) this.client.setQueryData(query.queryKey, merged.list);
      if (merged.incomplete) this.later(query.queryKey);
    }
  }

  private plans() {
    if (this.client.getQueryCache().findAll({ queryKey: keys.plans }).length > 0) this.refetchPlans(JSON.stringify(keys.plans));
  }

  private later(key: QueryKey) {
    this.refetch(JSON.stringify(key));
  }
}
