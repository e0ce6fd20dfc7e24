import type { Execution, ExecutionHeader, Stage, StageOutline, Task } from '../api/types';
import { isComplete } from '../status/status';

/** One change of one execution, as the live stream tells it. */
export interface ExecutionEvent {
  execution: ExecutionHeader;
  /** Only those that changed. */
  stages?: StageOutline[];
  removedStages?: string[];
}

/** The newer header and stages, with what only the whole execution holds kept as it was. */
export function mergeExecution(known: Execution, event: ExecutionEvent): Execution {
  // A restart takes the end away: absent in the event means absent, not unchanged.
  const { endTime: _end, startTime: _start, canceledBy: _by, cancellationReason: _why, ...rest } = known;
  return {
    ...rest,
    ...event.execution,
    trigger: known.trigger,
    stages: mergeStages(known.stages, event.stages ?? [], event.removedStages ?? []),
  };
}

export function mergeStages(known: Stage[], changed: StageOutline[], removed: string[]): Stage[] {
  const gone = new Set(removed);
  const merged = known.filter((stage) => !gone.has(stage.id));
  for (const outline of changed) {
    const index = merged.findIndex((stage) => stage.id === outline.id);
    if (index >= 0) merged[index] = mergeStage(merged[index]!, outline);
    else merged.splice(placeFor(merged, outline), 0, { context: {}, outputs: {}, tasks: [], ...outline });
  }
  return merged;
}

function mergeStage(known: Stage, outline: StageOutline): Stage {
  const { context, outputs } = known;
  const tasks = isComplete(outline.status) ? known.tasks.map((task) => endedWith(task, outline)) : known.tasks;
  return { ...outline, context: { ...context, waitingFor: outline.waitingFor }, outputs, tasks };
}

/** The event tells nothing of tasks, but none runs on in a stage that has ended. */
const endedWith = (task: Task, { status, endTime }: StageOutline): Task =>
  task.status === 'RUNNING' ? { ...task, status, endTime } : task;

/** Where the server would show it: a synthetic stage stands directly before or behind its parent. */
function placeFor(stages: Stage[], outline: StageOutline): number {
  const parent = stages.findIndex((stage) => stage.id === outline.parentStageId);
  if (parent < 0) return stages.length;
  if (outline.syntheticStageOwner === 'STAGE_BEFORE') return parent;
  const family = new Set([stages[parent]!.id]);
  let place = parent + 1;
  for (let stage = stages[place]; stage && family.has(stage.parentStageId ?? ''); stage = stages[place]) {
    family.add(stage.id);
    ++place;
  }
  return place;
}

export interface MergedList {
  list: Execution[];
  /** The list lacks something that the event does not tell: who or what started the execution. */
  incomplete: boolean;
}

/** A list of at most `limit` executions a pipeline, with the event's execution in it. */
export function mergeIntoList(list: Execution[], event: ExecutionEvent, limit: number): MergedList {
  const index = list.findIndex((execution) => execution.id === event.execution.id);
  if (index >= 0) {
    return { list: list.with(index, mergeExecution(list[index]!, event)), incomplete: false };
  }
  if (event.execution.type !== 'PIPELINE') return { list, incomplete: false };
  const fresh = mergeExecution({ ...event.execution, trigger: {}, stages: [] }, event);
  return { list: newestOfEach([...list, fresh], limit), incomplete: true };
}

function newestOfEach(list: Execution[], limit: number): Execution[] {
  const counts = new Map<string, number>();
  const kept = new Set<string>();
  for (const execution of list.toSorted(newestFirst)) {
    const pipeline = execution.pipelineConfigId ?? '';
    const count = (counts.get(pipeline) ?? 0) + 1;
    counts.set(pipeline, count);
    if (count <= limit) kept.add(execution.id);
  }
  return list.filter((execution) => kept.has(execution.id));
}

export const newestFirst = (a: Execution, b: Execution) =>
  (b.buildTime ?? b.startTime ?? 0) - (a.buildTime ?? a.startTime ?? 0) || (a.id < b.id ? 1 : -1);
